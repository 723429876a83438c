/** Which build of the program this is. @module */

import manifest from "../deno.json" with { type: "json" };

/** What `--version` and `build_info` say. */
export interface BuildInfo {
  /** Of `deno.json`. */
  readonly version: string;
  /** Of git. */
  readonly revision: string;
  /** RFC 3339. */
  readonly build_date: string;
  /** The Deno that runs it. */
  readonly deno: string;
}

/** What only the one who builds knows; from source nothing is known. */
export type Origin = Pick<BuildInfo, "revision" | "build_date">;

const SOURCE: Origin = { revision: "unknown", build_date: "unknown" };

/** Tells what is known of this build. */
export function buildInfo(origin: Origin = SOURCE): BuildInfo {
  return { version: manifest.version, ...origin, deno: Deno.version.deno };
}

/** In one line. */
export function showBuild({ version, revision, build_date, deno }: BuildInfo): string {
  const { os, arch } = Deno.build;
  return `dynamic-sharding, version ${version} (revision ${revision}, built ${build_date}, ` +
    `deno ${deno}, ${os} ${arch})`;
}
