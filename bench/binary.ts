/**
 * What the compiled program weighs, beside a compiled bare `Deno.serve`: its file, its start, and its
 * memory once it has redirected pushes.
 *
 * @module
 */

import { bundle, compile, readSource } from "../tools/build.ts";
import { ensureComponents } from "../tools/components.ts";
import { freePort } from "../tools/ports.ts";
import { type Process, startProcess } from "../tools/process.ts";
import { memoryBytes } from "./cpu.ts";
import { ROOT } from "../tools/program.ts";
import { answers, writeConfig } from "./service.ts";
import { MEMBERS, startMember } from "./targets.ts";
import { CONNECTIONS, runWrk } from "./wrk.ts";

/** What is compared. */
export const PROGRAMS = ["ours", "bare"] as const;
export type Program = (typeof PROGRAMS)[number];

/** What was measured of one program. */
export interface Weight {
  readonly fileBytes: number;
  /** From the start of the process until it answers that it is ready, round by round. */
  readonly readyMs: readonly number[];
  /** Resident, after the pushes of `loads` of one process, round by round. */
  readonly loads: readonly Load[];
}

/** What one process took. */
export interface Load {
  readonly pushes: number;
  readonly residentBytes: number;
}

export type BinaryResult = Readonly<Record<Program, Weight>>;

/** How to run it. */
export interface BinaryOptions {
  readonly signal: AbortSignal;
  /** Takes progress, a line each. */
  readonly log: (line: string) => void;
}

const STARTS = 20;
const LOADS = 5;
const PUSHES = 100_000;
const WRK_SECONDS = 2;
const READY_EVERY_MS = 2;

/**
 * Compiles both with the Deno that runs this, starts them again and again, and loads each.
 *
 * @throws {Error} where Deno has no runtime to compile with, or a program does not start; the signal's
 *   reason
 */
export async function runBinary({ signal, log }: BinaryOptions): Promise<BinaryResult> {
  await using stack = new AsyncDisposableStack();
  const directory = await Deno.makeTempDir({ prefix: "bench-" });
  stack.defer(() => Deno.remove(directory, { recursive: true }));
  const file = (name: Program) => `${directory}/${name}`;
  log("binary: compiling");
  await compile({ bundled: await bundle(await readSource()), output: file("ours") });
  await compile({ bundled: `${ROOT}bench/bare_server.ts`, output: file("bare") });
  signal.throwIfAborted();

  const members = Array.from({ length: MEMBERS }, () => {
    const server = stack.use(startMember());
    return `127.0.0.1:${server.addr.port}`;
  });
  const launch = (name: Program) => startProgram(file(name), { name, members, directory });
  const readyMs: Record<Program, number[]> = { ours: [], bare: [] };
  for (let round = 1; round <= STARTS; round++) {
    for (const name of PROGRAMS) {
      signal.throwIfAborted();
      const began = performance.now();
      await using _server = await launch(name);
      readyMs[name].push(performance.now() - began);
    }
  }
  log(`binary: started ${STARTS} times; pushing`);
  const loads: Record<Program, Load[]> = { ours: [], bare: [] };
  for (let round = 1; round <= LOADS; round++) {
    for (const name of PROGRAMS) {
      await using server = await launch(name);
      const pushes = await push(server.url, signal);
      const residentBytes = await memoryBytes(server.process.pid, "VmRSS");
      loads[name].push({ pushes, residentBytes });
    }
    log(`binary: loaded ${round} of ${LOADS} times`);
  }
  const weigh = async (name: Program): Promise<Weight> => ({
    fileBytes: (await Deno.stat(file(name))).size,
    readyMs: readyMs[name],
    loads: loads[name],
  });
  return { ours: await weigh("ours"), bare: await weigh("bare") };
}

interface Server extends AsyncDisposable {
  readonly process: Process;
  readonly url: string;
}

async function startProgram(
  file: string,
  { name, members, directory }: {
    name: Program;
    members: readonly string[];
    directory: string;
  },
): Promise<Server> {
  const port = freePort();
  const url = `http://127.0.0.1:${port}`;
  const config = { port, mode: "redirect", members, directory } as const;
  const ready = {
    ours: (signal: AbortSignal) => answers(`${url}/-/ready`, 200, signal),
    bare: (signal: AbortSignal) => answers(`${url}/`, 307, signal),
  }[name];
  const args = name === "ours"
    ? [`--config.file=${await writeConfig(config)}`]
    : [String(port), members[0]];
  const process = await startProcess(file, {
    name,
    args,
    ready: ({ signal }) => ready(signal),
    readyEveryMs: READY_EVERY_MS,
  });
  return { process, url, [Symbol.asyncDispose]: () => process[Symbol.asyncDispose]() };
}

async function push(url: string, signal: AbortSignal): Promise<number> {
  const { wrk } = await ensureComponents(["wrk"]);
  let pushes = 0;
  while (pushes < PUSHES) {
    const options = { wrk, url, seconds: WRK_SECONDS, connections: CONNECTIONS, signal };
    pushes += (await runWrk(options)).requests;
  }
  return pushes;
}
