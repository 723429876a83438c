/** Starts HAProxy as a proxy that places groups by their paths, as the service does. @module */

import type { Component } from "../tools/components.ts";
import { type Process, startProcess } from "../tools/process.ts";
import { answers } from "./service.ts";

/** Where it listens, and before what. */
export interface HaproxyOptions {
  readonly port: number;
  /** `HOST:PORT` of each. */
  readonly members: readonly string[];
  /** Takes the configuration file. */
  readonly directory: string;
}

/** One thread, no log, connections to the members that all clients share. */
export async function startHaproxy(
  haproxy: Component,
  { port, members, directory }: HaproxyOptions,
): Promise<Process> {
  const file = `${directory}/haproxy-${port}.cfg`;
  await Deno.writeTextFile(
    file,
    `global
  nbthread 1

defaults
  mode http
  timeout connect 5s
  timeout client 60s
  timeout server 60s

listen pushes
  bind 127.0.0.1:${port}
  balance uri
  hash-type consistent
  http-reuse always
${members.map((member, i) => `  server member${i} ${member}`).join("\n")}
`,
  );
  return await startProcess(haproxy.command, {
    name: "haproxy",
    // In the foreground and in one process, which is the one whose CPU time is read.
    args: ["-db", "-q", "-f", file],
    env: haproxy.env,
    ready: ({ signal }) => answers(`http://127.0.0.1:${port}/-/healthy`, 200, signal),
  });
}
