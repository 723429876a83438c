/** Which clients `auto` may redirect. @module */

/**
 * Beginnings of the User-Agents of clients that send a push again, whole, on a 307: `tests/clients/`
 * pushes with each of them through a redirect. Whoever is not here is proxied, which every client
 * takes. Left out on purpose: curl, which follows only with `-L` and says nothing without it; Java,
 * whose URL connection follows only where it does not stream.
 */
const KNOWN = ["Go-http-client/", "Deno/", "Wget/"] as const;
/** Node's own fetch sends just this; what only begins so are other clients. */
const NODE_FETCH = "node";

/**
 * Whether a push may be answered with a redirect without being lost.
 *
 * Not so with credentials, which nearly all clients drop on the way to another host, and not
 * without a length, for a body that streams cannot be sent twice. Nor a DELETE, which has to
 * reach more than the owner.
 *
 * @param more beginnings of User-Agents that the operator vouches for
 */
export function followsRedirect({ method, headers }: Request, more: readonly string[]): boolean {
  if (method === "DELETE" || headers.has("authorization") || !headers.has("content-length")) {
    return false;
  }
  const agent = headers.get("user-agent");
  if (agent === null) return false;
  const begins = (beginning: string) => agent.startsWith(beginning);
  return agent === NODE_FETCH || KNOWN.some(begins) || more.some(begins);
}
