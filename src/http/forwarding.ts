/** Which headers go on to a member, and which of its answer's come back. @module */

import type { Answer } from "../pushgateway/answer.ts";

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
  const dropped = namedBy(headers.get("connection"));
  const forwarded: string[] = [];
  for (const [name, value] of headers) {
    if (NOT_FORWARDED.has(name) || dropped?.has(name)) continue;
    if (name === "authorization" && credentials === "own") continue;
    forwarded.push(name, value);
  }
  const before = headers.get("x-forwarded-for");
  const mapped = client.startsWith(MAPPED) && client.includes(".");
  const address = mapped ? client.slice(MAPPED.length) : client;
  forwarded.push("x-forwarded-for", before ? `${before}, ${address}` : address);
  return forwarded;
}

/** A member's answer for the client: status, body and headers as they are. */
export function forwardAnswer({ status, headers, body }: Answer): Response {
  const forwarded: [string, string][] = [];
  const connection = valueOf(headers, "connection");
  const dropped = namedBy(connection);
  for (let i = 0; i < headers.length; i += 2) {
    const name = headers[i].toLowerCase();
    if (HOP_BY_HOP.has(name) || name === "content-length" || dropped?.has(name)) continue;
    forwarded.push([name, headers[i + 1]]);
  }
  return new Response(body.length > 0 ? body : null, { status, headers: forwarded });
}

function valueOf(headers: readonly string[], wanted: string): string | null {
  for (let i = 0; i < headers.length; i += 2) {
    if (headers[i].toLowerCase() === wanted) return headers[i + 1];
  }
  return null;
}

/** The further hop-by-hop headers that `Connection` names. */
function namedBy(connection: string | null): Set<string> | undefined {
  if (connection === null) return undefined;
  return new Set(connection.toLowerCase().split(",").map((name) => name.trim()));
}
