/** What a server says of a request that it has understood. @module */

import { crc32 } from "node:zlib";
import { jsonReply, type Reply } from "../../src/http/message.ts";

/** A request as it was understood. */
export interface Echo {
  readonly method: string;
  /** As it came, but for bytes beyond ASCII, which are percent-encoded. */
  readonly target: string;
  /** Of the body, in bytes, without its framing; absent where the handler is not given the body. */
  readonly length?: number;
  /** CRC-32 of the body. */
  readonly crc?: number;
}

/** The answer that carries it. A HEAD has no body, so a header says the method. */
export function echoReply(method: string, target: string, body: Uint8Array): Reply {
  const echo: Echo = { method, target, length: body.length, crc: crc32(body) };
  return jsonReply(200, echo, ["echo-method", method]);
}

/** Reads the body of such an answer; nothing where it is none. */
export function parseEcho(body: string): Echo | undefined {
  if (!body.startsWith('{"method":')) return undefined;
  const { target, ...rest } = JSON.parse(body) as Echo;
  return { ...rest, target: target.replace(BEYOND_ASCII, percentEncoded) };
}

/** Ours takes such bytes in a target, as Go does, and hands them on as a URI has them. */
const BEYOND_ASCII = /[\x80-\xff]/g;

function percentEncoded(byte: string): string {
  return `%${byte.charCodeAt(0).toString(16).toUpperCase()}`;
}
