/**
 * The servers that are compared: ours, its first release, a bare `Deno.serve`, and nginx. All redirect
 * every push.
 *
 * @module
 */

import type { Component } from "../tools/components.ts";
import { freePort } from "../tools/ports.ts";
import { type Process, startProcess } from "../tools/process.ts";
import { checkOutEarlier } from "../tools/earlier.ts";
import { startNginx } from "./nginx.ts";
import { ROOT } from "../tools/program.ts";
import { answers, startService } from "./service.ts";

/** A server under load. */
export interface Target<Name extends string = TargetName> {
  readonly name: Name;
  readonly url: string;
  readonly process: Process;
  /** Others that answer at the same address. */
  readonly beside?: readonly Process[];
}

/** What is compared. */
export const TARGETS = ["ours", "1.0.0", "bare", "nginx"] as const;
export type TargetName = (typeof TARGETS)[number];

/** How many members stand behind every server that is compared. */
export const MEMBERS = 4;
/** A push that must be answered rightly before any is measured. */
export const SAMPLE_PATH = "/metrics/job/backup-1/env/production/instance/host-1";

/** Servers and what they stand on, stopped together. */
export interface Targets<Name extends string> extends AsyncDisposable {
  readonly targets: readonly Target<Name>[];
}

/** Starts each server that can be had: by name, what starts it on a port. */
export type Starts<Name extends string> = Readonly<
  Partial<Record<Name, (port: number) => Promise<Process>>>
>;

/** What to start servers with. */
export interface TargetsOptions {
  readonly nginx: Component;
  /** Takes a line for each server that cannot be had. */
  readonly log: (line: string) => void;
}

/**
 * Starts the servers.
 *
 * @throws {Error} where one does not start or does not redirect
 */
export async function startTargets(
  { nginx, log }: TargetsOptions,
): Promise<Targets<TargetName>> {
  await using stack = new AsyncDisposableStack();
  const directory = await Deno.makeTempDir({ prefix: "bench-" });
  stack.defer(() => Deno.remove(directory, { recursive: true }));
  const members = Array.from({ length: MEMBERS }, () => {
    const server = stack.use(startMember());
    return `127.0.0.1:${server.addr.port}`;
  });
  const earlier = stack.use(await checkOutEarlier(log));
  const service = { mode: "redirect", members, directory } as const;
  const starts: Starts<TargetName> = {
    ours: (port) => startService({ ...service, port }),
    "1.0.0": earlier && ((port) => startService({ ...service, port, program: earlier.program })),
    bare: (port) => startBare(port, members[0]),
    nginx: (port) => startRedirect(nginx, port, { directory, member: members[0] }),
  };
  const targets = await startEach(TARGETS, {
    starts,
    stack,
    expectRight: (url) => expectRedirect(url, members),
  });
  const kept = stack.move();
  return { targets, [Symbol.asyncDispose]: () => kept.disposeAsync() };
}

/** Starts servers one after the other onto a stack; each has to answer a push rightly. */
export async function startEach<Name extends string>(
  names: readonly Name[],
  { starts, stack, expectRight }: {
    readonly starts: Starts<Name>;
    readonly stack: AsyncDisposableStack;
    readonly expectRight: (url: string) => Promise<void>;
  },
): Promise<Target<Name>[]> {
  const targets: Target<Name>[] = [];
  for (const name of names) {
    const start = starts[name];
    if (!start) continue;
    const port = freePort();
    const url = `http://127.0.0.1:${port}`;
    const process = stack.use(await start(port));
    await expectRight(url);
    targets.push({ name, url, process });
  }
  return targets;
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

/** An nginx that sends every push on to one member. */
export async function startRedirect(
  nginx: Component,
  port: number,
  { directory, member, connections }: {
    readonly directory: string;
    readonly member: string;
    readonly connections?: number;
  },
): Promise<Process> {
  return await startNginx(nginx, {
    name: "redirect",
    directory,
    connections,
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
