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
  if (method === "DELETE") return false;
  const client = pushClientOf(headers);
  // Nearly all clients drop their credentials when the host changes.
  if (!client.canMove || client.cameThroughProxy(version)) return false;
  if (client.kind.redirected === "follows") return true;
  const { agent } = client;
  return agent !== "" && more.some((beginning) => agent.startsWith(beginning));
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
  const client = pushClientOf(headers);
  const { redirected, emptiesStreams = false } = client.kind;
  return redirected === "empties" || emptiesStreams && client.cameThroughProxy(version);
}
