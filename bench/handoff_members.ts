/** Real Pushgateways that hold many groups already, for the service to be started before. @module */

import { ensureComponents } from "../tools/components.ts";
import { freePort } from "../tools/ports.ts";
import { type Pushgateway, startPushgateway } from "../tools/pushgateway.ts";
import { pushAll } from "./pusher.ts";
import { startService } from "./service.ts";

/** Pushgateways, stopped together. */
export interface Members extends AsyncDisposable {
  readonly gateways: readonly Pushgateway[];
  /** For files; removed at the end. */
  readonly directory: string;
}

/** How many, with what. */
export interface MembersOptions {
  readonly count: number;
  /** Of all together, each where a ring of all of them has it. */
  readonly groups: number;
  /** They check each push against all that they hold, as a Pushgateway does by default. */
  readonly checked: boolean;
  readonly signal: AbortSignal;
}

const FILL_CONNECTIONS = 32;
/** Keeps what moves groups out of the way of what fills. */
const WITHOUT_HANDOFF = "handoff:\n  enabled: false\n";

/**
 * Starts Pushgateways and fills them. With its check one would take the better part of an hour for
 * 10,000 groups, so that comes only with a restart, from what was kept of them.
 *
 * @throws {Error} where something does not start or is not filled; the signal's reason
 */
export async function startMembers(
  { count, groups, checked, signal }: MembersOptions,
): Promise<Members> {
  await using stack = new AsyncDisposableStack();
  const { pushgateway: component } = await ensureComponents(["pushgateway"]);
  signal.throwIfAborted();
  const directory = await Deno.makeTempDir({ prefix: "bench-" });
  stack.defer(() => Deno.remove(directory, { recursive: true }));
  const start = async (port: number, flags: readonly string[]) => {
    const persistenceFile = checked ? `${directory}/${port}` : undefined;
    return await startPushgateway({ component, port, flags, persistenceFile });
  };
  await using first = new AsyncDisposableStack();
  const gateways: Pushgateway[] = [];
  for (let i = 0; i < count; i++) gateways.push(first.use(await start(freePort(), UNCHECKED)));
  await fill(gateways.map(({ address }) => address), { groups, directory, signal });
  if (!checked) {
    stack.use(first.move());
  } else {
    await first.disposeAsync();
    for (const [i, { port }] of gateways.entries()) gateways[i] = stack.use(await start(port, []));
  }
  const kept = stack.move();
  return { gateways, directory, [Symbol.asyncDispose]: () => kept.disposeAsync() };
}

/** Without it the members check each push against all that they hold. */
export const UNCHECKED = ["--push.disable-consistency-check"];

/**
 * Pushes each group once, through a service that is there for that only.
 *
 * @param members that check nothing
 */
export async function fill(
  members: readonly string[],
  { groups, directory, signal }: { groups: number; directory: string; signal: AbortSignal },
): Promise<void> {
  const port = freePort();
  await using _service = await startService({
    port,
    mode: "proxy",
    members,
    directory,
    config: WITHOUT_HANDOFF,
  });
  await pushAll(`http://127.0.0.1:${port}`, { groups, connections: FILL_CONNECTIONS, signal });
}
