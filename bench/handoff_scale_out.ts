/**
 * A member more while pushes go on: how often the old members are read whole for it, how long it takes
 * until every group is where it belongs, and how long a push waits.
 *
 * @module
 */

import { sleep } from "../src/concurrency/backoff.ts";
import { freePorts } from "../tools/ports.ts";
import {
  type Build,
  type ByBuild,
  type HandoffOptions,
  msMaxOf,
  ofEach,
} from "./handoff_builds.ts";
import { type Reads, readsBetween } from "./handoff_counted.ts";
import { anyGroups, type Members, startMembers } from "./handoff_members.ts";
import { type Answered, sendPush } from "./handoff_pushes.ts";
import { readStalls, type Stalls, watchStalls } from "./handoff_stalls.ts";
import { groupsUpTo, randomOf, together } from "./pusher.ts";
import { readMetrics, startService, writeConfig } from "./service.ts";

/** What came of it. */
export interface ScaleOutResult {
  /** Of each old member, from the reload until no group was misplaced. */
  readonly reads: readonly Reads[];
  /** Seen by the first sweep after the reload. */
  readonly misplaced: number;
  /** Not yet brought home when the time was up: 0 where all were. */
  readonly left: number;
  /** From the reload until no group was misplaced, or the time was up. */
  readonly seconds: number;
  /** Of the pushes that were answered in that time. */
  readonly latenciesMs: readonly number[];
  /** Pushes that were answered with anything but success. */
  readonly refused: number;
  /** Of the service's event loop. */
  readonly stalls: Stalls;
}

const OLD = 3;
const GROUPS = 10_000;
const CONNECTIONS = 16;
/** Pushing goes on before the member comes. */
const BEFORE_MS = 5_000;
const AFTER_MS_MAX = 120_000;
const LOOK_MS = 200;
const LOG_MS = 30_000;
/** Where nothing was misplaced for so long nothing will be: sweeps have followed. */
const SETTLED_MS = 8_000;

/**
 * Fills three members that check nothing, adds a fourth by a reload, and pushes to every group; by each
 * build in turn.
 *
 * @throws {Error} where something does not start or the reload fails; the signal's reason
 */
export async function runScaleOut(options: HandoffOptions): Promise<ByBuild<ScaleOutResult>> {
  return await ofEach(options, (build) => scaleOut(build, options));
}

async function scaleOut(
  build: Build,
  { signal, log }: HandoffOptions,
): Promise<ScaleOutResult> {
  await using stack = new AsyncDisposableStack();
  log(`handoff: scale-out, ${build.name}: filling ${OLD} Pushgateways with ${GROUPS} groups`);
  const members = stack.use(
    await startMembers({
      count: OLD + 1,
      filled: OLD,
      groups: anyGroups(GROUPS),
      counted: true,
      signal,
    }),
  );
  const { addresses, directory } = members;
  const [port, stallsPort] = freePorts(2);
  const url = `http://127.0.0.1:${port}`;
  const options = { port, mode: "proxy", directory, flags: ["--web.enable-lifecycle"] } as const;
  const program = watchStalls(stallsPort, build.program);
  stack.use(await startService({ ...options, members: addresses.slice(0, OLD), program }));
  const pushing = push(url, signal);
  stack.defer(() => pushing.stop());
  await sleep(BEFORE_MS, signal);
  signal.throwIfAborted();
  await writeConfig({ ...options, members: addresses });
  await readStalls(stallsPort, signal); // those of the start
  const before = await members.reads();
  const began = performance.now();
  const response = await fetch(`${url}/-/reload`, { method: "POST", signal });
  await response.body?.cancel();
  if (!response.ok) throw new Error(`reload: expected 200, found ${response.status}`);
  pushing.everyGroup();
  const { end, reads, ...outcome } = await followMisplaced(url, {
    began,
    build,
    members,
    signal,
    log,
  });
  const stalls = await readStalls(stallsPort, signal);
  await pushing.stop();
  const answered = pushing.answered.filter(({ at }) => at >= began && at <= end);
  return {
    ...outcome,
    seconds: (end - began) / 1_000,
    reads: readsBetween(before, reads).slice(0, OLD),
    latenciesMs: answered.map(({ ms }) => ms),
    refused: answered.filter(({ ok }) => !ok).length,
    stalls,
  };
}

/** Waits until nothing is misplaced, and stays so. */
async function followMisplaced(
  url: string,
  { began, build, members, signal, log }: Pick<HandoffOptions, "signal" | "log"> & {
    readonly began: number;
    readonly build: Build;
    readonly members: Members;
  },
): Promise<{ misplaced: number; left: number; end: number; reads: readonly Reads[] }> {
  let [misplaced, logged] = [0, began];
  let settled: { end: number; reads: readonly Reads[] } | undefined;
  for (;;) {
    await sleep(LOOK_MS, signal);
    signal.throwIfAborted();
    const left = (await readMetrics(url, signal))("handoff_misplaced_groups");
    const now = performance.now();
    misplaced = Math.max(misplaced, left);
    if (left > 0) settled = undefined;
    else if (misplaced > 0) settled ??= { end: now, reads: await members.reads() };
    if (settled && now - settled.end > SETTLED_MS) return { misplaced, left, ...settled };
    if (now - began > msMaxOf(build, AFTER_MS_MAX)) {
      log(
        `handoff: scale-out, ${build.name}: ${left} of ${misplaced} groups are left where they were`,
      );
      return { misplaced, left, end: now, reads: await members.reads() };
    }
    if (now - logged < LOG_MS) continue;
    logged = now;
    log(`handoff: scale-out, ${build.name}: ${left} of ${misplaced} groups are misplaced`);
  }
}

/** Pushes to random groups until it is stopped. */
function push(url: string, signal: AbortSignal) {
  const answered: Answered[] = [];
  let over = false;
  let due: number[] = [];
  const ended = together(CONNECTIONS, signal, async (signal) => {
    while (!over) {
      const group = due.pop() ?? randomOf(GROUPS);
      const push = await sendPush(url, { group, method: "POST", signal });
      answered.push(push);
      if (!push.ok) due.unshift(group);
    }
  });
  ended.catch(() => {}); // told by `stop`
  return {
    answered,
    /** Begins to push once to each group. */
    everyGroup() {
      due = shuffled(groupsUpTo(GROUPS));
    },
    /** Waits for those that are on their way: they may be the longest. */
    async stop() {
      over = true;
      await ended;
    },
  };
}

function shuffled(values: number[]): number[] {
  for (let i = values.length - 1; i > 0; i--) {
    const j = Math.floor(Math.random() * (i + 1));
    [values[i], values[j]] = [values[j], values[i]];
  }
  return values;
}
