/** What a server says of a request that it has understood. @module */

import { crc32 } from "node:zlib";

/** A request as it was understood. */
export interface Echo {
  readonly method: string;
  /** As it came, one character for each byte. */
  readonly target: string;
  /** Of the body, in bytes, without its framing; absent where the handler is not given the body. */
  readonly length?: number;
  /** CRC-32 of the body. */
  readonly crc?: number;
}

/** The answer that carries it. A HEAD has no body, so a header says the method. */
export function echoResponse(method: string, target: string, body?: Uint8Array): Response {
  const echo: Echo = { method, target, ...(body && { length: body.length, crc: crc32(body) }) };
  const json = JSON.stringify(echo).replace(
    /[^\x20-\x7e]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
  return new Response(json, {
    headers: { "content-type": "application/json", "echo-method": method },
  });
}

/** The answer to a request that the handler cannot understand: nothing more comes after it. */
export function refusalResponse(text: string, status: number): Response {
  return new Response(`${text}\n`, { status, headers: { connection: "close" } });
}

/** Reads the body of such an answer; nothing where it is none. */
export function parseEcho(body: string): Echo | undefined {
  return body.startsWith('{"method":') ? JSON.parse(body) as Echo : undefined;
}
