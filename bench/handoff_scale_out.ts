/**
 * A member more while pushes go on: how often the old members are read whole for it, how long it takes
 * until every group is where it belongs, and how long a push waits.
 *
 * @module
 */

import { sleep } from "../src/concurrency/backoff.ts";
import { ensureComponents } from "../tools/components.ts";
import { freePorts } from "../tools/ports.ts";
import { startPushgateway } from "../tools/pushgateway.ts";
import { type Counted, type Reads, startCounted } from "./handoff_counted.ts";
import { fill, UNCHECKED } from "./handoff_members.ts";
import { readStalls, type Stalls, watchStalls } from "./handoff_stalls.ts";
import type { HandoffOptions } from "./handoff_sweep.ts";
import { pathOf, together } from "./pusher.ts";
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
const AFTER_MS_MAX = 240_000;
const LOOK_MS = 200;
const LOG_MS = 30_000;
/** Where nothing was misplaced for so long nothing will be: sweeps have followed. */
const SETTLED_MS = 8_000;
/** Not what the groups hold: a POST has to bring that along. */
const BODY = [1, 2, 3, 4, 5].map((step) => `restore_step_seconds{step="${step}"} 2.5\n`).join("");

/**
 * Fills three members that check nothing, adds a fourth by a reload, and pushes to every group.
 *
 * @throws {Error} where something does not start or the reload fails; the signal's reason
 */
export async function runScaleOut({ signal, log }: HandoffOptions): Promise<ScaleOutResult> {
  const { pushgateway: component, nginx } = await ensureComponents(["pushgateway", "nginx"]);
  signal.throwIfAborted();
  await using stack = new AsyncDisposableStack();
  const directory = await Deno.makeTempDir({ prefix: "bench-" });
  stack.defer(() => Deno.remove(directory, { recursive: true }));
  const gateways: string[] = [];
  for (let i = 0; i <= OLD; i++) {
    const gateway = stack.use(await startPushgateway({ component, flags: UNCHECKED }));
    gateways.push(gateway.address);
  }
  const counted = stack.use(await startCounted(nginx, { gateways, directory }));
  const old = counted.addresses.slice(0, OLD);
  log(`handoff: filling ${OLD} Pushgateways with ${GROUPS} groups`);
  await fill(old, { groups: GROUPS, directory, signal });

  const [port, stallsPort] = freePorts(2);
  const url = `http://127.0.0.1:${port}`;
  const options = { port, mode: "proxy", directory, flags: ["--web.enable-lifecycle"] } as const;
  const deno = watchStalls(stallsPort);
  stack.use(await startService({ ...options, members: old, deno }));
  const pushing = push(url, signal);
  stack.defer(() => pushing.stop());
  await sleep(BEFORE_MS, signal);
  signal.throwIfAborted();
  await writeConfig({ ...options, members: counted.addresses });
  await readStalls(stallsPort, signal); // those of the start
  const before = await counted.reads();
  const began = performance.now();
  const response = await fetch(`${url}/-/reload`, { method: "POST", signal });
  await response.body?.cancel();
  if (!response.ok) throw new Error(`reload: expected 200, found ${response.status}`);
  pushing.everyGroup();
  const { end, reads, ...outcome } = await followMisplaced(url, { began, counted, signal, log });
  const stalls = await readStalls(stallsPort, signal);
  await pushing.stop();
  const answered = pushing.answered.filter(({ at }) => at >= began && at <= end);
  return {
    ...outcome,
    seconds: (end - began) / 1_000,
    reads: reads.slice(0, OLD).map((after, i) => ({
      text: after.text - before[i].text,
      json: after.json - before[i].json,
      protobuf: after.protobuf - before[i].protobuf,
    })),
    latenciesMs: answered.map(({ ms }) => ms),
    refused: answered.filter(({ ok }) => !ok).length,
    stalls,
  };
}

/** Waits until nothing is misplaced, and stays so. */
async function followMisplaced(
  url: string,
  { began, counted, signal, log }: HandoffOptions & {
    readonly began: number;
    readonly counted: Counted;
  },
): Promise<{ misplaced: number; left: number; end: number; reads: Reads[] }> {
  let [misplaced, logged] = [0, began];
  let settled: { end: number; reads: Reads[] } | undefined;
  for (;;) {
    await sleep(LOOK_MS, signal);
    signal.throwIfAborted();
    const left = (await readMetrics(url, signal))("handoff_misplaced_groups");
    const now = performance.now();
    misplaced = Math.max(misplaced, left);
    if (left > 0) settled = undefined;
    else if (misplaced > 0) settled ??= { end: now, reads: await counted.reads() };
    if (settled && now - settled.end > SETTLED_MS) return { misplaced, left, ...settled };
    if (now - began > AFTER_MS_MAX) {
      log(`handoff: scale-out: ${left} of ${misplaced} groups are left where they were`);
      return { misplaced, left, end: now, reads: await counted.reads() };
    }
    if (now - logged < LOG_MS) continue;
    logged = now;
    log(`handoff: scale-out: ${left} of ${misplaced} groups are misplaced`);
  }
}

/** One push that was answered. */
interface Answered {
  /** When it was sent. */
  readonly at: number;
  readonly ms: number;
  readonly ok: boolean;
}

/** Pushes to random groups until it is stopped. */
function push(url: string, signal: AbortSignal) {
  const answered: Answered[] = [];
  const over = new AbortController();
  let due: number[] = [];
  const pushOne = async (group: number, signal: AbortSignal) => {
    const at = performance.now();
    const response = await fetch(`${url}${pathOf(group)}`, { method: "POST", body: BODY, signal });
    await response.body?.cancel();
    answered.push({ at, ms: performance.now() - at, ok: response.ok });
    if (!response.ok) due.unshift(group);
  };
  const ended = together(CONNECTIONS, AbortSignal.any([signal, over.signal]), async (signal) => {
    while (!signal.aborted) {
      await pushOne(due.pop() ?? Math.floor(Math.random() * GROUPS), signal);
    }
  }).catch((error) => {
    if (!over.signal.aborted) throw error;
  });
  ended.catch(() => {}); // told by `stop`
  return {
    answered,
    /** Begins to push once to each group. */
    everyGroup() {
      due = shuffled(Array.from({ length: GROUPS }, (_, i) => i));
    },
    async stop() {
      over.abort();
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
