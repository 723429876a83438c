/**
 * What the page of all groups costs: its CPU beside a bare proxy that sends the same pages one after the
 * other, its memory, and how long the event loop stands still.
 *
 * @module
 */

import { freePorts } from "../tools/ports.ts";
import { type Process, startProcess } from "../tools/process.ts";
import { cpuSeconds, memoryBytes } from "./cpu.ts";
import { anyGroups, type Members, startMembers } from "./handoff_members.ts";
import { readStalls, type Stalls, watchStalls } from "./handoff_stalls.ts";
import { ROOT } from "../tools/program.ts";
import { answers, startService } from "./service.ts";

/** As clients ask for it. */
export const ENCODINGS = ["identity", "gzip"] as const;
export type Encoding = (typeof ENCODINGS)[number];
/** Each group is where it belongs, or a quarter of them is not. */
export const PLACES = ["in place", "out of place"] as const;
export type Place = (typeof PLACES)[number];

/** CPU milliseconds of a page. */
export interface PageCpu {
  readonly ours: number;
  readonly bare: number;
}

/** What was measured of groups that lie so. */
export interface PlacedResult {
  /** By round. */
  readonly cpu: Readonly<Record<Encoding, readonly PageCpu[]>>;
  /** While pages were made. */
  readonly stalls: Stalls;
  /** Of our process: once it is ready, and the most that it has ever had, in bytes. */
  readonly readyBytes: number;
  readonly peakBytes: number;
}

export type PushedResult = Readonly<Record<Place, PlacedResult>>;

/** How to run it. */
export interface PushedOptions {
  readonly signal: AbortSignal;
  /** Takes progress, a line each. */
  readonly log: (line: string) => void;
}

const MEMBERS = 4;
/** Of all members together. */
const GROUPS = 40_000;
const ROUNDS = 5;
const PAGES_A_ROUND = 3;
const STALL_PAGES = 10;

/**
 * Fills Pushgateways, reads pages of both servers in turn, and stops all.
 *
 * @throws {Error} where something does not start, or does not answer; the signal's reason
 */
export async function runPushed(options: PushedOptions): Promise<PushedResult> {
  return {
    "in place": await measure("in place", options),
    "out of place": await measure("out of place", options),
  };
}

async function measure(place: Place, { signal, log }: PushedOptions): Promise<PlacedResult> {
  log(`pushed: filling ${MEMBERS} Pushgateways with ${GROUPS} groups, ${place}`);
  await using members = await startMembers({
    count: MEMBERS,
    groups: anyGroups(GROUPS),
    filled: place === "in place" ? MEMBERS : MEMBERS - 1,
    signal,
  });
  const { addresses, directory } = members;
  await using stack = new AsyncDisposableStack();
  const [port, watchedPort, stallsPort, barePort] = freePorts(4);
  const common = { mode: "redirect", members: addresses, directory } as const;
  const ours = stack.use(await startService({ ...common, port }));
  const bare = stack.use(await startBare(barePort, members));
  const readyBytes = await memoryBytes(ours.pid, "VmRSS");
  const servers = { ours: { pid: ours.pid, port }, bare: { pid: bare.pid, port: barePort } };

  const cpu: Record<Encoding, PageCpu[]> = { identity: [], gzip: [] };
  for (let round = 0; round <= ROUNDS; round++) {
    for (const encoding of ENCODINGS) {
      const used = { ours: 0, bare: 0 };
      const order = ["ours", "bare"] as const;
      for (const name of round % 2 === 0 ? order : order.toReversed()) {
        used[name] = await cpuOfPage(servers[name], encoding, signal);
      }
      if (round === 0) continue; // to warm up
      cpu[encoding].push(used);
      const told = `ours ${used.ours.toFixed(0)} ms, bare ${used.bare.toFixed(0)} ms`;
      log(`pushed: ${place}, ${encoding}: CPU a page: ${told}`);
    }
  }
  const peakBytes = await memoryBytes(ours.pid, "VmHWM");

  const program = watchStalls(stallsPort);
  stack.use(await startService({ ...common, port: watchedPort, program }));
  await readPage(watchedPort, "gzip", signal);
  await readStalls(stallsPort, signal); // those of the start
  for (let i = 0; i < STALL_PAGES; i++) await readPage(watchedPort, ENCODINGS[i % 2], signal);
  return { cpu, stalls: await readStalls(stallsPort, signal), readyBytes, peakBytes };
}

async function startBare(port: number, { addresses }: Members): Promise<Process> {
  return await startProcess(Deno.execPath(), {
    name: "cat server",
    args: ["run", "--allow-net", "bench/cat_server.ts", String(port), ...addresses],
    cwd: ROOT,
    ready: ({ signal }) => answers(`http://127.0.0.1:${port}/`, 200, signal),
  });
}

async function cpuOfPage(
  { pid, port }: { readonly pid: number; readonly port: number },
  encoding: Encoding,
  signal: AbortSignal,
): Promise<number> {
  const before = await cpuSeconds(pid);
  for (let i = 0; i < PAGES_A_ROUND; i++) await readPage(port, encoding, signal);
  return (await cpuSeconds(pid) - before) * 1_000 / PAGES_A_ROUND;
}

/** Reads a page to its end. @throws {Error} where it is none; the signal's reason */
async function readPage(port: number, encoding: Encoding, signal: AbortSignal): Promise<void> {
  const headers = { "accept-encoding": encoding };
  const answer = await fetch(`http://127.0.0.1:${port}/pushed`, { headers, signal });
  let bytes = 0;
  for await (const part of answer.body ?? []) bytes += part.length;
  if (answer.status !== 200 || bytes < GROUPS) {
    throw new Error(`expected a page, found status ${answer.status} and ${bytes} bytes`);
  }
}
