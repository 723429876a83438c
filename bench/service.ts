/** Starts `main.ts` as `deno task start` runs it, before members that are given to it. @module */

import { type Process, startProcess } from "../tools/process.ts";
import { waitFor } from "../tools/wait.ts";

/** How to start it. */
export interface ServiceOptions {
  readonly port: number;
  readonly mode: "redirect" | "proxy";
  /** `HOST:PORT` of each. */
  readonly members: readonly string[];
  /** Takes the configuration file. */
  readonly directory: string;
}

/** This repository. */
export const ROOT = new URL("..", import.meta.url).pathname;

/** Starts the service; every member takes pushes when this resolves. */
export async function startService(
  { port, mode, members, directory }: ServiceOptions,
): Promise<Process> {
  const config = `${directory}/dynamic-sharding-${port}.yml`;
  const servers = members.map((member) => `    - ${member}\n`).join("");
  await Deno.writeTextFile(
    config,
    `http_listen_addr: 127.0.0.1:${port}\nmode: ${mode}\npushgateway:\n  servers:\n${servers}`,
  );
  const allow = ["--allow-net", "--allow-read", "--allow-env"];
  const url = `http://127.0.0.1:${port}`;
  return await startProcess(Deno.execPath(), {
    name: "dynamic-sharding",
    args: ["run", ...allow, "main.ts", `--config.file=${config}`],
    cwd: ROOT,
    ready: async ({ signal }) => await activeMembers(url, signal) === members.length,
  });
}

/** Waits until the service takes so many members for active. */
export async function awaitActive(url: string, count: number, signal: AbortSignal): Promise<void> {
  await waitFor(async (signal) => await activeMembers(url, signal) === count, {
    what: `${count} active members of ${url}`,
    signal,
  });
}

async function activeMembers(url: string, signal: AbortSignal): Promise<number> {
  const response = await fetch(`${url}/metrics`, { signal });
  const text = await response.text();
  return Number(/^dynamic_sharding_members\{state="active"\} (\d+)$/m.exec(text)?.[1]);
}

/** Whether a GET is answered with this status. */
export async function answers(url: string, status: number, signal: AbortSignal): Promise<boolean> {
  const response = await fetch(url, { signal, redirect: "manual" });
  await response.body?.cancel();
  return response.status === status;
}
