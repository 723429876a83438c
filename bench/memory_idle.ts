/**
 * What a connection costs that has brought one push and stays: resident memory before, with thousands
 * of them, and after they are closed.
 *
 * @module
 */

import { sleep } from "../src/concurrency/backoff.ts";
import { type Component, ensureComponents } from "../tools/components.ts";
import { freePort } from "../tools/ports.ts";
import { residentBytes } from "./cpu.ts";
import { openIdle } from "./idle_connections.ts";
import type { MemoryOptions } from "./memory.ts";
import { connectionsMax } from "./open_files.ts";
import type { Program } from "../tools/program.ts";
import { startService } from "./service.ts";
import { MEMBERS, startMember, startRedirect, type Starts } from "./targets.ts";
import { CONNECTIONS, runWrk } from "./wrk.ts";

/** What is compared; all redirect. */
export const IDLE_TARGETS = ["ours", "1.0.0", "nginx"] as const;
export type IdleTargetName = (typeof IDLE_TARGETS)[number];

/** Of one process. */
export interface IdleWeight {
  /** Warm, and without connections. */
  readonly beforeBytes: number;
  /** With all of them, which do nothing. */
  readonly withBytes: number;
  /** Seconds after they are closed. */
  readonly afterBytes: number;
  /** After more pushes: V8 collects nothing while nothing is asked of it. */
  readonly reusedBytes: number;
}

/** What was measured. */
export interface IdleResult {
  /** How many there were. */
  readonly connections: number;
  /** A server that could not be had is missing in each. */
  readonly rounds: readonly Readonly<Partial<Record<IdleTargetName, IdleWeight>>>[];
}

const IDLE_CONNECTIONS = 10_000;
/** nginx closes idle ones when fewer than a sixteenth of what it may have are left. */
const NGINX_CONNECTIONS = 12_000;
const ROUNDS_MAX = 3;
/**
 * Of as many pushes as are answered, before: else the memory that the first hundred thousand bring for
 * good would count for the connections.
 */
const WARM_UP_SECONDS = 6;
/** Until what has just been done is over. */
const SETTLE_MS = 3_000;
/** Until what closed connections held should have been given back. */
const CLOSED_MS = 5_000;

/**
 * Starts each server anew in each round, one at a time.
 *
 * @throws {Error} where one does not start, does not answer or closes a connection by itself; the
 *   signal's reason
 */
export async function runIdle(
  { ours, earlier, rounds, signal, log }: MemoryOptions & {
    readonly ours?: Program;
    readonly earlier?: Program;
  },
): Promise<IdleResult> {
  const { wrk, nginx } = await ensureComponents(["wrk", "nginx"]);
  const most = await connectionsMax();
  const connections = Math.min(IDLE_CONNECTIONS, most);
  if (connections < IDLE_CONNECTIONS) {
    log(`memory: ${connections} connections, not ${IDLE_CONNECTIONS}, for want of open files`);
  }
  await using stack = new AsyncDisposableStack();
  const directory = await Deno.makeTempDir({ prefix: "bench-" });
  stack.defer(() => Deno.remove(directory, { recursive: true }));
  const members = Array.from({ length: MEMBERS }, () => {
    const server = stack.use(startMember());
    return `127.0.0.1:${server.addr.port}`;
  });
  const service = { mode: "redirect", members, directory } as const;
  const redirect = { directory, member: members[0], connections: NGINX_CONNECTIONS };
  const starts: Starts<IdleTargetName> = {
    ours: (port) => startService({ ...service, port, program: ours }),
    "1.0.0": earlier && ((port) => startService({ ...service, port, program: earlier })),
    nginx: (port) => startRedirect(nginx, port, redirect),
  };
  const result: Partial<Record<IdleTargetName, IdleWeight>>[] = [];
  const count = Math.min(rounds, ROUNDS_MAX);
  for (let round = 1; round <= count; round++) {
    const weights: Partial<Record<IdleTargetName, IdleWeight>> = {};
    for (const name of IDLE_TARGETS) {
      const port = freePort();
      await using process = await starts[name]?.(port);
      if (process) {
        weights[name] = await weigh({ pid: process.pid, port, connections, wrk, signal });
      }
    }
    result.push(weights);
    const each = Object.entries(weights).map(([name, { beforeBytes, withBytes }]) =>
      `${name} ${((withBytes - beforeBytes) / connections / 1e3).toFixed(1)}`
    );
    log(`memory: round ${round} of ${count}, kB an idle connection: ${each.join(", ")}`);
  }
  return { connections, rounds: result };
}

async function weigh(
  { pid, port, connections, wrk, signal }: {
    readonly pid: number;
    readonly port: number;
    readonly connections: number;
    readonly wrk: Component;
    readonly signal: AbortSignal;
  },
): Promise<IdleWeight> {
  const read = async (afterMs: number) => {
    await sleep(afterMs, signal);
    signal.throwIfAborted();
    return await residentBytes(pid);
  };
  const url = `http://127.0.0.1:${port}`;
  const pushes = { wrk, url, seconds: WARM_UP_SECONDS, connections: CONNECTIONS, signal };
  await runWrk(pushes);
  const beforeBytes = await read(SETTLE_MS);
  let withBytes: number;
  {
    using idle = await openIdle({ port, count: connections, status: 307, signal });
    withBytes = await read(SETTLE_MS);
    if (idle.lost() > 0) {
      throw new Error(`${url}: expected ${connections} idle connections, lost ${idle.lost()}`);
    }
  }
  const afterBytes = await read(CLOSED_MS);
  await runWrk(pushes);
  return { beforeBytes, withBytes, afterBytes, reusedBytes: await read(SETTLE_MS) };
}
