/**
 * What the versions of the Pushgateway differ in, as far as it concerns us. `docs/versions.md` has how
 * it was measured. Pure.
 *
 * @module
 */

/** How the body of a push may be packed, by the lower-case name in `Content-Encoding`. */
export type Packing = "gzip" | "snappy";

/** The first two numbers of a version. */
type Version = readonly [major: number, minor: number];

const GZIP_SINCE: Version = [1, 5];
/** Since then the name of either may be in capitals, too. */
const SNAPPY_SINCE: Version = [1, 6];
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

/** Why a version should not be run, and what to do; `undefined` where nothing is known against it. */
export function faultOf(version: string): string | undefined {
  return FAULTS.get(/^[\d.]+/.exec(version)?.[0] ?? "");
}

function isSince(version: string | undefined, [sinceMajor, sinceMinor]: Version): boolean {
  const numbers = /^v?(\d+)\.(\d+)/.exec(version ?? "");
  if (!numbers) return false;
  const [major, minor] = [Number(numbers[1]), Number(numbers[2])];
  return major > sinceMajor || (major === sinceMajor && minor >= sinceMinor);
}
