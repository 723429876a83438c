/**
 * Compares what the members hold with the ring while every group is in place, as is nearly always so. Then
 * only the groups that are new on a member have to be checked. Pure.
 *
 * @module
 */

import { LargeMap } from "../../concurrency/large_map.ts";
import type { Member } from "../../member.ts";
import type { PushTimes } from "../../pushgateway/push_times.ts";
import { type Findings, keyOfId } from "./inventory.ts";

/** What each member holds. */
export type Held = ReadonlyMap<Member, Pick<PushTimes, "times">>;

/** The last comparison. */
export interface InPlace {
  /**
   * Compares what has changed since the last comparison. A generator, because there may be many groups.
   *
   * @returns what was found, if every group was in place then and is now. Otherwise `undefined`, and
   *   everything has to be compared
   */
  compare(
    held: Held,
    ownerOf: (key: string) => Member | undefined,
  ): Generator<void, Findings | undefined>;
  /** Takes over the result of a full comparison. */
  found(held: Held, findings: Findings): void;
  /** Called when the ring or the members have changed: the last comparison no longer counts. */
  forget(): void;
}

/** Groups processed between two yields. */
const GROUPS_A_STEP = 1_000;

/** Creates the comparison, with nothing compared yet. */
export function createInPlace(): InPlace {
  /** What the members held when every group was in place. */
  let before: Held | undefined;

  /** Whether a group that is new on a member belongs there, and no other member holds it. */
  function belongs(
    id: string,
    member: Member,
    { held, ownerOf }: { held: Held; ownerOf: (key: string) => Member | undefined },
  ): boolean {
    const owner = ownerOf(keyOfId(id));
    if (owner !== undefined && owner !== member) return false;
    return held.entries().every(([other, { times }]) => other === member || !times.has(id));
  }

  return {
    *compare(held, ownerOf) {
      const known = before;
      if (known?.size !== held.size) return undefined;
      let [steps, groups] = [0, 0];
      for (const [member, { times }] of held) {
        const old = known.get(member)?.times;
        if (!old) return undefined;
        groups += times.size;
        if (old === times) continue;
        for (const id of times.keys()) {
          if (++steps % GROUPS_A_STEP === 0) yield;
          if (!old.has(id) && !belongs(id, member, { held, ownerOf })) return undefined;
        }
      }
      before = new Map(held);
      return { misplaced: new LargeMap(), stale: [], twins: [], groups };
    },
    found(held, { misplaced, groups }) {
      const all = [...held.values()].reduce((sum, { times }) => sum + times.size, 0);
      // A group with two copies is counted once in `groups`.
      before = misplaced.size === 0 && groups === all ? new Map(held) : undefined;
    },
    forget() {
      before = undefined;
    },
  };
}
