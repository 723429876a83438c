/** Decides which clients `auto` may redirect. @module */

import { headerValue } from "../../wire/headers.ts";
import type { IncomingRequest } from "../message.ts";

/** A client that sends a push again, complete, after a 307. */
export interface RedirectClient {
  /** How its User-Agent begins. */
  readonly agent: string;
  /**
   * The content type that it has to send: another program with the same User-Agent may not follow redirects.
   */
  readonly contentType?: RegExp;
  /** The client of `tests/clients/` that does so. */
  readonly test: string;
}

/**
 * Clients that follow redirects. All others are proxied, which works with every client. Left out on purpose:
 *
 * - curl, which follows only with `-L`, and is silent without it
 * - Java, whose URL connection follows only if it does not stream
 * - Node's fetch, which fails with bytes in some versions and with a stream in all
 * - Go, except for client_golang's push: Go returns the 307 to its caller if a body cannot be read twice
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
 * Headers with which a client is not redirected: credentials, because nearly all clients drop them when the
 * host changes, and headers of proxies. A client behind a proxy often cannot reach the Pushgateways; and if
 * it streams a body, which it cannot send twice, the proxy may have added a length.
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
 * Whether a client can be redirected without losing its push.
 *
 * It cannot if it sends credentials, comes through another proxy, or sends no length, because a body that
 * streams cannot be sent twice. A DELETE is not redirected either, because it has to reach more members than
 * the owner.
 *
 * @param more beginnings of further User-Agents, which the operator has configured
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
