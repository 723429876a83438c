/** Moves a group from one member to its owner, in the group's turn, and reports the outcome. @module */

import { errorText } from "../../log.ts";
import type { Member } from "../../member.ts";
import { sharedWith } from "../../pushgateway/shared_series.ts";
import { showSharedSeries, type TellSharedSeries } from "../shared_series.ts";
import type { Exclusive } from "./exclusive.ts";
import type { Gateways } from "../gateways.ts";
import { keyOfId } from "../plan/inventory.ts";
import type { RelationOf } from "../plan/processes.ts";
import { besides } from "../plan/rivals.ts";
import type { Rings } from "../plan/rings.ts";
import type { Whereabouts } from "../plan/whereabouts.ts";
import { type MoveDeps, moveGroup, type MoveOutcome } from "./move.ts";
import type { HandoffReport } from "../report.ts";

/** What moving groups needs. */
export interface BringHomeDeps {
  readonly exclusive: Exclusive;
  readonly gateways: Gateways;
  readonly whereabouts: Whereabouts;
  readonly rings: Pick<Rings, "present" | "isUsed" | "isSending">;
  readonly relationOf: RelationOf;
  readonly report: HandoffReport;
  readonly tellSharedSeries: TellSharedSeries;
}

/** How bringing a group home ended. */
export type BringOutcome =
  | MoveOutcome
  /** Other instances still push it to the member by their ring. It is to be moved when they no longer do. */
  | { readonly kind: "early" };

/**
 * Moves a group to its owner.
 *
 * @param by what asked for the move
 * @returns how it ended; `stays` with the reason if it failed, which has been reported
 * @throws the signal's reason when it aborts
 */
export async function bringHome(
  { id, from, by }: { readonly id: string; readonly from: Member; readonly by: "push" | "drain" },
  deps: BringHomeDeps,
  signal: AbortSignal,
): Promise<BringOutcome> {
  const { exclusive, gateways, whereabouts, rings, relationOf, report } = deps;
  const key = keyOfId(id);
  if (rings.isUsed(from, key)) return { kind: "early" };
  try {
    return await exclusive.run<BringOutcome>(id, async (signal) => {
      const to = whereabouts.ownerOf(key);
      if (to === from && rings.present.ownerOf(key) !== from) return { kind: "early" };
      if (to === undefined || to === from) {
        return { kind: "stays", reason: "no other member can take it" };
      }
      const belongs = () => whereabouts.ownerOf(key) === to && !rings.isUsed(from, key);
      const move = { id, from, to, ...besides(whereabouts.holdersOf({ id, key }), [from, to]) };
      const moving = { gateways, relationOf, belongs, ...noting(id, whereabouts) };
      const outcome = await moveGroup(move, moving, signal);
      if (outcome.kind === "stays") {
        const reason = explain({ id, to, reason: outcome.reason }, deps);
        report.staysPut({ id, from, to, reason });
        return { kind: "stays", reason };
      } else if (outcome.kind !== "changed") {
        whereabouts.removed(id, from);
        if (outcome.kind === "moved") report.moved({ id, from: [from], to, by });
      }
      return outcome;
    }, { signal, alone: false });
  } catch (error) {
    signal.throwIfAborted();
    report.failed("copy", error);
    return { kind: "stays", reason: errorText(error) };
  }
}

/** Returns the callbacks that note the copies of a group that are made and taken back. */
export function noting(
  id: string,
  whereabouts: Pick<Whereabouts, "placed" | "removed">,
): Pick<MoveDeps, "places" | "tookBack"> {
  return {
    places: (member) => whereabouts.placed(id, member),
    tookBack: (member) => whereabouts.removed(id, member),
  };
}

/** Returns the reason why a group was refused. If another group has the same series, the reason says so. */
export function explain(
  { id, to, reason }: { readonly id: string; readonly to: Member; readonly reason: string },
  { whereabouts, tellSharedSeries }: BringHomeDeps,
): string {
  const held = whereabouts.inventories.get(to)?.times;
  const shared = sharedWith({ id, reason }, (other) => held?.has(other) ?? false);
  if (!shared) return reason;
  tellSharedSeries(shared);
  return `${to}: ${showSharedSeries(shared)}`;
}
