/** Decides which clients may be redirected. @module */

import type { IncomingRequest } from "../message.ts";
import { pushClientOf } from "./client_kinds.ts";

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
  const { agent, kind, hasLength, hasCredentials, isForwarded } = pushClientOf(headers);
  if (method === "DELETE" || !hasLength || agent === undefined) return false;
  // Nearly all clients drop their credentials when the host changes.
  if (hasCredentials || cameThroughProxy(version, isForwarded)) return false;
  return kind.redirected === "follows" || more.some((beginning) => agent.startsWith(beginning));
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
  const { kind: { redirected, emptiesStreams = false }, isForwarded } = pushClientOf(headers);
  return redirected === "empties" || emptiesStreams && cameThroughProxy(version, isForwarded);
}

/**
 * Whether a request came through another proxy. Over HTTP/1.0 it did: none of the known clients speaks it, but
 * nginx does before 1.29.7, and adds no header.
 */
function cameThroughProxy(version: IncomingRequest["version"], isForwarded: boolean): boolean {
  return version === "1.0" || isForwarded;
}
