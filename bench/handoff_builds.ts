/** What each part of the bench of handoff is given: the builds that are compared, above all. @module */

import { EARLIER } from "../tools/earlier.ts";
import type { Program } from "../tools/program.ts";

/** What is compared. */
export type BuildName = typeof EARLIER | "ours";

/** The service, as it was or as it is. */
export interface Build {
  readonly name: BuildName;
  readonly program: Program;
}

/** How to run a part. */
export interface HandoffOptions {
  /** Each part has them take turns; the first release may be missing. */
  readonly builds: readonly Build[];
  readonly signal: AbortSignal;
  /** Takes progress, a line each. */
  readonly log: (line: string) => void;
}

/** What was measured of each build. */
export type ByBuild<T> = ReadonlyMap<BuildName, T>;

/** A rate shows by then; the end of what the first release does would take hours. */
const EARLIER_MS_MAX = 60_000;

/** How long a build may take for what this one may take so long for. */
export function msMaxOf({ name }: Build, msMax: number): number {
  return name === EARLIER ? Math.min(msMax, EARLIER_MS_MAX) : msMax;
}

/** Measures one build after the other. */
export async function ofEach<T>(
  { builds, signal }: HandoffOptions,
  measure: (build: Build) => Promise<T>,
): Promise<ByBuild<T>> {
  const measured = new Map<BuildName, T>();
  for (const build of builds) {
    signal.throwIfAborted();
    measured.set(build.name, await measure(build));
  }
  return measured;
}
