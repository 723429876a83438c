/** Waits, after all faults, until each group lies on its owner, once. @module */

import { waitFor } from "../../tools/wait.ts";
import { awaitComeback } from "./comeback.ts";
import { ALL_SERVERS, type Fleet, waitForRing } from "./fleet.ts";
import type { Group } from "./groups.ts";
import { readHeld } from "./held.ts";
import type { Note } from "./history.ts";
import type { Instance } from "./instance.ts";
import { isAcknowledged, type Ledger } from "./ledger.ts";
import { pushFamily } from "./load.ts";

/** What a fleet is brought to rest with. */
export interface SettleOptions {
  readonly groups: readonly Group[];
  readonly ledger: Ledger;
  /** Told what has not come to rest after a round. */
  readonly note: Note;
  readonly signal: AbortSignal;
}

/** A minute in all; two are enough as a rule. */
const ROUNDS_MAX = 12;
const ROUND_MS_MAX = 5_000;
const PUSH_MS_MAX = 20_000;
const MISPLACED = /^dynamic_sharding_handoff_misplaced_groups (\d+)$/m;

/**
 * Puts all members into the file again, and waits until both instances have a ring of them.
 *
 * @returns members that stayed out, in words; they were called back
 */
export async function restoreMembers(fleet: Fleet, signal: AbortSignal): Promise<string[]> {
  const text = fleet.config(ALL_SERVERS);
  for (const instance of fleet.instances) await instance.configure(text);
  await Promise.all(fleet.instances.map((instance) => instance.reload()));
  const keptOut = await awaitComeback(fleet, ALL_SERVERS, signal);
  await waitForRing(fleet, ALL_SERVERS, signal);
  return keptOut;
}

/**
 * Pushes each group once more through each instance, and waits until it lies on its owner, once. It
 * may take several rounds: for a second and a half after a change of members a POST goes to the
 * former owner still, and what lies there then stays until its next push.
 *
 * @returns what is still not so, in words; nothing where all is settled
 */
export async function settle(fleet: Fleet, options: SettleOptions): Promise<string[]> {
  let unsettled: string[] = [];
  for (let round = 0; round < ROUNDS_MAX; round++) {
    for (const instance of fleet.instances) {
      await Promise.all(options.groups.map((group) => pushUntilTaken(group, instance, options)));
    }
    await waitFor(async () => {
      unsettled = await findUnsettled(fleet, options.groups);
      return unsettled.length === 0;
    }, {
      what: "every group to lie on its owner, once",
      msMax: ROUND_MS_MAX,
      everyMs: 500,
      signal: options.signal,
    }).catch(() => options.signal.throwIfAborted()); // what is not settled is told
    if (unsettled.length === 0) break;
    options.note(`not settled yet: ${unsettled.join("; ")}`);
  }
  return unsettled;
}

/** The owner of each group, as each instance says, by the group's path. */
export async function readOwners(
  { instances }: Fleet,
  groups: readonly Group[],
): Promise<Map<string, string[]>> {
  const owners = await Promise.all(groups.map(async ({ path }) => {
    const answers = instances.map((instance) => readOwner(instance, path));
    return [path, await Promise.all(answers)] as const;
  }));
  return new Map(owners);
}

async function readOwner(instance: Instance, path: string): Promise<string> {
  const { status, text } = await instance.ask(path, { headers: { accept: "application/json" } });
  if (status !== 200) throw new Error(`${instance.name}: ${path}: found ${status}: ${text}`);
  return (JSON.parse(text) as { owner: string }).owner;
}

async function pushUntilTaken(
  group: Group,
  instance: Instance,
  { ledger, signal }: SettleOptions,
): Promise<void> {
  await waitFor(async () => isAcknowledged(await pushFamily(group, { instance, ledger })), {
    what: `${instance.name} to take a push of ${group.path}`,
    msMax: PUSH_MS_MAX,
    everyMs: 500,
    signal,
  });
}

async function findUnsettled(fleet: Fleet, groups: readonly Group[]): Promise<string[]> {
  const unsettled: string[] = [];
  const names = new Map(fleet.members.map(({ address, name }) => [address, name]));
  const nameOf = (address: string) => names.get(address) ?? address;
  for (const instance of fleet.instances) {
    const { text } = await instance.ask("/metrics");
    const misplaced = MISPLACED.exec(text)?.[1];
    if (misplaced !== "0") unsettled.push(`${instance.name}: ${misplaced} groups are misplaced`);
  }
  const [held, owners] = await Promise.all([
    readHeld(fleet.members),
    readOwners(fleet, groups),
  ]);
  for (const { path } of groups) {
    const members = (held.get(path) ?? []).map(({ member }) => member);
    const wanted = owners.get(path) ?? [];
    if (members.length === 1 && wanted.every((owner) => owner === members[0])) continue;
    const [on, home] = [members, wanted].map((addresses) => addresses.map(nameOf).join(" and "));
    unsettled.push(`${path} lies on ${on || "no member"}; its owner is ${home}`);
  }
  return unsettled;
}
