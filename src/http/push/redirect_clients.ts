/** Which clients `auto` may redirect. @module */

/** A client that sends a push again, whole, on a 307. */
export interface RedirectClient {
  /** How its User-Agent begins; with `whole` all of it. */
  readonly agent: string;
  readonly whole?: true;
  /** The client of `tests/clients/` that was seen to do so. */
  readonly test: string;
}

/**
 * Whoever is not here is proxied, which every client takes. Left out on purpose: curl, which follows
 * only with `-L` and says nothing without it; Java, whose URL connection follows only where it does
 * not stream.
 */
export const REDIRECT_CLIENTS: readonly RedirectClient[] = [
  { agent: "Go-http-client/", test: "Go client_golang" },
  { agent: "Wget/", test: "wget" },
  { agent: "Deno/", test: "Deno fetch" },
  // What only begins so is another client, and some of those lose the body.
  { agent: "node", whole: true, test: "Node.js fetch" },
];

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
  const known = REDIRECT_CLIENTS.some((client) =>
    client.whole ? agent === client.agent : agent.startsWith(client.agent)
  );
  return known || more.some((beginning) => agent.startsWith(beginning));
}
