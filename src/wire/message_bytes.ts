/** Writes the heads of answers, and the bytes of messages. @module */

import { Buffer } from "node:buffer";

/** The part of an answer's head that depends on the message. */
export interface ReplyFrame {
  /**
   * The length of the body. Absent if there is no body because of the status, or if the end of the connection
   * ends it.
   */
  readonly length?: number | "chunked";
  /** When the answer was created. An answer of a member has its own date. */
  readonly date: string;
  /** The `Connection` header. Absent if it is not needed. */
  readonly connection?: "close" | "keep-alive";
}

/** The reason phrases of the status codes in use. Others have none, as RFC 9112, 4, allows. */
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

/** Whether an answer with this status has no body, whatever the request was. */
export function isBodiless(status: number): boolean {
  return BODILESS.has(status);
}

/**
 * Writes the head of an answer, including the empty line at its end.
 *
 * @param headers names and values in turn, with one character for each byte, without the headers that are set
 *   here
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

/** Returns the bytes of one chunk of a body. */
export function chunkBytes(data: Uint8Array): Uint8Array {
  const line = `${data.length.toString(16)}\r\n`;
  const bytes = Buffer.allocUnsafe(line.length + data.length + CRLF.length);
  encoder.encodeInto(line, bytes);
  bytes.set(data, line.length);
  bytes.set(CRLF, line.length + data.length);
  return bytes;
}

/** The end of a body in chunks. */
export const LAST_CHUNK = Buffer.from("0\r\n\r\n");
const CRLF = Buffer.from("\r\n");
const encoder = new TextEncoder();

/**
 * Returns the bytes of a head, followed by a body. They are from Node's pool, because an ArrayBuffer for each
 * message costs more.
 *
 * @param head with one character for each byte
 */
export function messageBytes(head: string, body?: Uint8Array): Uint8Array {
  const bytes = Buffer.allocUnsafe(head.length + (body?.length ?? 0));
  // It is nearly always ASCII, which is the same in UTF-8 and is written in a tenth of the time.
  if (!writeAscii(head, bytes)) {
    for (let i = 0; i < head.length; i++) bytes[i] = head.charCodeAt(i);
  }
  if (body) bytes.set(body, head.length);
  return bytes;
}

/** Returns the bytes of a text; `undefined` if it is not all ASCII. */
export function asciiBytes(text: string): Uint8Array | undefined {
  const bytes = Buffer.allocUnsafe(text.length);
  return writeAscii(text, bytes) ? bytes : undefined;
}

/** Writes a text. Returns whether it was all ASCII and had enough room. */
export function writeAscii(text: string, into: Uint8Array): boolean {
  const { read, written } = encoder.encodeInto(text, into);
  return read === text.length && written === text.length;
}
