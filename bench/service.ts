/** Starts the service before members that are given to it. @module */

import { type Process, startProcess } from "../tools/process.ts";
import { waitFor } from "../tools/wait.ts";
import { type Program, ROOT, sourceProgram } from "../tools/program.ts";

/** How to start it. */
export interface ServiceOptions {
  readonly port: number;
  readonly mode: "redirect" | "proxy";
  /** `HOST:PORT` of each. */
  readonly members: readonly string[];
  /** Takes the configuration file. */
  readonly directory: string;
  /** More lines of the configuration. */
  readonly config?: string;
  /** More of the command line. */
  readonly flags?: readonly string[];
  /** Absent: `main.ts` of this repository, as `deno task start` runs it. */
  readonly program?: Program;
}

/** Members that hold very many groups are read before they take pushes. */
const READY_MS_MAX = 120_000;

/** Starts the service; every member takes pushes when this resolves. */
export async function startService(options: ServiceOptions): Promise<Process> {
  const { port, members, flags = [], program = sourceProgram(ROOT) } = options;
  const config = await writeConfig(options);
  const { command, args, env, cwd } = program;
  const url = `http://127.0.0.1:${port}`;
  return await startProcess(command, {
    name: "dynamic-sharding",
    args: [...args, `--config.file=${config}`, ...flags],
    env,
    cwd,
    readyMsMax: READY_MS_MAX,
    // Another process may answer at its address.
    ready: async ({ signal, output }) =>
      output.includes("msg=listening") && await activeMembers(url, signal) === members.length,
  });
}

/** Writes its configuration file, for the start or for a reload; returns where it is. */
export async function writeConfig(
  { port, mode, members, directory, config = "" }: ServiceOptions,
): Promise<string> {
  const file = `${directory}/dynamic-sharding-${port}.yml`;
  const servers = members.map((member) => `    - ${member}\n`).join("");
  await Deno.writeTextFile(
    file,
    `http_listen_addr: 127.0.0.1:${port}\nmode: ${mode}\n${config}` +
      `pushgateway:\n  servers:\n${servers}`,
  );
  return file;
}

/** Waits until the service takes so many members for active. */
export async function awaitActive(url: string, count: number, signal: AbortSignal): Promise<void> {
  await waitFor(async (signal) => await activeMembers(url, signal) === count, {
    what: `${count} active members of ${url}`,
    signal,
  });
}

async function activeMembers(url: string, signal: AbortSignal): Promise<number> {
  return (await readMetrics(url, signal))('members{state="active"}');
}

/** What its `/metrics` says now: a look-up by name, without `dynamic_sharding_`, and labels; NaN where there is none. */
export async function readMetrics(
  url: string,
  signal: AbortSignal,
): Promise<(series: string) => number> {
  const response = await fetch(`${url}/metrics`, { signal });
  const text = await response.text();
  return (series) => {
    const start = `\ndynamic_sharding_${series} `;
    const at = text.indexOf(start);
    return at < 0 ? NaN : parseFloat(text.slice(at + start.length));
  };
}

/** Whether a GET is answered with this status. */
export async function answers(url: string, status: number, signal: AbortSignal): Promise<boolean> {
  const response = await fetch(url, { signal, redirect: "manual" });
  await response.body?.cancel();
  return response.status === status;
}
