/** Whether members that are wanted come back; one that is kept out by a mark anew is called back. @module */

import { waitFor } from "../../tools/wait.ts";
import type { Fleet } from "./fleet.ts";
import type { Instance } from "./instance.ts";
import { memberName } from "./plan.ts";

/**
 * What takes a mark off does so within a moment. One that is there after this time was set by an
 * instance itself.
 */
const MARKED_MS_MAX = 3_000;
/** A mark that is gone is noticed within 10 s. */
const COMEBACK_MS_MAX = 60_000;

/**
 * Waits until no instance says of these members that they leave, or have left. One that is marked as
 * taken out though nobody wants that is called back, as an operator would, by taking back a drain.
 *
 * @returns what had to be called back, in words
 * @throws where one stays out all the same
 */
export async function awaitComeback(
  fleet: Fleet,
  wanted: readonly number[],
  signal: AbortSignal,
): Promise<string[]> {
  const calledBack: string[] = [];
  /** Since when a member has been seen marked. */
  const markedSince = new Map<number, number>();
  await waitFor(async () => {
    const marked = await fleet.marked();
    for (const member of wanted) {
      const { address } = fleet.members[member];
      if (!marked.has(address)) {
        markedSince.delete(member);
        continue;
      }
      const since = markedSince.get(member) ?? performance.now();
      markedSince.set(member, since);
      if (performance.now() - since < MARKED_MS_MAX) continue;
      calledBack.push(`${memberName(member)} is wanted, was marked as taken out, and called back`);
      const path = `/api/v1/members/${address}/drain`;
      await fleet.instances[0].ask(path, { method: "DELETE" });
      markedSince.delete(member);
    }
    return markedSince.size === 0 && await areHere(fleet, wanted);
  }, {
    what: `${wanted.map(memberName).join(", ")} to come back`,
    msMax: COMEBACK_MS_MAX,
    everyMs: 100,
    signal,
  });
  return calledBack;
}

async function areHere(fleet: Fleet, wanted: readonly number[]): Promise<boolean> {
  const states = await Promise.all(fleet.instances.map(readStates));
  return wanted.every((member) =>
    states.every((states) => isHere(states.get(fleet.members[member].address)))
  );
}

async function readStates(instance: Instance): Promise<Map<string, string>> {
  const members = await instance.members();
  return new Map(members.map(({ member, state }) => [member, state]));
}

function isHere(state: string | undefined): boolean {
  return state !== undefined && state !== "draining" && state !== "departed";
}
