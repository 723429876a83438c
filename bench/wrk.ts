/** Runs wrk, which is Debian's, against one server. @module */

import type { Component } from "../tools/components.ts";
import { startProcess } from "../tools/process.ts";

/**
 * Connections that are kept alive, unless a run is told otherwise: the released program was measured
 * with as many.
 */
export const CONNECTIONS = 64;

/** What every run has in common, so that runs can be compared. */
export interface WrkOptions {
  readonly wrk: Component;
  readonly url: string;
  readonly seconds: number;
  readonly connections: number;
  /** Requests a second; absent: as many as are answered. */
  readonly rate?: number;
  readonly signal: AbortSignal;
}

/** What `push.lua` prints at the end of a run. */
export interface WrkResult {
  readonly requests: number;
  /** Broken connections, timeouts, and answers above 399. */
  readonly failed: number;
  readonly microseconds: number;
  readonly p50Microseconds: number;
  readonly p99Microseconds: number;
}

const SCRIPT = new URL("push.lua", import.meta.url).pathname;

/**
 * Pushes for some seconds on one thread.
 *
 * @throws {Error} with wrk's output, where a request failed or wrk did; the signal's reason
 */
export async function runWrk(options: WrkOptions): Promise<WrkResult> {
  const { wrk, url, seconds, connections, rate, signal } = options;
  const args = ["-t1", `-c${connections}`, `-d${seconds}s`, "--timeout=5s", "-s", SCRIPT, url];
  if (rate) args.push(String(rate));
  await using process = await startProcess(wrk.command, { name: "wrk", args, env: wrk.env });
  const stop = () => process.kill("SIGTERM");
  signal.addEventListener("abort", stop);
  const { success } = await process.exited;
  signal.removeEventListener("abort", stop);
  signal.throwIfAborted();

  const output = process.output().trimEnd();
  const json = output.slice(output.lastIndexOf("\n") + 1);
  const result = success && json.startsWith("{") ? JSON.parse(json) as WrkResult : undefined;
  if (!result || result.requests === 0 || result.failed > 0) {
    throw new Error(`wrk ${url}: expected every push to be answered, found:\n${output}`);
  }
  return result;
}
