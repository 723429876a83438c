/** Forecasts which of the groups that exist now another set of members would move. Pure. @module */

import type { Member } from "../../member.ts";
import type { PushTimes } from "../../pushgateway/push_times.ts";
import type { HashRing } from "../../ring/hash_ring.ts";
import { keyOfId } from "./inventory.ts";

/** Groups that would get another owner. */
export interface ForecastMove {
  readonly from: Member;
  readonly to: Member;
  readonly groups: number;
}

/** How many groups a member owns, now and then. */
export interface ForecastBalance {
  readonly member: Member;
  readonly before: number;
  readonly after: number;
}

/** The outcome of a change that is only planned. */
export interface Forecast {
  readonly groups: number;
  readonly moving: number;
  readonly moves: readonly ForecastMove[];
  readonly balance: readonly ForecastBalance[];
}

/** Groups processed between two yields. */
const GROUPS_A_STEP = 1_000;

/**
 * Counts which groups would move. A generator, because there may be many: it yields every thousand groups,
 * and returns the forecast.
 *
 * @param inventories what each member holds
 */
export function* forecast(
  inventories: ReadonlyMap<Member, Pick<PushTimes, "times">>,
  { before, after }: { readonly before: HashRing; readonly after: HashRing },
): Generator<void, Forecast> {
  const ids = new Set<string>();
  const moves = new Map<string, { from: Member; to: Member; groups: number }>();
  const members = [...new Set([...before.members, ...after.members])].sort();
  const balance = new Map(members.map((member) => [member, { member, before: 0, after: 0 }]));
  const count = (member: Member | undefined, when: "before" | "after") => {
    const row = member && balance.get(member);
    if (row) row[when]++;
  };
  for (const { times } of inventories.values()) {
    for (const id of times.keys()) {
      if (ids.has(id)) continue;
      ids.add(id);
      if (ids.size % GROUPS_A_STEP === 0) yield;
      const key = keyOfId(id);
      const [from, to] = [before.ownerOf(key), after.ownerOf(key)];
      count(from, "before");
      count(to, "after");
      if (!from || !to || from === to) continue;
      const way = `${from} ${to}`;
      const move = moves.get(way) ?? { from, to, groups: 0 };
      move.groups++;
      moves.set(way, move);
    }
  }
  const sorted = [...moves].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, move]) => move);
  return {
    groups: ids.size,
    moving: sorted.reduce((sum, { groups }) => sum + groups, 0),
    moves: sorted,
    balance: [...balance.values()],
  };
}
