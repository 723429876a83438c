/**
 * Interprets the head of a request: the rules of RFC 9112 and RFC 9110 that a parser does not check. Anything
 * ambiguous is refused.
 *
 * @module
 */

import { headerValue } from "./headers.ts";

/** The head of a valid request. */
export interface RequestHead {
  readonly method: string;
  /** Path and query, beginning with a slash, or `*`. Bytes beyond ASCII are percent-encoded. */
  readonly target: string;
  /** Names in lower case and values in turn, with one character for each byte. */
  readonly headers: readonly string[];
  readonly version: "1.0" | "1.1";
  /** Whether another request may follow on the connection. */
  readonly keepsAlive: boolean;
  /** The length of the body, or that it arrives in chunks. */
  readonly bodyLength: number | "chunked";
  /** Whether the client waits for `100 Continue` before it sends its body. */
  readonly expectsContinue: boolean;
}

/** Why a request is refused. The bytes after it on its connection have no meaning. */
export interface Refusal {
  readonly refused: 400 | 408 | 417 | 431 | 501 | 503 | 505;
  readonly reason: string;
}

/** The parts of a head, unchanged. */
export interface RawHead extends Pick<RequestHead, "method" | "headers" | "keepsAlive"> {
  readonly target: string;
  readonly major: number;
  readonly minor: number;
}

/** An IP literal, an IPv4 address or a name, and a port: RFC 3986, 3.2.2, except for the empty name. */
const HOST = /^(?:\[[\da-f:.]+\]|(?:[\w.~!$&'()*+,;=-]|%[\da-f]{2})+)(?::\d*)?$/i;
const ABSOLUTE = /^https?:\/\/([^/?]*)(.*)$/i;
const CLOSE = /(?:^|[ \t,])close(?:[ \t,]|$)/i;
const BEYOND_ASCII = /[\x80-\xff]/g;

/** Interprets a head. Refuses it if it is invalid or ambiguous. */
export function understand(raw: RawHead): RequestHead | Refusal {
  const { method, headers, major, minor } = raw;
  if (major !== 1) {
    return refuse(505, `expected HTTP/1.1 or HTTP/1.0, found HTTP/${major}.${minor}`);
  }
  const version = minor === 0 ? "1.0" : "1.1";
  const frame = bodyLengthOf(headers, version);
  if (typeof frame === "object") return frame;
  const host = count(headers, "host");
  if (host > 1) return refuse(400, `expected one Host header, found ${host}`);
  if (host === 0 && version === "1.1") return refuse(400, "expected a Host header, found none");
  const name = headerValue(headers, "host");
  if (name !== undefined && !HOST.test(name)) {
    return refuse(
      400,
      `expected a host, or a host and a port, in the Host header, found ${quote(name)}`,
    );
  }
  const target = targetOf(raw);
  if (typeof target === "object") return target;
  let expects = false;
  for (let i = 0; i < headers.length; i += 2) {
    if (headers[i] !== "expect") continue;
    const expectation = headers[i + 1];
    if (expectation.toLowerCase() !== "100-continue") {
      return refuse(417, `expected 100-continue in the Expect header, found ${quote(expectation)}`);
    }
    expects = true;
  }
  return {
    method,
    target,
    headers,
    version,
    keepsAlive: raw.keepsAlive && !saysClose(headers),
    bodyLength: frame,
    expectsContinue: expects && frame !== 0 && version === "1.1",
  };
}

/** Creates a refusal. */
export function refuse(refused: Refusal["refused"], reason: string): Refusal {
  return { refused, reason };
}

/**
 * Returns the length of the body. The parser has already refused both headers together, two lengths, and
 * invalid lengths.
 */
function bodyLengthOf(
  headers: readonly string[],
  version: RequestHead["version"],
): RequestHead["bodyLength"] | Refusal {
  const coding = headerValue(headers, "transfer-encoding");
  if (coding === undefined) return Number(headerValue(headers, "content-length") ?? 0);
  if (version === "1.0") return refuse(400, "expected no Transfer-Encoding in HTTP/1.0");
  if (count(headers, "transfer-encoding") > 1) {
    return refuse(400, "expected one Transfer-Encoding header, found more");
  }
  return coding.toLowerCase() === "chunked"
    ? "chunked"
    : refuse(501, `expected the transfer coding chunked, found ${quote(coding)}`);
}

function targetOf({ method, target }: RawHead): string | Refusal {
  // Refused whatever the target: the bytes after it are not requests, but data for a tunnel.
  if (method === "CONNECT") return refuse(501, "CONNECT is not supported");
  if (target.startsWith("/")) return encoded(target);
  if (target === "*" && method === "OPTIONS") return target;
  const [, authority, rest] = ABSOLUTE.exec(target) ?? [];
  if (authority === undefined || !HOST.test(authority)) {
    return refuse(400, `expected a path in the request line, found ${quote(target)}`);
  }
  return encoded(rest.startsWith("/") ? rest : `/${rest}`);
}

/**
 * Encodes bytes beyond ASCII: like a Pushgateway we accept any byte in a path, but a URI has none of them.
 */
function encoded(target: string): string {
  return target.replace(
    BEYOND_ASCII,
    (byte) => `%${byte.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}

function count(headers: readonly string[], name: string): number {
  let found = 0;
  for (let i = 0; i < headers.length; i += 2) if (headers[i] === name) found++;
  return found;
}

/**
 * Whether the connection has to be closed. `close` takes precedence over `keep-alive` (RFC 9112, 9.3), and
 * over everything else in the list.
 */
function saysClose(headers: readonly string[]): boolean {
  for (let i = 0; i < headers.length; i += 2) {
    if (headers[i] === "connection" && CLOSE.test(headers[i + 1])) return true;
  }
  return false;
}

/** Quotes enough of a text to find it again. */
function quote(text: string): string {
  return JSON.stringify(text.length > 80 ? `${text.slice(0, 80)}…` : text);
}
