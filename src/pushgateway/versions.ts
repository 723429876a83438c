/**
 * What the versions of the Pushgateway differ in, as far as it concerns us. `docs/versions.md` has how
 * it was measured. Pure.
 *
 * @module
 */

/** How the body of a push may be packed, by the lower-case name in `Content-Encoding`. */
export type Packing = "gzip" | "snappy";

/** The numbers of a version. */
type Version = readonly [major: number, minor: number, patch: number];

const GZIP_SINCE: Version = [1, 5, 0];
/** Since then the name of either may be in capitals, too. */
const SNAPPY_SINCE: Version = [1, 6, 0];
const GAUGE_HISTOGRAMS_SINCE: Version = [1, 11, 2];
/** Versions that should not be run, and why. */
const FAULTS: ReadonlyMap<string, string> = new Map([
  [
    "1.11.0",
    "it closes the connection where it should answer 400, so clients do not learn what is wrong; " +
    "install 1.11.1 or later",
  ],
]);

/**
 * Reads how a push is packed.
 *
 * @param contentEncoding its header, where it has one
 * @returns `undefined` where it is not packed, or in a way that no Pushgateway unpacks
 */
export function packingOf(contentEncoding: string | undefined): Packing | undefined {
  const name = contentEncoding?.toLowerCase();
  return name === "gzip" || name === "snappy" ? name : undefined;
}

/**
 * Whether a Pushgateway unpacks the bodies of pushes with this header.
 *
 * @param version as it tells it itself; of one that is not known, or no number, nothing is expected
 *
 * @example
 * ```ts
 * import { unpacks } from "./versions.ts";
 * import assert from "node:assert/strict";
 *
 * assert.equal(unpacks("1.5.1", "gzip"), true);
 * assert.equal(unpacks("1.5.1", "GZIP"), false);
 * assert.equal(unpacks("1.4.0+ds", "gzip"), false);
 * assert.equal(unpacks(undefined, "gzip"), false);
 * ```
 */
export function unpacks(version: string | undefined, contentEncoding: string): boolean {
  return isSince(version, contentEncoding === "gzip" ? GZIP_SINCE : SNAPPY_SINCE);
}

/** Whether a Pushgateway of a version unpacks all that any of them does. */
export function unpacksAll(version: string | undefined): boolean {
  return isSince(version, SNAPPY_SINCE);
}

/** What a Pushgateway of a version cannot unpack, of what others can: `gzip`, `snappy`, or both. */
export function missingPackings(version: string): Packing[] {
  return (["gzip", "snappy"] as const).filter((packing) => !unpacks(version, packing));
}

/**
 * Whether a Pushgateway of a version can show gauge histograms. Others take them, too, but their `/metrics`
 * ends where the first one would be, for all groups.
 */
export function showsGaugeHistograms(version: string | undefined): boolean {
  return isSince(version, GAUGE_HISTOGRAMS_SINCE);
}

/** Why a version should not be run, and what to do; `undefined` where nothing is known against it. */
export function faultOf(version: string): string | undefined {
  return FAULTS.get(/^[\d.]+/.exec(version)?.[0] ?? "");
}

function isSince(version: string | undefined, since: Version): boolean {
  const numbers = /^v?(\d+)\.(\d+)(?:\.(\d+))?/.exec(version ?? "")?.slice(1);
  if (!numbers) return false;
  const differences = numbers.map((number = "0", i) => Number(number) - since[i]);
  return (differences.find((difference) => difference !== 0) ?? 0) >= 0;
}
