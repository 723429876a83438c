/** The servers that are compared: ours, a bare `Deno.serve`, and nginx. All redirect every push. @module */

import type { Component } from "../tools/components.ts";
import { freePorts } from "../tools/ports.ts";
import { type Process, startProcess } from "../tools/process.ts";
import { startNginx } from "./nginx.ts";
import { answers, ROOT, startService } from "./service.ts";

/** A server under load. */
export interface Target<Name extends string = TargetName> {
  readonly name: Name;
  readonly url: string;
  readonly process: Process;
}

/** What is compared. */
export const TARGETS = ["ours", "bare", "nginx"] as const;
export type TargetName = (typeof TARGETS)[number];

/** How many members stand behind every server that is compared. */
export const MEMBERS = 4;
/** A push that must be answered rightly before any is measured. */
export const SAMPLE_PATH = "/metrics/job/backup-1/env/production/instance/host-1";

/** The servers and what they stand on, stopped together. */
export async function startTargets(
  nginx: Component,
): Promise<{ targets: readonly Target[] } & AsyncDisposable> {
  await using stack = new AsyncDisposableStack();
  const directory = await Deno.makeTempDir({ prefix: "bench-" });
  stack.defer(() => Deno.remove(directory, { recursive: true }));
  const members = Array.from({ length: MEMBERS }, () => {
    const server = stack.use(startMember());
    return `127.0.0.1:${server.addr.port}`;
  });
  const ports = freePorts(TARGETS.length);
  const launch = {
    ours: () => startService({ port: ports[0], mode: "redirect", members, directory }),
    bare: () => startBare(ports[1], members[0]),
    nginx: () => startRedirect(nginx, ports[2], { directory, member: members[0] }),
  };
  const targets: Target[] = [];
  for (const [i, name] of TARGETS.entries()) {
    const url = `http://127.0.0.1:${ports[i]}`;
    const process = stack.use(await launch[name]());
    await expectRedirect(url, members);
    targets.push({ name, url, process });
  }
  const kept = stack.move();
  return { targets, [Symbol.asyncDispose]: () => kept.disposeAsync() };
}

/**
 * The end of the `/metrics` of a Pushgateway without groups. Where a member cannot be swept each push
 * has to be looked at for whether its group lies elsewhere.
 */
export const EMPTY_PAGE = "# TYPE pushgateway_build_info gauge\n";

/** A stand-in for a Pushgateway: healthy and empty, for pushes are only redirected to it. */
export function startMember(): Deno.HttpServer<Deno.NetAddr> {
  const options = { hostname: "127.0.0.1", port: 0, onListen: () => {} };
  return Deno.serve(options, () => new Response(EMPTY_PAGE));
}

async function startBare(port: number, member: string): Promise<Process> {
  return await startProcess(Deno.execPath(), {
    name: "bare Deno.serve",
    args: ["run", "--allow-net", "bench/bare_server.ts", String(port), member],
    cwd: ROOT,
    ready: ({ signal }) => answers(`http://127.0.0.1:${port}/`, 307, signal),
  });
}

async function startRedirect(
  nginx: Component,
  port: number,
  { directory, member }: { directory: string; member: string },
): Promise<Process> {
  return await startNginx(nginx, {
    name: "redirect",
    directory,
    http: `  server {
    listen 127.0.0.1:${port};
    return 307 http://${member}$request_uri;
  }`,
    ready: (signal) => answers(`http://127.0.0.1:${port}/`, 307, signal),
  });
}

/** A bench of wrong answers is worth nothing. */
async function expectRedirect(url: string, members: readonly string[]): Promise<void> {
  const response = await fetch(`${url}${SAMPLE_PATH}`, {
    method: "PUT",
    body: "backup_last_success 1\n",
    redirect: "manual",
  });
  await response.body?.cancel();
  const location = response.headers.get("location");
  const right = members.some((member) => location === `http://${member}${SAMPLE_PATH}`);
  if (response.status !== 307 || !right) {
    throw new Error(
      `${url}${SAMPLE_PATH}: expected a 307 to a member, found ${response.status} to ${location}`,
    );
  }
}
