/** Identifies the build of the program. @module */

import manifest from "../deno.json" with { type: "json" };

/** The values of `--version` and `build_info`. */
export interface BuildInfo {
  /** The version in `deno.json`. */
  readonly version: string;
  /** The commit that the program was built from. */
  readonly revision: string;
  /** When the program was built (RFC 3339). */
  readonly build_date: string;
  /** The version of the Deno that runs the program. */
  readonly deno: string;
}

/** What is known only when the program is compiled. A program that runs from source does not know it. */
export type Origin = Pick<BuildInfo, "revision" | "build_date">;

const SOURCE: Origin = { revision: "unknown", build_date: "unknown" };

/** Returns what is known of this build. */
export function buildInfo(origin: Origin = SOURCE): BuildInfo {
  return { version: manifest.version, ...origin, deno: Deno.version.deno };
}

/** Writes the build as one line, for `--version`. */
export function showBuild({ version, revision, build_date, deno }: BuildInfo): string {
  const { os, arch } = Deno.build;
  return `dynamic-sharding, version ${version} (revision ${revision}, built ${build_date}, ` +
    `deno ${deno}, ${os} ${arch})`;
}
