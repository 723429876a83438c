/**
 * What sweeping 100,000 groups costs: its time, its memory, how long the event loop stands still, and
 * what redirects feel of it.
 *
 * @module
 */

import { sleep } from "../src/concurrency/backoff.ts";
import { ensureComponents } from "../tools/components.ts";
import { freePorts } from "../tools/ports.ts";
import { type Process, startProcess } from "../tools/process.ts";
import { cpuSeconds, memoryBytes } from "./cpu.ts";
import type { HandoffOptions } from "./handoff_builds.ts";
import { anyGroups, type Members, startMembers } from "./handoff_members.ts";
import { type Pulse, readStalls, type Stalls, takePulse, watchStalls } from "./handoff_stalls.ts";
import { ROOT } from "../tools/program.ts";
import { answers, readMetrics, startService } from "./service.ts";
import { runWrk } from "./wrk.ts";

/** The service that sweeps, the same one that does not, and a bare `Deno.serve` beside them. */
export const SWEEP_TARGETS = ["ours", "idle", "bare"] as const;
export type SweepTarget = (typeof SWEEP_TARGETS)[number];

/** What was measured of one server while all were watched. */
export interface Watched {
  readonly pulse: Pulse;
  readonly stalls: Stalls;
  /** The most that it has ever had in memory. */
  readonly peakBytes: number;
  /** What it used while it was watched. */
  readonly cpuSeconds: number;
}

/** Reads of single members, which hold equally many groups. */
export interface Reads {
  readonly count: number;
  /** Of those that ended between two looks, on average. */
  readonly seconds: readonly number[];
}

/** p99 of redirects in ms: without any sweep, beside one of another instance, and during their own. */
export interface SweepRound {
  readonly without: number;
  readonly beside: number;
  readonly during: number;
}

/** What came of it. */
export interface SweepResult {
  readonly groups: number;
  /** Each member is read for itself. */
  readonly reads: Reads;
  readonly watched: Readonly<Record<SweepTarget, Watched>>;
  readonly paced: readonly SweepRound[];
  readonly full: readonly SweepRound[];
}

export const MEMBERS = 4;
const GROUPS = 100_000;
const WATCH_SECONDS = 75;
/** A look costs the service a millisecond. */
const LOOK_MS = 500;
const CONNECTIONS = 32;
/** A sweep has to take longer. */
const WRK_SECONDS = 2;
const PACED_RATE = 2_000;
const ROUNDS = 6;
const TRIES_MAX = 12;
const SWEEP_MS_MAX = 60_000;
/** After a ring change sweeps follow by themselves, the last of them begins after five seconds. */
const FOLLOW_UPS_MS = 8_000;

/**
 * Starts the members, fills them, watches sweeps, loads redirects, and stops all.
 *
 * @throws {Error} where something does not start, or does not answer; the signal's reason
 */
export async function runSweep(options: HandoffOptions): Promise<SweepResult> {
  const { signal, log } = options;
  log(`handoff: filling ${MEMBERS} Pushgateways with ${GROUPS} groups`);
  await using members = await startMembers({
    count: MEMBERS,
    groups: anyGroups(GROUPS),
    signal,
  });
  log(`handoff: watching sweeps for ${WATCH_SECONDS} s`);
  const watched = await watchSweeps(members, options);
  const seconds = watched.reads.seconds.map((s) => s.toFixed(2)).join(", ");
  log(`handoff: ${watched.reads.count} reads of a member, seconds: ${seconds}`);
  return { groups: GROUPS, ...watched, ...await loadRedirects(members, options) };
}

async function watchSweeps(
  { addresses, directory }: Members,
  { signal }: HandoffOptions,
): Promise<Pick<SweepResult, "reads" | "watched">> {
  await using stack = new AsyncDisposableStack();
  const ports = freePorts(SWEEP_TARGETS.length);
  const stallPorts = freePorts(SWEEP_TARGETS.length);
  const service = (i: number, handoff: string) =>
    startService({
      port: ports[i],
      mode: "redirect",
      members: addresses,
      directory,
      config: `handoff:\n  ${handoff}\n`,
      program: watchStalls(stallPorts[i]),
    });
  const processes = [
    stack.use(await service(0, "sweep_interval: 10s")),
    stack.use(await service(1, "enabled: false")),
    stack.use(await startBare(ports[2], stallPorts[2], addresses[0])),
  ];
  for (const port of stallPorts) await readStalls(port, signal); // those of the start
  const before = await Promise.all(processes.map(({ pid }) => cpuSeconds(pid)));
  const over = new AbortController();
  const sweeps = followSweeps(
    `http://127.0.0.1:${ports[0]}`,
    AbortSignal.any([signal, over.signal]),
  );
  try {
    const pulses = await takePulse(ports, { seconds: WATCH_SECONDS, signal });
    const watched = await Promise.all(SWEEP_TARGETS.map(async (name, i) => {
      const { pid } = processes[i];
      const one: Watched = {
        pulse: pulses[i],
        stalls: await readStalls(stallPorts[i], signal),
        peakBytes: await memoryBytes(pid, "VmHWM"),
        cpuSeconds: await cpuSeconds(pid) - before[i],
      };
      return [name, one];
    }));
    over.abort();
    return {
      reads: await sweeps,
      watched: Object.fromEntries(watched) as Record<SweepTarget, Watched>,
    };
  } finally {
    over.abort();
    await sweeps;
  }
}

