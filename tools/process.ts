/**
 * A program that runs beside us: started, awaited until it is ready, and gone when its scope ends.
 *
 * Knows nothing of which program it is; `consul.ts`, `pushgateway.ts` and `prometheus.ts` do.
 *
 * @module
 */

import { waitFor } from "./wait.ts";

/** What a readiness check may look at. */
export interface Probe {
  /** Aborts when the deadline has passed or the program has exited. */
  readonly signal: AbortSignal;
  /** The end of what the program has printed, standard output and error as they came. */
  readonly output: string;
}

/** How to start a program. */
export interface ProcessOptions {
  /** Names the program in errors; the command's base name by default. */
  readonly name?: string;
  readonly args?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
  /** Whether the program is ready. One that throws is asked again. Absent: ready at once. */
  readonly ready?: (probe: Probe) => boolean | Promise<boolean>;
  readonly readyMsMax?: number;
  /** How long between two questions. */
  readonly readyEveryMs?: number;
  /** Told all that it prints, as it comes: `output` keeps the end only. */
  readonly onOutput?: (text: string) => void;
  /** How long SIGTERM may take before SIGKILL follows. */
  readonly stopMsMax?: number;
}

/** A running program. Disposal stops it. */
export interface Process extends AsyncDisposable {
  readonly pid: number;
  /** Resolves when the program has exited and its output has been read. Never rejects. */
  readonly exited: Promise<Deno.CommandStatus>;
  /** The end of what it has printed. */
  output(): string;
  /** Sends a signal; nothing happens where the program has exited already. */
  kill(signal: Deno.Signal): void;
  /** SIGTERM, SIGKILL when that takes too long, and the exit awaited. */
  stop(): Promise<Deno.CommandStatus>;
}

const READY_MS_MAX = 30_000;
const STOP_MS_MAX = 5_000;
const OUTPUT_CHARACTERS_MAX = 16_384;
/** A grandchild may hold the pipes open after the program itself has exited. */
const OUTPUT_AFTER_EXIT_MS_MAX = 500;

/**
 * Starts a program and waits until it is ready.
 *
 * @throws {Error} with the program's output, when it exits before it is ready or is not ready in
 *   time; it does not run on then
 * @throws {Deno.errors.NotFound} when there is no such command
 */
export async function startProcess(
  command: string,
  options: ProcessOptions = {},
): Promise<Process> {
  const { name = command.slice(command.lastIndexOf("/") + 1), ready } = options;
  const process = spawn(command, options);
  if (ready === undefined) return process;

  const exit = new AbortController();
  const gone = process.exited.then((status) => exit.abort(status));
  try {
    await waitFor((signal) => ready({ signal, output: process.output() }), {
      what: `${name} to be ready`,
      msMax: options.readyMsMax ?? READY_MS_MAX,
      everyMs: options.readyEveryMs,
      signal: exit.signal,
    });
    return process;
  } catch (error) {
    const early = exit.signal.aborted;
    const { code, signal } = await process.stop();
    await gone;
    const why = early
      ? `${name} exited with ${signal ?? `code ${code}`} before it was ready`
      : (error as Error).message;
    const cause = early ? undefined : (error as Error).cause;
    const output = process.output().trimEnd();
    throw new Error(`${why}; its output ended:\n${output === "" ? "(none)" : output}`, { cause });
  }
}

function spawn(command: string, options: ProcessOptions): Process {
  const child = new Deno.Command(command, {
    args: [...options.args ?? []],
    env: { ...options.env },
    cwd: options.cwd,
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  }).spawn();

  let tail = "";
  const append = (text: string) => {
    tail = (tail + text).slice(-OUTPUT_CHARACTERS_MAX);
    options.onOutput?.(text);
  };
  const readers = [child.stdout.getReader(), child.stderr.getReader()];
  const drained = Promise.all(readers.map((reader) => drain(reader, append)));
  const exited = (async () => {
    const status = await child.status;
    const timer = setTimeout(() => {
      for (const reader of readers) reader.cancel().catch(() => {});
    }, OUTPUT_AFTER_EXIT_MS_MAX);
    await drained;
    clearTimeout(timer);
    return status;
  })();

  const kill = (signal: Deno.Signal) => {
    try {
      child.kill(signal);
    } catch (error) {
      if (!(error instanceof TypeError) && !(error instanceof Deno.errors.NotFound)) throw error;
    }
  };
  const stop = async () => {
    kill("SIGTERM");
    kill("SIGCONT"); // one that a test has paused with SIGSTOP would not hear the SIGTERM
    const timer = setTimeout(() => kill("SIGKILL"), options.stopMsMax ?? STOP_MS_MAX);
    const status = await exited;
    clearTimeout(timer);
    return status;
  };
  return {
    pid: child.pid,
    exited,
    output: () => tail,
    kill,
    stop,
    [Symbol.asyncDispose]: async () => {
      await stop();
    },
  };
}

async function drain(
  reader: ReadableStreamDefaultReader<Uint8Array>,
  append: (text: string) => void,
): Promise<void> {
  const decoder = new TextDecoder();
  while (true) {
    const { done, value } = await reader.read();
    if (done) break;
    append(decoder.decode(value, { stream: true }));
  }
}
