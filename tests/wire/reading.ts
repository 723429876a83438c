/** Reads what comes over one connection as a server does, and says what was understood. @module */

import { Buffer } from "node:buffer";
import assert from "node:assert/strict";
import type { KnownFields, Recall } from "../../src/wire/recall.ts";
import type { Refusal, RequestHead } from "../../src/wire/request_head.ts";
import { createRequestReader, type RequestReader } from "../../src/wire/request_reader.ts";

/** What was understood of all that came. */
export interface Seen {
  /** The requests, the last one with as much of its body as has come. */
  readonly requests: readonly SeenRequest[];
  /** Where it came to an end. */
  readonly end: "between requests" | "in a head" | "in a body" | Refusal;
}

/** A request, and its body with a character for each byte. */
export interface SeenRequest {
  readonly head: RequestHead;
  body: string;
}

/** The bytes of a text with a character for each byte. */
export function bytesOf(text: string): Buffer {
  return Buffer.from(text, "latin1");
}

/**
 * Reads requests until one is refused, or nothing more comes.
 *
 * @param pieces what comes with each read
 * @param recall is asked first for each head, and told of each
 */
export function readRequests(
  pieces: Iterable<Uint8Array>,
  { recall, reader }: { readonly recall?: Recall; readonly reader?: RequestReader } = {},
): Seen {
  if (reader) return readAll(pieces, { recall, reader });
  using own = createRequestReader(recall);
  return readAll(pieces, { recall, reader: own });
}

function readAll(
  pieces: Iterable<Uint8Array>,
  { recall, reader }: { readonly recall?: Recall; readonly reader: RequestReader },
): Seen {
  const requests: SeenRequest[] = [];
  /** Of the body that is read: its bytes that are to come. */
  let left: RequestHead["bodyLength"] = 0;
  /** The fields of the last head that was known again. */
  let expected: KnownFields | undefined;

  /** Reads a head, or a part of a body. @returns how many bytes that took, or why it was refused */
  function take(bytes: Buffer): number | Refusal {
    if (left === 0) return takeHead(bytes);
    const request = requests[requests.length - 1];
    if (left === "chunked") {
      const isOver = reader.readChunks(bytes, (data) => {
        request.body += Buffer.from(data).toString("latin1");
      });
      if (typeof isOver === "object") return isOver;
      if (isOver) left = 0;
      return reader.taken;
    }
    const body = bytes.toString("latin1", 0, left);
    left -= body.length;
    request.body += body;
    return body.length;
  }

  function takeHead(bytes: Buffer): number | Refusal {
    const known = reader.headBytes === 0
      ? recall?.head(bytes, 0, bytes.length, expected)
      : undefined;
    if (known) expected = recall?.fields;
    const head = known ?? reader.readHead(bytes);
    if (head === undefined) {
      assert.equal(reader.taken, bytes.length, "all bytes of a head that goes on are taken");
      return bytes.length;
    }
    if ("refused" in head) return head;
    requests.push({ head, body: "" });
    left = head.bodyLength;
    return known && recall ? recall.taken : reader.taken;
  }

  for (const piece of pieces) {
    let rest = Buffer.from(piece.buffer, piece.byteOffset, piece.length);
    while (rest.length > 0) {
      const taken = take(rest);
      if (typeof taken === "object") return { requests, end: taken };
      rest = rest.subarray(taken);
    }
  }
  if (left !== 0) return { requests, end: "in a body" };
  return { requests, end: reader.headBytes > 0 ? "in a head" : "between requests" };
}

/** Reads a text that comes in one piece. */
export function readWhole(text: string): Seen {
  return readRequests([bytesOf(text)]);
}
