/** How long the event loops of servers stand still, measured from inside and from outside. @module */

import { startProcess } from "../tools/process.ts";
import { type Program, ROOT, sourceProgram } from "../tools/program.ts";

/** The times in which an event loop did nothing for anybody else. */
export interface Stalls {
  readonly longestMs: number;
  /** The longest without what passed in waiting for a core, which is the machine's doing. */
  readonly ownMs: readonly number[];
}

/** How one server answered a cheap request every two milliseconds. */
export interface Pulse {
  readonly answered: number;
  readonly medianMs: number;
  readonly p99Ms: number;
  readonly longestMs: number;
}

const PERMISSION = /^--(allow|deny|ignore)-/;

/**
 * A program of Deno's that tells its stalls on a port. It may do everything then, for that takes
 * /proc; what else Deno is told, as of V8's memory, stays.
 *
 * @param program this repository by default
 */
export function watchStalls(port: number, program: Program = sourceProgram(ROOT)): Program {
  const [run, ...args] = program.args;
  const preload = `--preload=${ROOT}bench/handoff_watch.ts`;
  const others = args.filter((arg) => !PERMISSION.test(arg));
  return {
    ...program,
    args: [run, "--allow-all", preload, ...others],
    env: { ...program.env, BENCH_STALLS_PORT: String(port) },
  };
}

/** The stalls since the last call. */
export async function readStalls(port: number, signal: AbortSignal): Promise<Stalls> {
  const response = await fetch(`http://127.0.0.1:${port}/`, { signal });
  return await response.json() as Stalls;
}

/**
 * Sends each server a request every two milliseconds from a process of its own.
 *
 * @param ports that answer `GET /-/healthy` with a body or a redirect
 * @throws {Error} where one does not answer; the signal's reason
 */
export async function takePulse(
  ports: readonly number[],
  { seconds, signal }: { seconds: number; signal: AbortSignal },
): Promise<Pulse[]> {
  await using process = await startProcess(Deno.execPath(), {
    name: "pulse",
    args: ["run", "--allow-net", "bench/handoff_pulse.ts", String(seconds), ...ports.map(String)],
    cwd: ROOT,
  });
  const stop = () => process.kill("SIGTERM");
  signal.addEventListener("abort", stop);
  const { success } = await process.exited;
  signal.removeEventListener("abort", stop);
  signal.throwIfAborted();
  if (!success) {
    throw new Error(`pulse: expected every request to be answered, found:\n${process.output()}`);
  }
  return JSON.parse(process.output()) as Pulse[];
}
