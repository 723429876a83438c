/**
 * Recognizes a head by its bytes: in all pushes of a client, and of many clients, only the request line
 * differs. Reading a request line and finding the rest known takes a fifth of the time of a parser
 * (bench/README.md).
 *
 * It makes no decisions: the same bytes of the fields have the same meaning as before, and nothing in the
 * request lines that are read here can change it. Unknown heads are left to the parser.
 *
 * @module
 */

import { Buffer } from "node:buffer";
import type { RequestHead } from "./request_head.ts";

/** The longest head that is remembered. A connection reads as many bytes at once. */
const BYTES_MAX = 2_048;
/** The most fields that are known at the same time. */
const KNOWN_MAX = 256;

const SLASH = 0x2f;
/** The characters of a target that needs no encoding. */
const [FIRST_CHARACTER, LAST_CHARACTER] = [0x21, 0x7e];
const LINE_END = "\r\n";
const VERSION = Buffer.from(" HTTP/1.1");
const METHODS = ["PUT", "POST", "DELETE", "GET"].map((name) => ({
  name,
  bytes: Buffer.from(`${name} `),
}));

/** All of a head but its request line. */
export interface KnownFields
  extends Pick<RequestHead, "headers" | "keepsAlive" | "bodyLength" | "expectsContinue"> {
  /** From the end of the request line to the end of the head. */
  readonly bytes: Buffer;
}

/** Heads that were read before. */
export class Recall {
  readonly #known = new Map<string, KnownFields>();
  #taken = 0;
  #fields: KnownFields | undefined;

  /** The length of the last recognized head. */
  get taken(): number {
    return this.#taken;
  }

  /** The fields of the last recognized head. */
  get fields(): KnownFields | undefined {
    return this.#fields;
  }

  /**
   * Reads a head at `from`. Returns `undefined` if it is not complete before `to`, or its fields are not known.
   *
   * @param expected fields that it probably has, such as those of the last head on the connection: to compare
   *   them takes less time than to find others
   */
  head(bytes: Buffer, from: number, to: number, expected?: KnownFields): RequestHead | undefined {
    const method = METHODS.find((method) => isAt(method.bytes, bytes, from, to));
    if (!method) return undefined;
    const start = from + method.bytes.length;
    // A target in another form than a path is left to the parser.
    if (bytes[start] !== SLASH) return undefined;
    let end = start;
    while (end < to && bytes[end] >= FIRST_CHARACTER && bytes[end] <= LAST_CHARACTER) end++;
    if (!isAt(VERSION, bytes, end, to)) return undefined;
    const at = end + VERSION.length;
    const fields = expected && areAt(expected, bytes, at, to)
      ? expected
      : this.#find(bytes.toString("latin1", at, Math.min(to, from + BYTES_MAX)));
    if (!fields) return undefined;
    this.#fields = fields;
    this.#taken = at + fields.bytes.length - from;
    const { headers, keepsAlive, bodyLength, expectsContinue } = fields;
    const target = bytes.toString("latin1", start, end);
    return {
      method: method.name,
      target,
      headers,
      version: "1.1",
      keepsAlive,
      bodyLength,
      expectsContinue,
    };
  }

  /** Remembers the fields of a head. @param text the complete head, with one character for each byte */
  keep(
    { method, version, headers, keepsAlive, bodyLength, expectsContinue }: RequestHead,
    text: string,
  ): void {
    if (version !== "1.1" || bodyLength === "chunked" || text.length > BYTES_MAX) return;
    // If it begins with an empty line, the fields below would include the request line.
    if (!text.startsWith(method)) return;
    if (this.#known.size >= KNOWN_MAX) this.#known.clear(); // fields in use are added again
    const fields = text.slice(text.indexOf(LINE_END));
    // Memory of its own: Node's pool would be kept as a whole.
    const bytes = Buffer.allocUnsafeSlow(fields.length);
    bytes.write(fields, "latin1");
    this.#known.set(fields, { bytes, headers, keepsAlive, bodyLength, expectsContinue });
  }

  /** Finds the fields at the beginning of a text. */
  #find(text: string): KnownFields | undefined {
    const end = text.indexOf(LINE_END + LINE_END);
    return end < 0 ? undefined : this.#known.get(text.slice(0, end + 2 * LINE_END.length));
  }
}

/** Whether these fields are there, and before `to`. */
function areAt({ bytes: expected }: KnownFields, bytes: Buffer, at: number, to: number): boolean {
  const end = at + expected.length;
  return end <= to && expected.compare(bytes, at, end) === 0;
}

/** The same for a few bytes, where a call of `compare` would take longer. */
function isAt(expected: Uint8Array, bytes: Uint8Array, at: number, to: number): boolean {
  if (at + expected.length > to) return false;
  for (let i = 0; i < expected.length; i++) if (bytes[at + i] !== expected[i]) return false;
  return true;
}
