/**
 * The servers that are compared in passing pushes on: ours, a bare `Deno.serve` with `fetch`, and
 * nginx. All stand before the same members.
 *
 * @module
 */

import type { Component } from "../tools/components.ts";
import { freePorts } from "../tools/ports.ts";
import { type Process, startProcess } from "../tools/process.ts";
import { startPushgateway } from "../tools/pushgateway.ts";
import { startNginx } from "./nginx.ts";
import { ROOT } from "./program.ts";
import { answers, startService } from "./service.ts";
import { EMPTY_PAGE, MEMBERS, SAMPLE_PATH, type Target } from "./targets.ts";

/** What is compared. */
export const PROXY_TARGETS = ["ours", "fetch", "nginx"] as const;
export type ProxyTargetName = (typeof PROXY_TARGETS)[number];

/** Idle connections that nginx keeps to the members, all together. */
const KEPT_CONNECTIONS = 64;

/** What the servers stand before: an nginx that answers at once, or real Pushgateways. */
export type ProxyMembers = "stubs" | "pushgateways";

/** The servers and what they stand on, stopped together. */
export async function startProxyTargets(
  nginx: Component,
  kind: ProxyMembers,
): Promise<{ targets: readonly Target<ProxyTargetName>[] } & AsyncDisposable> {
  await using stack = new AsyncDisposableStack();
  const directory = await Deno.makeTempDir({ prefix: "bench-" });
  stack.defer(() => Deno.remove(directory, { recursive: true }));
  const ports = freePorts(MEMBERS + PROXY_TARGETS.length);
  const members = ports.splice(0, MEMBERS).map((port) => `127.0.0.1:${port}`);
  // The others place groups by rules of their own: by ours most lie elsewhere, and each push would
  // bring one home.
  const config = kind === "stubs" ? "" : "handoff: {enabled: false}\n";
  if (kind === "stubs") stack.use(await startStubs(nginx, { directory, members }));
  else stack.use(await startPushgateways(members));
  const launch = {
    ours: () => startService({ port: ports[0], mode: "proxy", members, directory, config }),
    fetch: () => startFetch(ports[1], members),
    nginx: () => startProxyPass(nginx, ports[2], { directory, members }),
  };
  const targets: Target<ProxyTargetName>[] = [];
  for (const [i, name] of PROXY_TARGETS.entries()) {
    const url = `http://127.0.0.1:${ports[i]}`;
    const process = stack.use(await launch[name]());
    await expectAnswer(url);
    targets.push({ name, url, process });
  }
  const kept = stack.move();
  return { targets, [Symbol.asyncDispose]: () => kept.disposeAsync() };
}

/** Stand-ins for empty Pushgateways, as fast as can be: one nginx that answers 200 to everything. */
async function startStubs(
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
