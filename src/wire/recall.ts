/**
 * Recognizes a head by its bytes: in all pushes of a client, and of many clients, only the request line
 * differs. Reading a request line and finding the rest known takes a quarter of the time of a parser
 * (bench/README.md).
 *
 * It makes no decisions: the same bytes of the fields have the same meaning as before, and nothing in the
 * request lines that are read here can change it. Unknown heads are left to the parser.
 *
 * @module
 */

import type { Buffer } from "node:buffer";
import type { RequestHead } from "./request_head.ts";

/** The longest head that is recognized. A connection reads as many bytes at once. */
const BYTES_MAX = 2_048;
/** The most fields that are known at the same time. */
const KNOWN_MAX = 256;

const METHODS = new Set(["PUT", "POST", "DELETE", "GET"]);
/** Targets that need no encoding and are not in absolute form. */
const TARGET = /^\/[!-~]*$/;
const LINE_END = "\r\n";
const VERSION = " HTTP/1.1";

type Fields = Pick<RequestHead, "headers" | "keepsAlive" | "bodyLength" | "expectsContinue">;

/** Heads that were read before. */
export interface Recall {
  /** The length of the last recognized head. */
  readonly taken: number;
  /**
   * Reads a head at `from`. Returns `undefined` if it is not complete before `to`, or its fields are not
   * known.
   */
  head(bytes: Buffer, from: number, to: number): RequestHead | undefined;
  /** Remembers the fields of a head. @param text the complete head, with one character for each byte */
  keep(head: RequestHead, text: string): void;
}

/** Creates an empty recall. */
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
      // If it begins with an empty line, the fields below would include the request line.
      if (!text.startsWith(method)) return;
      if (known.size >= KNOWN_MAX) known.clear(); // fields in use are added again
      const fields = text.slice(text.indexOf(LINE_END));
      known.set(fields, { headers, keepsAlive, bodyLength, expectsContinue });
    },
  };
}