async function startBare(port: number, stallsPort: number, member: string): Promise<Process> {
  const { command, ...options } = watchStalls(stallsPort, {
    command: Deno.execPath(),
    args: ["run", "bench/bare_server.ts", String(port), member],
    cwd: ROOT,
  });
  return await startProcess(command, {
    ...options,
    name: "bare Deno.serve",
    ready: ({ signal }) => answers(`http://127.0.0.1:${port}/`, 307, signal),
  });
}

/** The reads that end until the signal aborts. */
async function followSweeps(url: string, signal: AbortSignal): Promise<Reads> {
  const seconds: number[] = [];
  let [first, sum, count] = [0, 0, 0];
  while (!signal.aborted) {
    const metric = await readMetrics(url, signal).catch(() => undefined);
    const nextSum = metric?.("handoff_sweep_duration_seconds_sum") ?? NaN;
    const nextCount = metric?.("handoff_sweep_duration_seconds_count") ?? NaN;
    if (nextCount > count) {
      // Those before the first look came while members joined.
      if (count > 0) seconds.push((nextSum - sum) / (nextCount - count));
      else first = nextCount;
      [sum, count] = [nextSum, nextCount];
    }
    await sleep(LOOK_MS, signal);
  }
  return { count: count - first, seconds };
}

async function loadRedirects(
  { addresses: members, directory }: Members,
  { signal, log }: HandoffOptions,
): Promise<Pick<SweepResult, "paced" | "full">> {
  const { wrk } = await ensureComponents(["wrk"]);
  signal.throwIfAborted();
  await using stack = new AsyncDisposableStack();
  const [sweeping, idle] = freePorts(2);
  const common = { mode: "redirect", members, directory } as const;
  // It sweeps when it is asked to.
  const config = "handoff:\n  sweep_interval: 1h\n";
  stack.use(await startService({ ...common, port: sweeping, config }));
  const off = "handoff:\n  enabled: false\n";
  stack.use(await startService({ ...common, port: idle, config: off }));
  /** A plan begins with a sweep. */
  const sweep = async () => {
    const response = await fetch(`http://127.0.0.1:${sweeping}/api/v1/plan`, {
      signal: AbortSignal.any([signal, AbortSignal.timeout(SWEEP_MS_MAX)]),
    });
    const text = await response.text();
    if (!response.ok) throw new Error(`sweep: expected 200, found ${response.status}: ${text}`);
  };
  const p99Ms = async (port: number, rate?: number) => {
    const url = `http://127.0.0.1:${port}`;
    const options = { wrk, url, seconds: WRK_SECONDS, connections: CONNECTIONS, rate, signal };
    return (await runWrk(options)).p99Microseconds / 1_000;
  };
  const whileSweeping = async (port: number, rate?: number) => {
    const swept = sweep().then(() => performance.now());
    const [measured, end] = await Promise.all([
      p99Ms(port, rate).then((p99) => ({ p99, end: performance.now() })),
      swept,
    ]);
    if (end < measured.end) log("handoff: a sweep was over before the redirects were");
    return measured.p99;
  };

  await sleep(FOLLOW_UPS_MS, signal);
  await sweep(); // the last of those has ended then
  for (const port of [sweeping, idle]) await p99Ms(port);
  const ringBuilds = async () =>
    (await readMetrics(`http://127.0.0.1:${sweeping}`, signal))("ring_builds_total");
  const rounds = async (name: string, rate?: number) => {
    const result: SweepRound[] = [];
    for (let tries = 0; tries < TRIES_MAX && result.length < ROUNDS; tries++) {
      const before = await ringBuilds();
      const each = {
        without: await p99Ms(idle, rate),
        beside: await whileSweeping(idle, rate),
        during: await whileSweeping(sweeping, rate),
      };
      const shown = Object.entries(each).map(([name, ms]) => `${name} ${ms.toFixed(2)}`);
      log(`handoff: redirects ${name}, p99 ms: ${shown.join(", ")}`);
      if (await ringBuilds() === before) result.push(each);
      else log("handoff: a member was taken for dead meanwhile, so this round does not count");
    }
    return result;
  };
  return {
    paced: await rounds(`at ${PACED_RATE} a second`, PACED_RATE),
    full: await rounds("at full load"),
  };
}
