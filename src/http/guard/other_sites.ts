/**
 * Recognizes what pages of other sites have a browser send here. A browser adds what it knows of its user to
 * such a request: the way into a network, and a password that was typed in here. The rule is that of Go's
 * `http.CrossOriginProtection`; no client that pushes sends these headers.
 *
 * @module
 */

import { headerValue } from "../../wire/headers.ts";
import type { IncomingRequest } from "../message.ts";

/** What changes nothing here. A browser may send them from anywhere. */
const SAFE = new Set(["GET", "HEAD", "OPTIONS"]);
/** The request was made by a page of ours, or by the user alone. */
const OWN_SITES = new Set(["same-origin", "none"]);
const ORIGIN = /^https?:\/\/([^/?#@]+)$/;
/** Browsers leave these out of `Origin`, and others may have put them into `Host`. */
const DEFAULT_PORT = /:(?:80|443)$/;

/** @returns the header that shows another site; nothing where the request may go on */
export function otherSite({ method, headers }: IncomingRequest): string | undefined {
  if (SAFE.has(method)) return undefined;
  let site: string | undefined;
  let origin: string | undefined;
  // In one go, because each push comes here. Names are in lower case.
  for (let i = 0; i < headers.length; i += 2) {
    if (headers[i] === "sec-fetch-site") site = headers[i + 1];
    else if (headers[i] === "origin") origin = headers[i + 1];
  }
  if (site !== undefined) {
    return OWN_SITES.has(site) ? undefined : `Sec-Fetch-Site: ${site}`;
  }
  // Browsers tell the site to https and to localhost only: elsewhere the origin has to do.
  if (origin === undefined) return undefined;
  const host = ORIGIN.exec(origin)?.[1];
  return host !== undefined && ownHosts(headers).includes(bare(host))
    ? undefined
    : `Origin: ${origin}`;
}

/** A proxy may put another name into `Host`. No page can set what it says of the first one. */
function ownHosts(headers: readonly string[]): string[] {
  const forwarded = headerValue(headers, "x-forwarded-host")?.split(",") ?? [];
  return [headerValue(headers, "host") ?? "", ...forwarded].map((host) => bare(host.trim()));
}

function bare(host: string): string {
  return host.toLowerCase().replace(DEFAULT_PORT, "");
}
