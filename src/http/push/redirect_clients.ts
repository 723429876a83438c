/** Which clients `auto` may redirect. @module */

import { headerValue } from "../../wire/headers.ts";
import type { IncomingRequest } from "../message.ts";

/** A client that sends a push again, whole, on a 307. */
export interface RedirectClient {
  /** How its User-Agent begins. */
  readonly agent: string;
  /** What it has to send for that: another program of the same User-Agent may not follow. */
  readonly contentType?: RegExp;
  /** The client of `tests/clients/` that was seen to do so. */
  readonly test: string;
}

/**
 * Whoever is not here is proxied, which every client takes. Left out on purpose: curl, which follows
 * only with `-L` and says nothing without it; Java, whose URL connection follows only where it does
 * not stream; Node's fetch, which fails with bytes in some versions and with a stream in all; and of
 * Go all but client_golang's push, for Go hands a 307 back where a body cannot be read twice.
 */
export const REDIRECT_CLIENTS: readonly RedirectClient[] = [
  {
    agent: "Go-http-client/",
    contentType: /^application\/vnd\.google\.protobuf;(?:.*;)? *encoding=delimited/,
    test: "Go client_golang",
  },
  { agent: "Wget/", test: "wget" },
  { agent: "Deno/", test: "Deno fetch" },
];

/**
 * Credentials, which nearly all clients drop on the way to another host, and headers of proxies: a
 * client behind one often cannot reach the Pushgateways, and a body that it streams, and so cannot send
 * twice, has got a length on the way.
 */
const NOT_WITH = [
  "authorization",
  "via",
  "forwarded",
  "x-forwarded-for",
  "x-forwarded-host",
  "x-forwarded-proto",
  "x-forwarded-server",
];

/**
 * Whether a push may be answered with a redirect without being lost.
 *
 * Not so with credentials or through another proxy, and not without a length, for a body that streams
 * cannot be sent twice. Nor a DELETE, which has to reach more than the owner.
 *
 * @param more beginnings of User-Agents that the operator vouches for
 */
export function followsRedirect(
  { method, headers }: Pick<IncomingRequest, "method" | "headers">,
  more: readonly string[],
): boolean {
  const value = (name: string) => headerValue(headers, name);
  if (method === "DELETE" || value("content-length") === undefined) return false;
  const agent = value("user-agent");
  if (agent === undefined || NOT_WITH.some((name) => value(name) !== undefined)) return false;
  const known = REDIRECT_CLIENTS.find((client) => agent.startsWith(client.agent));
  if (known && (known.contentType?.test(value("content-type") ?? "") ?? true)) return true;
  return more.some((beginning) => agent.startsWith(beginning));
}
