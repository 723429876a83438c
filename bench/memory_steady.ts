/** Whether memory stays as it is while millions of pushes are passed on. @module */

import { sleep } from "../src/concurrency/backoff.ts";
import { ensureComponents } from "../tools/components.ts";
import { freePorts } from "../tools/ports.ts";
import { residentBytes } from "./cpu.ts";
import type { Program } from "../tools/program.ts";
import { startStubs } from "./proxy_targets.ts";
import { startService } from "./service.ts";
import { CONNECTIONS, runWrk } from "./wrk.ts";

/** What the service had at a moment. */
export interface Reading {
  /** Since the first. */
  readonly seconds: number;
  readonly residentBytes: number;
}

/** What was measured of one process. */
export interface SteadyResult {
  readonly pushes: number;
  readonly seconds: number;
  /** Every few seconds; the first is from before the first push, the last from after the last. */
  readonly readings: readonly Reading[];
}

/** How to measure. */
export interface SteadyOptions {
  /** What it is called in the log. */
  readonly name: string;
  /** Absent: this repository, from source. */
  readonly program?: Program;
  readonly pushes: number;
  readonly signal: AbortSignal;
  /** Takes progress, a line each. */
  readonly log: (line: string) => void;
}

const READ_EVERY_MS = 5_000;
const WRK_SECONDS_MAX = 30;
/** Ends also what would take longer; the result says how many pushes there were. */
const PUSHING_MS_MAX = 1_800_000;

/**
 * Passes pushes on to one nginx, so many or some more.
 *
 * @throws {Error} where the service does not start or a push is not answered; the signal's reason
 */
export async function runSteady(options: SteadyOptions): Promise<SteadyResult> {
  const { name, program, signal, log } = options;
  const { wrk, nginx } = await ensureComponents(["wrk", "nginx"]);
  await using stack = new AsyncDisposableStack();
  const directory = await Deno.makeTempDir({ prefix: "bench-" });
  stack.defer(() => Deno.remove(directory, { recursive: true }));
  const [port, memberPort] = freePorts(2);
  const members = [`127.0.0.1:${memberPort}`];
  stack.use(await startStubs(nginx, { directory, members }));
  const service = stack.use(
    await startService({ port, mode: "proxy", members, directory, program }),
  );

  const began = performance.now();
  const passed = () => performance.now() - began;
  const readings: Reading[] = [];
  const read = async () => {
    const bytes = await residentBytes(service.pid);
    readings.push({ seconds: passed() / 1_000, residentBytes: bytes });
  };
  const [over, failed] = [new AbortController(), new AbortController()];
  const reading = (async () => {
    while (!over.signal.aborted) {
      await read();
      await sleep(READ_EVERY_MS, over.signal);
    }
  })().catch((error) => failed.abort(error));
  const either = AbortSignal.any([signal, failed.signal]);
  const url = `http://127.0.0.1:${port}`;
  let pushes = 0;
  try {
    for (let seconds = 1; pushes < options.pushes && passed() < PUSHING_MS_MAX;) {
      const wrkOptions = { wrk, url, seconds, connections: CONNECTIONS, signal: either };
      pushes += (await runWrk(wrkOptions)).requests;
      const left = (options.pushes - pushes) / pushes * passed() / 1_000;
      seconds = Math.min(WRK_SECONDS_MAX, Math.max(1, Math.ceil(left)));
      const mb = (readings[readings.length - 1].residentBytes / 1e6).toFixed(0);
      log(`memory: ${name}: ${pushes} of ${options.pushes} pushes passed on, ${mb} MB`);
    }
  } finally {
    over.abort();
    await reading;
  }
  await read();
  return { pushes, seconds: passed() / 1_000, readings };
}
