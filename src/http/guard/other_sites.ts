/**
 * Recognizes requests that pages of other sites make a browser send here. A browser adds what it knows of its
 * user to such a request: access to a network, and a password that was entered here. The rule is that of Go's
 * `http.CrossOriginProtection`. Clients that push do not send these headers.
 *
 * @module
 */

import { headerValue } from "../../wire/headers.ts";
import type { IncomingRequest } from "../message.ts";

/** Methods that change nothing here. A browser may send them from any page. */
const SAFE = new Set(["GET", "HEAD", "OPTIONS"]);
/** Values for requests of our own page, or of the user. */
const OWN_SITES = new Set(["same-origin", "none"]);
const ORIGIN = /^https?:\/\/([^/?#@]+)$/;
/** Browsers leave these ports out of `Origin`, but other clients may have put them into `Host`. */
const DEFAULT_PORT = /:(?:80|443)$/;

/** @returns the header that shows another site; `undefined` if the request is allowed */
export function otherSite({ method, headers }: IncomingRequest): string | undefined {
  if (SAFE.has(method)) return undefined;
  let site: string | undefined;
  let origin: string | undefined;
  // One loop, because each push runs it. Names are in lower case.
  for (let i = 0; i < headers.length; i += 2) {
    if (headers[i] === "sec-fetch-site") site = headers[i + 1];
    else if (headers[i] === "origin") origin = headers[i + 1];
  }
  if (site !== undefined) {
    return OWN_SITES.has(site) ? undefined : `Sec-Fetch-Site: ${site}`;
  }
  // Browsers send Sec-Fetch-Site to https and to localhost only. In other cases only the origin is known.
  if (origin === undefined) return undefined;
  const host = ORIGIN.exec(origin)?.[1];
  return host !== undefined && ownHosts(headers).includes(bare(host))
    ? undefined
    : `Origin: ${origin}`;
}

/**
 * Returns the names of this host. A proxy may have changed `Host`, and says so in a header that no page can
 * set.
 */
function ownHosts(headers: readonly string[]): string[] {
  const forwarded = headerValue(headers, "x-forwarded-host")?.split(",") ?? [];
  return [headerValue(headers, "host") ?? "", ...forwarded].map((host) => bare(host.trim()));
}

function bare(host: string): string {
  return host.toLowerCase().replace(DEFAULT_PORT, "");
}
