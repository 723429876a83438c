/**
 * The main job on real components, nothing else needed: a Consul agent, three Pushgateways and the
 * service, a few groups pushed, and which member holds which.
 *
 *     deno task demo           stays up until Ctrl-C
 *     deno task demo --once    also kills one Pushgateway, shows what moves, and ends
 *
 * @module
 */

import { startFlags } from "./permissions.ts";
import { fileURLToPath } from "node:url";
import { ensureComponents } from "./components.ts";
import { startConsul } from "./consul.ts";
import { freePort } from "./ports.ts";
import { startProcess } from "./process.ts";
import { type Pushgateway, startPushgateway } from "./pushgateway.ts";
import { targetsOf } from "./targets.ts";
import { waitFor } from "./wait.ts";

const JOBS = ["backup", "billing", "cleanup", "export", "import", "mail", "reindex", "report"];
const PATHS = JOBS.flatMap((job) => ["eu", "us"].map((zone) => `/metrics/job/${job}/zone/${zone}`));
const PORT = 9292;
const MAIN = fileURLToPath(new URL("../main.ts", import.meta.url));
/** Death of a Pushgateway until the ring is without it: about 1 s; a slow machine gets more. */
const MOVE_MS_MAX = 15_000;

/** Which member holds each group, by its path; read from the Pushgateways themselves. */
type Holders = ReadonlyMap<string, string>;

async function demo(once: boolean, signal: AbortSignal): Promise<void> {
  const components = await ensureComponents(["consul", "pushgateway"]);
  say("starting Consul, three Pushgateways and dynamic-sharding …");
  await using consul = await startConsul({ component: components.consul });
  signal.throwIfAborted();
  await using gateways = new AsyncDisposableStack();
  const members: Pushgateway[] = [];
  for (let i = 0; i < 3; i++) {
    members.push(gateways.use(await startPushgateway({ component: components.pushgateway })));
    signal.throwIfAborted();
  }
  await using service = await startService(consul.address, members);
  const { url } = service;
  await waitFor(() => readyWith(url, members), { what: "all members to be active", signal });

  await push(url);
  const before = await holders(members);
  say(`\nConsul            ${consul.url}/ui\ndynamic-sharding  ${url}\n`);
  say(table(["group", "held by"], [...before]));
  if (!once) {
    say(`\nTry:\n  curl ${url}${PATHS[0]}\n  curl ${url}/-/ready\n  curl ${url}/metrics`);
    say(`  echo 'm 1' | curl -X PUT --data-binary @- ${url}/metrics/job/mine`);
    say("\nCtrl-C ends it all.");
    await new Promise((resolve) => signal.addEventListener("abort", resolve, { once: true }));
    return;
  }

  const [dead] = members;
  const rest = members.slice(1);
  say(`\nkilling ${dead.address} with SIGKILL …`);
  const killed = performance.now();
  await dead.kill9();
  await waitFor(() => readyWith(url, rest), {
    what: "the ring without the dead member",
    msMax: MOVE_MS_MAX,
    signal,
  });
  say(`the ring is without it after ${((performance.now() - killed) / 1_000).toFixed(1)} s\n`);
  await push(url);
  const after = await holders(rest);
  const rows = PATHS.map((path) => {
    const [from, to] = [before.get(path), after.get(path)];
    return [path, String(from), from === to ? "stays" : `moves to ${to}`];
  });
  say(table(["group", "was held by", ""], rows));
  const moved = PATHS.filter((path) => before.get(path) !== after.get(path));
  const own = PATHS.filter((path) => before.get(path) === dead.address);
  if (moved.join() !== own.join() || after.size !== PATHS.length) {
    throw new Error(`expected the ${own.length} groups of the dead member to move, found ${moved}`);
  }
  say(`\n${moved.length} of ${PATHS.length} groups moved: those of the dead member, and no others`);
}

async function startService(consul: string, members: readonly Pushgateway[]) {
  const port = isFree(PORT) ? PORT : freePort();
  if (port !== PORT) say(`port ${PORT} is taken, so dynamic-sharding listens on ${port}`);
  const config = await Deno.makeTempFile({ prefix: "dynamic-sharding-", suffix: ".yml" });
  const servers = members.map(({ address }) => `    - ${address}\n`).join("");
  await Deno.writeTextFile(
    config,
    `consul_server:\n  addr: ${consul}\nhttp_listen_addr: 127.0.0.1:${port}\nmode: auto\n` +
      `pushgateway:\n  servers:\n${servers}`,
  );
  const args = ["run", "--quiet", ...startFlags(), MAIN];
  try {
    const process = await startProcess(Deno.execPath(), {
      name: "dynamic-sharding",
      args: [...args, `--config.file=${config}`],
      ready: ({ output }) => output.includes("msg=listening"),
    });
    return {
      url: `http://127.0.0.1:${port}`,
      [Symbol.asyncDispose]: () => process[Symbol.asyncDispose](),
    };
  } finally {
    await Deno.remove(config); // it has been read
  }
}

/** The service is ready, and its ring is made of just these members. */
async function readyWith(url: string, members: readonly Pushgateway[]): Promise<boolean> {
  const ready = await fetch(`${url}/-/ready`);
  await ready.body?.cancel();
  const sd = await fetch(`${url}/sd`);
  const text = await sd.text();
  if (!ready.ok || !sd.ok) return false;
  return targetsOf(text).join() === members.map(({ address }) => address).sort().join();
}

/** Pushes every group, as a client that follows a 307. */
async function push(url: string): Promise<void> {
  for (const path of PATHS) {
    const body = `last_success_timestamp_seconds ${Date.now() / 1_000}\n`;
    const response = await fetch(`${url}${path}`, { method: "PUT", body });
    const text = await response.text();
    if (!response.ok) {
      throw new Error(`PUT ${path}: expected 200, found ${response.status}: ${text}`);
    }
  }
}

async function holders(members: readonly Pushgateway[]): Promise<Holders> {
  const found = new Map<string, string>();
  for (const member of members) {
    for (const { job, zone } of await member.groups()) {
      found.set(`/metrics/job/${job}/zone/${zone}`, member.address);
    }
  }
  return new Map([...found].sort());
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = head.map((text, i) => Math.max(text.length, ...rows.map((row) => row[i].length)));
  const line = (cells: readonly string[]) =>
    cells.map((cell, i) => cell.padEnd(widths[i])).join("   ").trimEnd();
  return [head, widths.map((width) => "-".repeat(width)), ...rows].map(line).join("\n");
}

function isFree(port: number): boolean {
  try {
    Deno.listen({ hostname: "127.0.0.1", port }).close();
    return true;
  } catch {
    return false;
  }
}

function say(text: string): void {
  console.log(text);
}

if (import.meta.main) {
  const unknown = Deno.args.filter((arg) => arg !== "--once");
  if (unknown.length > 0) {
    console.error(`demo: expected --once or nothing, found ${unknown.join(" ")}`);
    Deno.exit(1);
  }
  const stop = new AbortController();
  const signals = ["SIGINT", "SIGTERM", "SIGHUP"] as const;
  for (const signal of signals) Deno.addSignalListener(signal, () => stop.abort());
  try {
    await demo(Deno.args.includes("--once"), stop.signal);
    Deno.exit(0);
  } catch (error) {
    if (stop.signal.aborted) Deno.exit(0);
    console.error(`demo: ${error instanceof Error ? error.message : error}`);
    Deno.exit(1);
  }
}
