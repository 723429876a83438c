/** Members from files in the format of Prometheus's file_sd. Changes are followed. @module */

import { basename, dirname, join } from "node:path";
import { backoffMs } from "../concurrency/backoff.ts";
import { deadline } from "../concurrency/deadline.ts";
import { createWake, type Wake } from "../concurrency/wake.ts";
import { readText } from "../config/files.ts";
import type { FileSdConfig } from "../config/sources.ts";
import { parseTargets } from "../config/targets.ts";
import { ConfigError } from "../config/yaml.ts";
import { errorText } from "../log.ts";
import type { Member } from "../member.ts";
import { WEIGHT_MAX } from "../ring/hash_ring.ts";
import { type Discovery, type Listing, NAMED } from "./discovery.ts";
import { createUnion, type Part } from "./union.ts";

/** What following files needs. */
export interface FileDiscoveryDeps {
  readonly config: FileSdConfig;
  readonly random: () => number;
  /**
   * Called each time that a directory is watched, with the reason if that fails: then its files are read
   * only at each refresh.
   */
  readonly onWatched: (directory: string, failure?: unknown) => void;
}

/** How long nothing may change before files are read: files are often written in several steps. */
const QUIET_MS = 500;
/** The longest wait while files go on changing. */
const QUIET_MS_MAX = 5_000;
const RETRY_FIRST_MS = 1_000;

/** Follows files. They are read again when something changes in their directories, and at each refresh. */
export function fileDiscovery({ config, random, onWatched }: FileDiscoveryDeps): Discovery {
  const { files: patterns, refreshMs } = config;
  const directories = [...new Set(patterns.map((pattern) => dirname(pattern)))];

  return {
    secondOpinion: false,
    listsRunning: true,
    async *observe(signal) {
      const union = createUnion();
      const listed = new Map<string, readonly string[]>();
      let failures = 0;
      while (!signal.aborted) {
        const changed = createWake();
        // Watched before they are read, so that no change is missed. Watched again each time, because a
        // directory may have been replaced by another one.
        await using _watch = watch(directories, { changed, onWatched });
        const observations = union(await readParts(listed));
        if (signal.aborted) return;
        yield* observations;
        failures = observations.some(({ kind }) => kind === "failed") ? failures + 1 : 0;
        const limits = { firstMs: Math.min(RETRY_FIRST_MS, refreshMs), maxMs: refreshMs };
        await settled(
          changed,
          failures > 0 ? backoffMs(failures, limits, random) : refreshMs,
          signal,
        );
      }
    },
  };

  /** @param listed the files of each pattern, as of the last time that they could be listed */
  async function readParts(listed: Map<string, readonly string[]>): Promise<Map<string, Part>> {
    const parts = new Map<string, Part>();
    for (const pattern of patterns) {
      try {
        listed.set(pattern, await listFiles(pattern));
      } catch (cause) {
        parts.set(pattern, { kind: "failed", why: errorText(cause) });
      }
      for (const file of listed.get(pattern) ?? []) parts.set(file, await readPart(file));
    }
    return parts;
  }

  async function readPart(file: string): Promise<Part> {
    try {
      return { kind: "members", listings: await readTargets(file, config) };
    } catch (error) {
      if (!(error instanceof ConfigError)) throw error;
      return { kind: "failed", why: error.problems.join("; ") };
    }
  }
}

/**
 * Returns the files that match a pattern, sorted by name. A pattern without `*` is a file name, whether
 * the file exists or not. As in a shell, `*` does not match a dot at the beginning, as of temporary
 * files.
 *
 * @throws {Error} if the directory cannot be read
 */
export async function listFiles(pattern: string): Promise<readonly string[]> {
  const [directory, last] = [dirname(pattern), basename(pattern)];
  if (!last.includes("*")) return [pattern];
  const parts = last.split("*").map((part) => part.replace(/[.?+^$[\]\\(){}|]/g, "\\$&"));
  const matches = new RegExp(`^(?!\\.)${parts.join(".*")}$`, "s");
  const files: string[] = [];
  try {
    for await (const { name, isDirectory } of Deno.readDir(directory)) {
      if (!isDirectory && matches.test(name)) files.push(join(directory, name));
    }
  } catch (cause) {
    if (cause instanceof Deno.errors.NotFound) {
      throw new Error(`${pattern}: expected a directory, found none`);
    }
    throw new Error(`${pattern}: expected a directory that can be read`, { cause });
  }
  return files.sort();
}

/**
 * Reads the members that a file names.
 *
 * @throws {ConfigError} if it cannot be read, or is not a file of targets
 */
export async function readTargets(
  file: string,
  { port }: Pick<FileSdConfig, "port">,
): Promise<Map<Member, Listing>> {
  const text = await readText(file);
  const targets = parseTargets(text, { file, weightMax: WEIGHT_MAX, ...(port && { port }) });
  return new Map([...targets].map(([member, weight]) => [member, { ...NAMED, weight }]));
}

/** Watches directories until disposal. */
function watch(
  directories: readonly string[],
  { changed, onWatched }: Pick<FileDiscoveryDeps, "onWatched"> & { readonly changed: Wake },
): AsyncDisposable {
  const watchers: Deno.FsWatcher[] = [];
  const ends = directories.map(async (directory) => {
    try {
      const watcher = Deno.watchFs(directory, { recursive: false });
      watchers.push(watcher);
      onWatched(directory);
      for await (const { kind } of watcher) if (kind !== "access") changed.raise();
    } catch (cause) {
      // A missing directory is reported when its files are read.
      if (!(cause instanceof Deno.errors.NotFound)) onWatched(directory, cause);
    }
  });
  return {
    async [Symbol.asyncDispose]() {
      for (const watcher of watchers) watcher.close();
      await Promise.all(ends);
    },
  };
}

/** Ends when changes have stopped for a while, or after a time without any change. */
async function settled(changed: Wake, ms: number, signal: AbortSignal): Promise<void> {
  using refresh = deadline(ms, signal);
  await changed.wait(refresh.signal);
  if (refresh.signal.aborted) return;
  using enough = deadline(QUIET_MS_MAX, signal);
  while (!enough.signal.aborted) {
    using quiet = deadline(QUIET_MS, enough.signal);
    await changed.wait(quiet.signal);
    if (quiet.signal.aborted) return;
  }
}
