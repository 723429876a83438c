/**
 * The differences between versions of the Pushgateway that matter here. `docs/versions.md` says how they were
 * measured. Pure.
 *
 * @module
 */

/** How the body of a push may be packed: the name in `Content-Encoding`, in lower case. */
export type Packing = "gzip" | "snappy";

/** The numbers of a version. */
type Version = readonly [major: number, minor: number, patch: number];

const GZIP_SINCE: Version = [1, 5, 0];
/** Since this version, both names may be in capitals as well. */
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
 * @param contentEncoding the value of the header, if there is one
 * @returns `undefined` if it is not packed, or in a way that no Pushgateway unpacks
 */
export function packingOf(contentEncoding: string | undefined): Packing | undefined {
  const name = contentEncoding?.toLowerCase();
  return name === "gzip" || name === "snappy" ? name : undefined;
}

/**
 * Whether a Pushgateway unpacks the bodies of pushes with this header.
 *
 * @param version as the Pushgateway says. An unknown version, or one without numbers, is assumed to unpack
 *   nothing.
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

/** Whether a Pushgateway of a version unpacks everything that any version does. */
export function unpacksAll(version: string | undefined): boolean {
  return isSince(version, SNAPPY_SINCE);
}

/** Returns what a Pushgateway of a version cannot unpack, but others can: `gzip`, `snappy`, or both. */
export function missingPackings(version: string): Packing[] {
  return (["gzip", "snappy"] as const).filter((packing) => !unpacks(version, packing));
}

/**
 * Whether a Pushgateway of a version can show gauge histograms. Other versions accept them too, but then
 * their `/metrics` ends before the first one, for all groups.
 */
export function showsGaugeHistograms(version: string | undefined): boolean {
  return isSince(version, GAUGE_HISTOGRAMS_SINCE);
}

/** Returns why a version should not be run, and what to do. `undefined` if no fault is known. */
export function faultOf(version: string): string | undefined {
  return FAULTS.get(/^[\d.]+/.exec(version)?.[0] ?? "");
}

function isSince(version: string | undefined, since: Version): boolean {
  const numbers = /^v?(\d+)\.(\d+)(?:\.(\d+))?/.exec(version ?? "")?.slice(1);
  if (!numbers) return false;
  const differences = numbers.map((number = "0", i) => Number(number) - since[i]);
  return (differences.find((difference) => difference !== 0) ?? 0) >= 0;
}
