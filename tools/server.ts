/** A program that can be killed and come back on the same ports, as often as a test likes. @module */

import type { Process } from "./process.ts";

/** A server, running or not. Disposal stops it and removes what it kept on disk. */
export interface Server extends AsyncDisposable {
  /** Of the latest run. */
  pid(): number;
  /** The end of what the latest run has printed. */
  output(): string;
  /** Sends a signal, as SIGSTOP to make it hang; does not wait for anything. */
  kill(signal: Deno.Signal): void;
  /** SIGKILL, and the exit awaited: it loses what it has not written. */
  kill9(): Promise<void>;
  /** SIGTERM (SIGKILL where that takes too long), and the exit awaited. */
  stop(): Promise<void>;
  /** Starts it again, on the same ports, after `stop` or `kill9`; ready when this resolves. */
  start(): Promise<void>;
}

/**
 * Starts a server that knows how to start again.
 *
 * @param launch starts one run and resolves when it is ready
 * @param cleanUp called once, after the last run has ended, also when the first one fails
 * @throws what the first launch throws
 */
export async function startServer(
  launch: () => Promise<Process>,
  cleanUp: () => Promise<void> = () => Promise.resolve(),
): Promise<Server> {
  let run: Process;
  try {
    run = await launch();
  } catch (error) {
    await cleanUp();
    throw error;
  }
  let running = false;
  let disposed = false;
  const watch = () => {
    running = true;
    const watched = run;
    watched.exited.then(() => {
      if (run === watched) running = false;
    });
  };
  watch();
  const server: Server = {
    pid: () => run.pid,
    output: () => run.output(),
    kill: (signal) => run.kill(signal),
    kill9: async () => {
      run.kill("SIGKILL");
      await run.exited;
    },
    stop: async () => {
      await run.stop();
    },
    start: async () => {
      if (running || disposed) {
        throw new Error(
          `expected a stopped server, found ${disposed ? "a disposed" : "a running"}`,
        );
      }
      run = await launch();
      watch();
    },
    [Symbol.asyncDispose]: async () => {
      if (disposed) return;
      disposed = true;
      try {
        await server.stop();
      } finally {
        await cleanUp();
      }
    },
  };
  return server;
}

/** A directory of a server's own. */
export interface TemporaryDirectory {
  readonly path: string;
  /** Removes what is in it. */
  empty(): Promise<void>;
  remove(): Promise<void>;
}

/** Makes a temporary directory; whoever makes it removes it. */
export async function temporaryDirectory(prefix: string): Promise<TemporaryDirectory> {
  const path = await Deno.makeTempDir({ prefix: `${prefix}-` });
  return {
    path,
    empty: async () => {
      for await (const { name } of Deno.readDir(path)) {
        await Deno.remove(`${path}/${name}`, { recursive: true });
      }
    },
    remove: () => Deno.remove(path, { recursive: true }),
  };
}

const ANSWER_MS_MAX = 10_000;

/**
 * One request, its body read to the end.
 *
 * @throws {Error} when the whole answer takes more than 10 s
 */
export async function request(
  url: string,
  init: RequestInit & { readonly client?: Deno.HttpClient } = {},
): Promise<{ status: number; text: string }> {
  const late = new AbortController();
  const timer = setTimeout(
    () => late.abort(new Error(`${url}: no whole answer in ${ANSWER_MS_MAX} ms`)),
    ANSWER_MS_MAX,
  );
  const signal = init.signal ? AbortSignal.any([init.signal, late.signal]) : late.signal;
  try {
    const response = await fetch(url, { ...init, signal });
    return { status: response.status, text: await response.text() };
  } finally {
    clearTimeout(timer);
  }
}
