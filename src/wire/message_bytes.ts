/** Writes the heads of answers, and the bytes of messages. @module */

import { Buffer } from "node:buffer";

/** What an answer's head says about the message itself. */
export interface ReplyFrame {
  /** Bytes of the body; absent for one that has none by its status, or that the end of the connection ends. */
  readonly length?: number | "chunked";
  /** When it was made. An answer that was made elsewhere says so itself. */
  readonly date: string;
  /** What is said of the connection; absent where that needs no word. */
  readonly connection?: "close" | "keep-alive";
}

/** Reason phrases of the status codes that are seen here; others go without, as RFC 9112, 4, allows. */
const PHRASES: Readonly<Record<number, string>> = {
  200: "OK",
  202: "Accepted",
  204: "No Content",
  304: "Not Modified",
  307: "Temporary Redirect",
  400: "Bad Request",
  401: "Unauthorized",
  403: "Forbidden",
  404: "Not Found",
  405: "Method Not Allowed",
  408: "Request Timeout",
  413: "Content Too Large",
  417: "Expectation Failed",
  429: "Too Many Requests",
  431: "Request Header Fields Too Large",
  500: "Internal Server Error",
  501: "Not Implemented",
  502: "Bad Gateway",
  503: "Service Unavailable",
  504: "Gateway Timeout",
  505: "HTTP Version Not Supported",
};
const BODILESS = new Set([204, 304]);

/** Whether an answer has no body, whatever its request was. */
export function isBodiless(status: number): boolean {
  return BODILESS.has(status);
}

/**
 * Writes the head of an answer, up to the empty line that ends it.
 *
 * @param headers names and values in turn, a character for each byte, none of those that it sets itself
 */
export function replyHead(
  status: number,
  headers: readonly string[],
  { length, date, connection }: ReplyFrame,
): string {
  let head = `HTTP/1.1 ${status} ${PHRASES[status] ?? ""}\r\n`;
  let isDated = false;
  for (let i = 0; i < headers.length; i += 2) {
    head += `${headers[i]}: ${headers[i + 1]}\r\n`;
    isDated ||= headers[i] === "date";
  }
  if (!isDated) head += `date: ${date}\r\n`;
  if (connection !== undefined) head += `connection: ${connection}\r\n`;
  if (length === undefined) return `${head}\r\n`;
  return length === "chunked"
    ? `${head}transfer-encoding: chunked\r\n\r\n`
    : `${head}content-length: ${length}\r\n\r\n`;
}

/** The bytes of one chunk of a body. */
export function chunkBytes(data: Uint8Array): Uint8Array {
  const line = `${data.length.toString(16)}\r\n`;
  const bytes = Buffer.allocUnsafe(line.length + data.length + CRLF.length);
  encoder.encodeInto(line, bytes);
  bytes.set(data, line.length);
  bytes.set(CRLF, line.length + data.length);
  return bytes;
}

/** What ends a body in chunks. */
export const LAST_CHUNK = Buffer.from("0\r\n\r\n");
const CRLF = Buffer.from("\r\n");
const encoder = new TextEncoder();

/**
 * The bytes of a head, and of a body behind it. They come from Node's pool: an ArrayBuffer for each
 * costs more than they.
 *
 * @param head a character for each byte
 */
export function messageBytes(head: string, body?: Uint8Array): Uint8Array {
  const bytes = Buffer.allocUnsafe(head.length + (body?.length ?? 0));
  // Nearly always ASCII, which is the same in UTF-8, and is written in a tenth of the time.
  if (!writeAscii(head, bytes)) {
    for (let i = 0; i < head.length; i++) bytes[i] = head.charCodeAt(i);
  }
  if (body) bytes.set(body, head.length);
  return bytes;
}

/** The bytes of a text; absent where they are not all ASCII. */
export function asciiBytes(text: string): Uint8Array | undefined {
  const bytes = Buffer.allocUnsafe(text.length);
  return writeAscii(text, bytes) ? bytes : undefined;
}

/** Writes a text; says whether it was all ASCII, and there was room for it. */
export function writeAscii(text: string, into: Uint8Array): boolean {
  const { read, written } = encoder.encodeInto(text, into);
  return read === text.length && written === text.length;
}
