/** Reads the request of a scraper. Pure. @module */

import { headerValue } from "../../wire/headers.ts";
import type { IncomingRequest } from "../message.ts";

/** A request for a page of metrics. */
export interface ScrapeRequest {
  /** Media types, as sent to the Pushgateways. */
  readonly accept: string;
  readonly takesGzip: boolean;
  /** Whether members that cannot be read may be missing. */
  readonly isPartial: boolean;
  /** The timeout for the whole page. */
  readonly msMax: number;
}

/** The timeout if the scraper does not send one. */
const DEFAULT_MS = 60_000;
const MS_MIN = 1_000;
const MS_MAX = 300_000;
/** Readable encodings of protobuf. Pushgateways offer them, but their pages cannot be merged. */
const READABLE = /;\s*encoding\s*=\s*"?(?:compact-)?text\b/i;
const GZIP = /(?:^|,)\s*(?:x-)?gzip\s*(?:;\s*q\s*=\s*([\d.]+)\s*)?(?:,|$)/i;

/**
 * Reads a request.
 *
 * @throws {TypeError} if `partial` is neither `true` nor `false`
 */
export function readScrapeRequest(
  { target, headers }: Pick<IncomingRequest, "target" | "headers">,
): ScrapeRequest {
  const query = new URLSearchParams(target.split("?", 2)[1]);
  const partial = query.get("partial") ?? "false";
  if (partial !== "true" && partial !== "false") {
    throw new TypeError(`expected partial=true or partial=false, found partial=${partial}`);
  }
  const types = (headerValue(headers, "accept") ?? "").split(",");
  const gzip = GZIP.exec(headerValue(headers, "accept-encoding") ?? "");
  const seconds = Number(headerValue(headers, "x-prometheus-scrape-timeout-seconds"));
  return {
    accept: types.filter((type) => !READABLE.test(type)).join(",") || "*/*",
    takesGzip: gzip !== null && Number(gzip[1] ?? 1) > 0,
    isPartial: partial === "true",
    msMax: seconds > 0 ? Math.min(MS_MAX, Math.max(MS_MIN, seconds * 1_000)) : DEFAULT_MS,
  };
}
