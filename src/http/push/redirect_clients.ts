/** Decides which clients may be redirected. @module */

import { headerValue } from "../../wire/headers.ts";
import type { IncomingRequest } from "../message.ts";
import { clientKindOf } from "./client_kinds.ts";

/**
 * Headers of proxies. A client behind a proxy often cannot reach the Pushgateways; and if it streams a body,
 * which it cannot send twice, the proxy may have added a length.
 */
const OF_PROXIES = [
  "via",
  "forwarded",
  "x-forwarded-for",
  "x-forwarded-host",
  "x-forwarded-proto",
  "x-forwarded-server",
];

/**
 * Whether a client can be redirected without losing its push, as `auto` asks. Only those are that send any
 * push with a length again.
 *
 * A client cannot if it sends credentials, comes through another proxy, or sends no length, because a body
 * that streams cannot be sent twice. A DELETE is not redirected either, because it has to reach more members
 * than the owner.
 *
 * @param more beginnings of further User-Agents, which the operator has configured
 */
export function followsRedirect(
  { method, version, headers }: Pick<IncomingRequest, "method" | "version" | "headers">,
  more: readonly string[],
): boolean {
  const value = (name: string) => headerValue(headers, name);
  if (method === "DELETE" || value("content-length") === undefined) return false;
  const agent = value("user-agent");
  // Nearly all clients drop their credentials when the host changes.
  if (agent === undefined || value("authorization") !== undefined) return false;
  if (cameThroughProxy({ headers, version })) return false;
  return clientKindOf(headers).redirected === "follows" ||
    more.some((beginning) => agent.startsWith(beginning));
}

/**
 * Whether a client is known to lose a push that is redirected, and its caller may take it for done. Such a
 * push is not redirected in `redirect` mode either.
 *
 * A body without a length streams. Hardly any client can send such a body twice, and several send the push
 * again without it, which empties the group. Through another proxy any body may have streamed.
 */
export function losesBody(
  { method, headers, version, body }: Pick<
    IncomingRequest,
    "method" | "headers" | "version" | "body"
  >,
): boolean {
  if (method === "DELETE") return false;
  if (body.length === undefined) return true;
  const { redirected, emptiesStreams = false } = clientKindOf(headers);
  return redirected === "empties" || emptiesStreams && cameThroughProxy({ headers, version });
}

/**
 * Whether a request came through another proxy. Over HTTP/1.0 it did: none of the known clients speaks it, but
 * nginx does before 1.29.7, and adds no header.
 */
function cameThroughProxy(
  { headers, version }: Pick<IncomingRequest, "headers" | "version">,
): boolean {
  return version === "1.0" || OF_PROXIES.some((name) => headerValue(headers, name) !== undefined);
}
