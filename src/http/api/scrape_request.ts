/** What a scraper asks for. Pure. @module */

import { headerValue } from "../../wire/headers.ts";
import type { IncomingRequest } from "../message.ts";

/** A request for a page of metrics. */
export interface ScrapeRequest {
  /** Media types, as Pushgateways are asked for them. */
  readonly accept: string;
  readonly takesGzip: boolean;
  /** Members that cannot be read may be missing. */
  readonly isPartial: boolean;
  /** For the whole page. */
  readonly msMax: number;
}

/** Where the scraper does not say how long it waits. */
const DEFAULT_MS = 60_000;
const MS_MIN = 1_000;
const MS_MAX = 300_000;
/** Encodings of protobuf that people read: Pushgateways have them, and pages of them cannot be merged. */
const READABLE = /;\s*encoding\s*=\s*"?(?:compact-)?text\b/i;
const GZIP = /(?:^|,)\s*(?:x-)?gzip\s*(?:;\s*q\s*=\s*([\d.]+)\s*)?(?:,|$)/i;

/**
 * Reads it.
 *
 * @throws {TypeError} where the query says something else than `partial=true` or `partial=false`
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
