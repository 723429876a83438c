/**
 * Knows a head again by its bytes: those of a client are the same in each of its pushes but for the
 * request line, and so are those of many clients. To read a request line, and to find the rest known, takes
 * a quarter of the time of a parser (bench/README.md).
 *
 * It decides nothing: the fields mean what they were understood to mean before, byte for byte, and nothing in
 * the request lines that are read here gives them another meaning. What is not known is the parser's to read.
 *
 * @module
 */

import type { Buffer } from "node:buffer";
import type { RequestHead } from "./request_head.ts";

/** Of a head that is known again. A connection reads as many bytes at once. */
const BYTES_MAX = 2_048;
/** Fields that are known at the same time. */
const KNOWN_MAX = 256;

const METHODS = new Set(["PUT", "POST", "DELETE", "GET"]);
/** What needs no encoding, and is no absolute form. */
const TARGET = /^\/[!-~]*$/;
const LINE_END = "\r\n";
const VERSION = " HTTP/1.1";

type Fields = Pick<RequestHead, "headers" | "keepsAlive" | "bodyLength" | "expectsContinue">;

/** Heads that were understood. */
export interface Recall {
  /** Bytes of the head that was last known. */
  readonly taken: number;
  /** Reads a head that begins at `from`, where it is whole before `to`, and its fields are known. */
  head(bytes: Buffer, from: number, to: number): RequestHead | undefined;
  /** Remembers the fields of a head. @param text all of it, a character for each byte */
  keep(head: RequestHead, text: string): void;
}

/** Creates a recall that knows nothing. */
export function createRecall(): Recall {
  const known = new Map<string, Fields>();
  let taken = 0;
  return {
    get taken() {
      return taken;
    },
    head(bytes, from, to) {
      if (known.size === 0) return undefined;
      const text = bytes.toString("latin1", from, Math.min(to, from + BYTES_MAX));
      const lineEnd = text.indexOf(LINE_END);
      const end = text.indexOf(LINE_END + LINE_END, lineEnd) + 2 * LINE_END.length;
      if (lineEnd < 0 || end < 2 * LINE_END.length) return undefined;
      const fields = known.get(text.slice(lineEnd, end));
      if (!fields || !text.startsWith(VERSION, lineEnd - VERSION.length)) return undefined;
      const space = text.indexOf(" ");
      const method = text.slice(0, space);
      const target = text.slice(space + 1, lineEnd - VERSION.length);
      if (!METHODS.has(method) || !TARGET.test(target)) return undefined;
      taken = end;
      const { headers, keepsAlive, bodyLength, expectsContinue } = fields;
      return { method, target, headers, version: "1.1", keepsAlive, bodyLength, expectsContinue };
    },
    keep({ method, version, headers, keepsAlive, bodyLength, expectsContinue }, text) {
      if (version !== "1.1" || bodyLength === "chunked" || text.length > BYTES_MAX) return;
      if (!text.startsWith(method)) return; // an empty line, behind which the request line is no field
      if (known.size >= KNOWN_MAX) known.clear(); // those that are in use come again
      const fields = text.slice(text.indexOf(LINE_END));
      known.set(fields, { headers, keepsAlive, bodyLength, expectsContinue });
    },
  };
}
