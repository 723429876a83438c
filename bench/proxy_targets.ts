/**
 * The servers that are compared in passing pushes on: ours, its first release, a bare `Deno.serve`
 * with `fetch`, nginx and HAProxy. All stand before the same members.
 *
 * @module
 */

import type { Component } from "../tools/components.ts";
import { freePorts } from "../tools/ports.ts";
import { type Process, startProcess } from "../tools/process.ts";
import { startPushgateway } from "../tools/pushgateway.ts";
import { checkOutEarlier } from "../tools/earlier.ts";
import { startHaproxy } from "./haproxy.ts";
import { startNginx } from "./nginx.ts";
import { ROOT } from "../tools/program.ts";
import { answers, startService } from "./service.ts";
import {
  EMPTY_PAGE,
  MEMBERS,
  SAMPLE_PATH,
  startEach,
  type Starts,
  type Targets,
  type TargetsOptions,
} from "./targets.ts";

/** What is compared. */
export const PROXY_TARGETS = ["ours", "1.0.0", "fetch", "nginx", "haproxy"] as const;
export type ProxyTargetName = (typeof PROXY_TARGETS)[number];

/** Idle connections that nginx keeps to the members, all together. */
const KEPT_CONNECTIONS = 64;

/** What the servers stand before: an nginx that answers at once, or real Pushgateways. */
export type ProxyMembers = "stubs" | "pushgateways";

/**
 * Starts the servers.
 *
 * @throws {Error} where one does not start or does not pass a push on
 */
export async function startProxyTargets(
  kind: ProxyMembers,
  { nginx, haproxy, log }: TargetsOptions & { readonly haproxy: Component },
): Promise<Targets<ProxyTargetName>> {
  await using stack = new AsyncDisposableStack();
  const directory = await Deno.makeTempDir({ prefix: "bench-" });
  stack.defer(() => Deno.remove(directory, { recursive: true }));
  const members = freePorts(MEMBERS).map((port) => `127.0.0.1:${port}`);
  // The others place groups by rules of their own: by ours most lie elsewhere, and each push would
  // bring one home.
  const config = kind === "stubs" ? "" : "handoff: {enabled: false}\n";
  if (kind === "stubs") stack.use(await startStubs(nginx, { directory, members }));
  else stack.use(await startPushgateways(members));
  const earlier = stack.use(await checkOutEarlier(log));
  const service = { mode: "proxy", members, directory, config } as const;
  const starts: Starts<ProxyTargetName> = {
    ours: (port) => startService({ ...service, port }),
    "1.0.0": earlier && ((port) => startService({ ...service, port, program: earlier.program })),
    fetch: (port) => startFetch(port, members),
    nginx: (port) => startProxyPass(nginx, port, { directory, members }),
    haproxy: (port) => startHaproxy(haproxy, { port, members, directory }),
  };
  const targets = await startEach(PROXY_TARGETS, { starts, stack, expectRight: expectAnswer });
  const kept = stack.move();
  return { targets, [Symbol.asyncDispose]: () => kept.disposeAsync() };
}

/** Stand-ins for empty Pushgateways, as fast as can be: one nginx that answers 200 to everything. */
export async function startStubs(
  nginx: Component,
  { directory, members }: { directory: string; members: readonly string[] },
): Promise<Process> {
  return await startNginx(nginx, {
    name: "members",
    directory,
    http: `  server {
${members.map((member) => `    listen ${member};`).join("\n")}
    location = /metrics {
      return 200 ${JSON.stringify(EMPTY_PAGE)};
    }
    location / {
      return 200;
    }
  }`,
    ready: (signal) => answers(`http://${members[0]}/-/healthy`, 200, signal),
  });
}

/** Unchecked, for the check of 4,000 groups would take all the time there is. */
async function startPushgateways(members: readonly string[]): Promise<AsyncDisposable> {
  await using stack = new AsyncDisposableStack();
  for (const member of members) {
    const port = Number(member.slice(member.indexOf(":") + 1));
    stack.use(await startPushgateway({ port, flags: ["--push.disable-consistency-check"] }));
  }
  const kept = stack.move();
  return { [Symbol.asyncDispose]: () => kept.disposeAsync() };
}

async function startFetch(port: number, members: readonly string[]): Promise<Process> {
  return await startProcess(Deno.execPath(), {
    name: "bare fetch",
    args: ["run", "--allow-net", "bench/fetch_server.ts", String(port), ...members],
    cwd: ROOT,
    ready: ({ signal }) => answers(`http://127.0.0.1:${port}/-/healthy`, 200, signal),
  });
}

async function startProxyPass(
  nginx: Component,
  port: number,
  { directory, members }: { directory: string; members: readonly string[] },
): Promise<Process> {
  return await startNginx(nginx, {
    name: "proxy_pass",
    directory,
    http: `  upstream members {
    hash $uri consistent;
${members.map((member) => `    server ${member};`).join("\n")}
    keepalive ${KEPT_CONNECTIONS};
    keepalive_requests 1000000000;
  }
  server {
    listen 127.0.0.1:${port};
    location / {
      proxy_pass http://members;
      proxy_http_version 1.1;
      proxy_set_header Connection "";
    }
  }`,
    ready: (signal) => answers(`http://127.0.0.1:${port}/-/healthy`, 200, signal),
  });
}

/** A bench of wrong answers is worth nothing. */
async function expectAnswer(url: string): Promise<void> {
  const response = await fetch(`${url}${SAMPLE_PATH}`, {
    method: "PUT",
    body: "backup_last_success 1\n",
  });
  const text = await response.text();
  if (!response.ok || text !== "") {
    throw new Error(
      `${url}${SAMPLE_PATH}: expected a member's empty 200 or 202, found ${response.status}: ${text}`,
    );
  }
}
