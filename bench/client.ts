/**
 * Our client of the members beside undici, in what is not hot: probes, pages, and moves of groups. Each
 * kind of work is done by a process of its own, client after client, round by round.
 *
 * @module
 */

import { ensureComponents } from "../tools/components.ts";
import { freePorts } from "../tools/ports.ts";
import type { Cost } from "./client_child.ts";
import type { Told } from "./client_failures.ts";
import { startMembers } from "./client_members.ts";
import { type ClientName, CLIENTS, WORK_NAMES, type WorkName } from "./client_work.ts";
import { ROOT } from "../tools/program.ts";

/** What can be imported at a start. */
export const IMPORTS = ["nothing", "ours", "undici", "both"] as const;
export type Import = (typeof IMPORTS)[number];

/** What a process took that imports a client and ends. */
export interface Start {
  readonly ms: number;
  readonly residentBytes: number;
}

/** What was measured. */
export interface ClientResult {
  /** Round by round. */
  readonly works: readonly Readonly<Record<WorkName, Readonly<Record<ClientName, Cost>>>>[];
  /** Round by round. */
  readonly starts: readonly Readonly<Record<Import, Start>>[];
  readonly failures: readonly Told[];
}

/** How to run it. */
export interface ClientOptions {
  readonly signal: AbortSignal;
  /** Takes progress, a line each. */
  readonly log: (line: string) => void;
}

const ROUNDS = 7;
const STARTS = 15;
const MEMBERS = 10;

/**
 * Measures the work, the starts, and what is told of failures.
 *
 * @throws {Error} where nginx does not start, or an answer is not the expected one; the signal's reason
 */
export async function runClient({ signal, log }: ClientOptions): Promise<ClientResult> {
  // Only here: it loads undici, which Deno 2.7 cannot.
  const { tellFailures } = await import("./client_failures.ts");
  const failures = await tellFailures({ signal, log });
  const starts = [];
  for (let round = 0; round < STARTS; round++) {
    starts.push(await inTurn(IMPORTS, round, (name) => start(name, signal)));
  }
  log(`client: started ${STARTS} times`);

  const { nginx } = await ensureComponents(["nginx"]);
  await using stack = new AsyncDisposableStack();
  const directory = await Deno.makeTempDir({ prefix: "bench-" });
  stack.defer(() => Deno.remove(directory, { recursive: true }));
  const members = freePorts(MEMBERS).map((port) => `127.0.0.1:${port}`);
  stack.use(await startMembers(nginx, { directory, members }));
  const works = [];
  for (let round = 0; round < ROUNDS; round++) {
    works.push(
      await inTurn(WORK_NAMES, 0, (work) =>
        inTurn(CLIENTS, round, async (client) => {
          const args = ["bench/client_child.ts", client, work, ...members];
          return JSON.parse(await runChild(args, signal)) as Cost;
        })),
    );
    log(`client: round ${round + 1} of ${ROUNDS}`);
  }
  return { works, starts, failures };
}

/** One after the other; another begins each round. */
async function inTurn<Name extends string, Value>(
  names: readonly Name[],
  round: number,
  measure: (name: Name) => Promise<Value>,
): Promise<Record<Name, Value>> {
  const values: Partial<Record<Name, Value>> = {};
  const first = round % names.length;
  for (const name of [...names.slice(first), ...names.slice(0, first)]) {
    values[name] = await measure(name);
  }
  return values as Record<Name, Value>;
}

async function start(name: Import, signal: AbortSignal): Promise<Start> {
  const began = performance.now();
  const residentBytes = Number(await runChild(["bench/client_start.ts", name], signal));
  return { ms: performance.now() - began, residentBytes };
}

async function runChild(args: readonly string[], signal: AbortSignal): Promise<string> {
  signal.throwIfAborted();
  const { success, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", ...args],
    cwd: ROOT,
    signal,
  }).output();
  const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
  if (success) return text(stdout);
  signal.throwIfAborted();
  throw new Error(`${args.slice(0, 3).join(" ")} failed:\n${text(stderr)}`);
}
