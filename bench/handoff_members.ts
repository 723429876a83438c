/** Real Pushgateways that hold many groups already, for the service to be started before. @module */

import { parseMember } from "../src/member.ts";
import { HashRing } from "../src/ring/hash_ring.ts";
import { ensureComponents } from "../tools/components.ts";
import { freePort } from "../tools/ports.ts";
import { type Pushgateway, startPushgateway } from "../tools/pushgateway.ts";
import { cpuSeconds } from "./cpu.ts";
import { type Reads, startCounted } from "./handoff_counted.ts";
import { groupsUpTo, pathOf, pushAll } from "./pusher.ts";

/** Pushgateways, stopped together. */
export interface Members extends AsyncDisposable {
  readonly gateways: readonly Pushgateway[];
  /** By which the service goes: the Pushgateways' own, or those of what counts before them. */
  readonly addresses: readonly string[];
  /** What they were filled with, by number. */
  readonly groups: readonly number[];
  /** For files; removed at the end. */
  readonly directory: string;
  /** How often each was read whole so far; nothing where that is not counted. */
  reads(): Promise<readonly Reads[]>;
  /** What all of them together have used so far. */
  cpuSeconds(): Promise<number>;
}

/** How many, with what. */
export interface MembersOptions {
  readonly count: number;
  /** Of all together, each where a ring of those that are filled has it. */
  readonly groups: (addresses: readonly string[]) => readonly number[];
  /** The first so many are filled; all of them by default. */
  readonly filled?: number;
  /** They check each push against all that they hold, as a Pushgateway does by default. */
  readonly checked?: boolean;
  /** They keep their groups over a stop. */
  readonly persistent?: boolean;
  /** Whole reads are counted, by an nginx before them. */
  readonly counted?: boolean;
  readonly signal: AbortSignal;
}

const FILL_CONNECTIONS = 32;
/** Without it the members check each push against all that they hold. */
const UNCHECKED = ["--push.disable-consistency-check"];

/**
 * Starts Pushgateways and fills them. With its check one would take the better part of an hour for
 * 10,000 groups, so that comes only with a restart, from what was kept of them.
 *
 * @throws {Error} where something does not start or is not filled; the signal's reason
 */
export async function startMembers(options: MembersOptions): Promise<Members> {
  const { count, checked, counted, signal } = options;
  await using stack = new AsyncDisposableStack();
  const { pushgateway: component, nginx } = await ensureComponents(["pushgateway", "nginx"]);
  signal.throwIfAborted();
  const directory = await Deno.makeTempDir({ prefix: "bench-" });
  stack.defer(() => Deno.remove(directory, { recursive: true }));
  const persistent = options.persistent || checked;
  const start = async (port: number, flags: readonly string[]) => {
    const persistenceFile = persistent ? `${directory}/${port}` : undefined;
    return await startPushgateway({ component, port, flags, persistenceFile });
  };
  await using first = new AsyncDisposableStack();
  const gateways: Pushgateway[] = [];
  for (let i = 0; i < count; i++) gateways.push(first.use(await start(freePort(), UNCHECKED)));
  const own = gateways.map(({ address }) => address);
  const counting = counted
    ? stack.use(await startCounted(nginx, { gateways: own, directory }))
    : undefined;
  const addresses = counting?.addresses ?? own;
  const groups = await fill(options, addresses);
  if (!checked) {
    stack.use(first.move());
  } else {
    await first.disposeAsync();
    for (const [i, { port }] of gateways.entries()) gateways[i] = stack.use(await start(port, []));
  }
  const kept = stack.move();
  return {
    gateways,
    addresses,
    groups,
    directory,
    reads: async () => await counting?.reads() ?? [],
    cpuSeconds: async () => {
      const each = await Promise.all(gateways.map((gateway) => cpuSeconds(gateway.pid())));
      return each.reduce((sum, seconds) => sum + seconds, 0);
    },
    [Symbol.asyncDispose]: () => kept.disposeAsync(),
  };
}

/** Pushes each group once, straight to the member that has it by the ring. */
async function fill(
  { groups, filled, signal }: MembersOptions,
  addresses: readonly string[],
): Promise<readonly number[]> {
  const members = addresses.slice(0, filled);
  const wanted = groups(members);
  const ownerOf = owners(members);
  const urlOf = (group: number) => `http://${ownerOf(group)}`;
  await pushAll(wanted, { urlOf, connections: FILL_CONNECTIONS, signal });
  return wanted;
}

/** So many groups, spread over all members. */
export function anyGroups(count: number): MembersOptions["groups"] {
  return () => groupsUpTo(count);
}

/** So many groups, all of which the first member has. */
export function groupsOfFirst(count: number): MembersOptions["groups"] {
  return (addresses) => {
    const ownerOf = owners(addresses);
    const found: number[] = [];
    for (let group = 0; found.length < count; group++) {
      if (ownerOf(group) === addresses[0]) found.push(group);
    }
    return found;
  };
}

/** Those of some groups that a member has by a ring of all. */
export function groupsOn(
  address: string,
  { addresses, groups }: Pick<Members, "addresses" | "groups">,
): number[] {
  const ownerOf = owners(addresses);
  return groups.filter((group) => ownerOf(group) === address);
}

function owners(addresses: readonly string[]): (group: number) => string | undefined {
  const ring = HashRing.of(new Map(addresses.map((address) => [parseMember(address), 1])));
  return (group) => ring.ownerOf(pathOf(group));
}
