/** Real Pushgateways that hold many groups already, behind the service. @module */

import { ensureComponents } from "../tools/components.ts";
import { freePorts } from "../tools/ports.ts";
import { type Pushgateway, startPushgateway } from "../tools/pushgateway.ts";
import { cpuSeconds } from "./cpu.ts";
import { groupsUpTo, pushAll } from "./pusher.ts";
import { awaitActive, startService } from "./service.ts";

/** Pushgateways and the service in front of them. */
export interface Fleet extends AsyncDisposable {
  /** The service's. */
  readonly url: string;
  /** How many groups each Pushgateway holds. */
  groups(): Promise<number[]>;
  /** What all Pushgateways have used so far, the service not among them. */
  cpuSeconds(): Promise<number>;
}

const FILL_CONNECTIONS = 32;

/**
 * Starts so many Pushgateways and fills them through the service, each with its share. With its
 * check a Pushgateway would take the better part of an hour for 10,000 groups: they are filled
 * without it, stopped so that they write what they hold, and started with it from what they wrote.
 *
 * @throws {Error} where something does not start, or groups are missing; the signal's reason
 */
export async function startFleet(
  { count, groups, signal }: { count: number; groups: number; signal: AbortSignal },
): Promise<Fleet> {
  await using stack = new AsyncDisposableStack();
  const { pushgateway: component } = await ensureComponents(["pushgateway"]);
  signal.throwIfAborted();
  const directory = await Deno.makeTempDir({ prefix: "bench-" });
  stack.defer(() => Deno.remove(directory, { recursive: true }));
  const [port, ...ports] = freePorts(1 + count);
  const url = `http://127.0.0.1:${port}`;
  const start = async (port: number, flags: string[]) =>
    await startPushgateway({ component, port, flags, persistenceFile: `${directory}/${port}` });

  await using unchecked = new AsyncDisposableStack();
  for (const port of ports) {
    unchecked.use(await start(port, ["--push.disable-consistency-check"]));
  }
  const members = ports.map((port) => `127.0.0.1:${port}`);
  stack.use(await startService({ port, mode: "proxy", members, directory }));
  await pushAll(groupsUpTo(groups), { urlOf: () => url, connections: FILL_CONNECTIONS, signal });
  await unchecked.disposeAsync();

  const checked: Pushgateway[] = [];
  for (const port of ports) checked.push(stack.use(await start(port, [])));
  await awaitActive(url, count, signal);
  const held = () => Promise.all(checked.map(async (gateway) => (await gateway.groups()).length));
  const found = await held();
  if (found.reduce((sum, each) => sum + each, 0) !== groups) {
    throw new Error(`expected ${groups} groups on ${count} Pushgateways, found ${found}`);
  }
  const used = async () => {
    const each = await Promise.all(checked.map((gateway) => cpuSeconds(gateway.pid())));
    return each.reduce((sum, seconds) => sum + seconds, 0);
  };
  const kept = stack.move();
  return { url, groups: held, cpuSeconds: used, [Symbol.asyncDispose]: () => kept.disposeAsync() };
}
