/** Times as the API shows them. @module */

/** Formats a time as RFC 3339 in UTC, without fractions of a second: `2026-11-30T02:03:04Z`. */
export function time(unixMs: number): string {
  return new Date(unixMs).toISOString().replace(/\.\d+Z$/, "Z");
}
