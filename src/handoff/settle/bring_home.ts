/** Brings a group from one member to its owner, under the group's turn, and tells what came of it. @module */

import type { Member } from "../../member.ts";
import type { Exclusive } from "./exclusive.ts";
import type { Gateways } from "../gateways.ts";
import { keyOfId } from "../plan/inventory.ts";
import type { Misplaced } from "../plan/misplaced.ts";
import { moveGroup, type MoveOutcome } from "./move.ts";
import type { HandoffReport } from "../report.ts";

/** What moving groups takes. */
export interface BringHomeDeps {
  readonly exclusive: Exclusive;
  readonly gateways: Gateways;
  readonly misplaced: Misplaced;
  readonly report: HandoffReport;
  readonly ownerOf: (key: string) => Member | undefined;
}

/**
 * Moves one.
 *
 * @param by what asked for it
 * @returns how that ended; `stays` with the reason where it failed, which has been reported
 * @throws the signal's reason when it aborts
 */
export async function bringHome(
  { id, from, by }: { readonly id: string; readonly from: Member; readonly by: "push" | "drain" },
  { exclusive, gateways, misplaced, report, ownerOf }: BringHomeDeps,
  signal: AbortSignal,
): Promise<MoveOutcome> {
  try {
    return await exclusive.run(id, async (signal) => {
      const key = keyOfId(id);
      const to = ownerOf(key);
      if (to === undefined || to === from) {
        return { kind: "stays", reason: "no other member can take it" };
      }
      const { seen, presumed } = misplaced.holdersOf({ id, key }) ??
        { seen: new Map(), presumed: [] };
      const others = [...seen.keys(), ...presumed].filter((one) => one !== from && one !== to);
      const belongs = () => ownerOf(key) === to;
      const outcome = await moveGroup({ id, from, to, others }, { gateways, belongs }, signal);
      if (outcome.kind === "stays") {
        report.staysPut({ id, from, to, reason: outcome.reason });
      } else if (outcome.kind !== "changed") {
        misplaced.removed(id, from);
        if (outcome.kind === "moved") report.moved({ id, from: [from], to, by });
      }
      return outcome;
    }, { signal, alone: false });
  } catch (error) {
    signal.throwIfAborted();
    report.failed("copy", error);
    return { kind: "stays", reason: error instanceof Error ? error.message : String(error) };
  }
}
