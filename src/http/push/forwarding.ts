/** Which headers go on to a member, and which of its answer's come back. @module */

import type { Answer } from "../../pushgateway/client/answer.ts";

/** Meant for one connection only: RFC 9110, 7.6.1, and what was used so before it. */
const HOP_BY_HOP = new Set([
  "connection",
  "keep-alive",
  "proxy-authenticate",
  "proxy-authorization",
  "proxy-connection",
  "te",
  "trailer",
  "transfer-encoding",
  "upgrade",
]);
/** Those, and what the way to the member sets anew. */
const NOT_FORWARDED = new Set([
  ...HOP_BY_HOP,
  "host",
  "content-length",
  "expect",
  "x-forwarded-for",
]);
/** How IPv4 is written over a socket of both families. */
const MAPPED = "::ffff:";

/**
 * The headers of a push for a member, names and values in turn.
 *
 * @param client the address that the push came from, added to `X-Forwarded-For`
 * @param credentials `own`: ours take the place of the client's
 */
export function forwardHeaders(
  headers: Headers,
  { client, credentials }: { client: string; credentials: "own" | "client" },
): string[] {
  const forwarded: string[] = [];
  let connection = null as string | null;
  let before = null as string | null;
  // One walk, and not by `for … of`: Deno's iterator of Headers, or two calls of `get`, cost about
  // as much again (bench/README.md).
  headers.forEach((value, name) => {
    if (name === "connection") connection = value;
    else if (name === "x-forwarded-for") before = value;
    else if (name === "authorization" && credentials === "own") return;
    else if (!NOT_FORWARDED.has(name)) forwarded.push(name, value);
  });
  const kept = connection === null ? forwarded : without(forwarded, namedBy(connection));
  const mapped = client.startsWith(MAPPED) && client.includes(".");
  const address = mapped ? client.slice(MAPPED.length) : client;
  kept.push("x-forwarded-for", before ? `${before}, ${address}` : address);
  return kept;
}

/** A member's answer for the client: status, body and headers as they are. */
export function forwardAnswer({ status, headers, body }: Answer): Response {
  const connection = valueOf(headers, "connection");
  const dropped = connection === null ? undefined : namedBy(connection);
  const forwarded: [string, string][] = [];
  for (let i = 0; i < headers.length; i += 2) {
    const name = headers[i].toLowerCase();
    if (HOP_BY_HOP.has(name) || name === "content-length" || dropped?.has(name)) continue;
    forwarded.push([name, headers[i + 1]]);
  }
  return new Response(body.length > 0 ? body : null, { status, headers: headersInit(forwarded) });
}

/** As an object where no name comes twice: Deno reads that at a fraction of the cost of a list. */
function headersInit(headers: [string, string][]): HeadersInit {
  const byName = Object.fromEntries(headers);
  return Object.keys(byName).length === headers.length ? byName : headers;
}

function valueOf(headers: readonly string[], wanted: string): string | null {
  for (let i = 0; i < headers.length; i += 2) {
    if (headers[i].toLowerCase() === wanted) return headers[i + 1];
  }
  return null;
}

/** The further hop-by-hop headers that `Connection` names. */
function namedBy(connection: string): Set<string> {
  return new Set(connection.toLowerCase().split(",").map((name) => name.trim()));
}

function without(headers: readonly string[], dropped: ReadonlySet<string>): string[] {
  return headers.filter((_, i) => !dropped.has(headers[i - i % 2]));
}
