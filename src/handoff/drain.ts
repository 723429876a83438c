/** Empties a member that is about to leave: each group goes to its owner on the ring. @module */

import { sleep } from "../backoff.ts";
import type { Member } from "../member.ts";
import { inBatches } from "./batches.ts";
import type { Exclusive } from "./exclusive.ts";
import type { Gateways } from "./gateways.ts";
import { keyOfId } from "./inventory.ts";
import type { Misplaced } from "./misplaced.ts";
import { moveGroup, type MoveOutcome } from "./move.ts";
import type { HandoffReport } from "./report.ts";

/** What draining takes. */
export interface DrainDeps {
  readonly exclusive: Exclusive;
  readonly gateways: Gateways;
  readonly misplaced: Misplaced;
  readonly report: HandoffReport;
  readonly ownerOf: (key: string) => Member | undefined;
}

/** How far a drain has come. */
export interface DrainProgress {
  /** Groups it held when the drain began here, and what came since. */
  groups: number;
  /** Groups it holds no more. */
  moved: number;
  /** Why groups stay, by their IDs. */
  readonly staying: Map<string, string>;
}

/** Groups that could not be moved are tried again so long after. */
const AGAIN_MS = 5_000;

/**
 * Moves groups until the member holds none, or only such as cannot be moved, which are tried again
 * until the signal aborts. A drain that ends early leaves each group on at least one member, and the
 * next one goes on from there.
 *
 * @throws where the member cannot be read; the signal's reason when it aborts
 */
export async function drainMember(
  member: Member,
  progress: DrainProgress,
  { deps, signal }: { deps: DrainDeps; signal: AbortSignal },
): Promise<void> {
  for (;;) {
    const { times } = await deps.gateways.pushTimes(member, signal);
    progress.groups = progress.moved + times.size;
    for (const id of progress.staying.keys()) if (!times.has(id)) progress.staying.delete(id);
    if (times.size === 0) return;
    let moved = 0;
    await inBatches(times.keys(), { signal }, async (id) => {
      const outcome = await moveOne(id, member, { deps, signal });
      if (outcome.kind === "stays") {
        progress.staying.set(id, outcome.reason);
      } else if (outcome.kind !== "changed") {
        moved++;
        progress.moved++;
        progress.staying.delete(id);
      }
    });
    if (moved === 0) await sleep(AGAIN_MS, signal);
    signal.throwIfAborted();
  }
}

async function moveOne(
  id: string,
  from: Member,
  { deps, signal }: { deps: DrainDeps; signal: AbortSignal },
): Promise<MoveOutcome> {
  const { exclusive, gateways, misplaced, report } = deps;
  try {
    return await exclusive.run(id, async (signal) => {
      const key = keyOfId(id);
      const to = deps.ownerOf(key);
      if (to === undefined || to === from) {
        return { kind: "stays", reason: "no other member can take it" };
      }
      const { seen, presumed } = misplaced.holdersOf({ id, key }) ??
        { seen: new Map(), presumed: [] };
      const others = [...seen.keys(), ...presumed].filter((one) => one !== from && one !== to);
      const outcome = await moveGroup({ id, from, to, others }, {
        gateways,
        belongs: () => deps.ownerOf(key) === to,
      }, signal);
      if (outcome.kind === "stays") {
        report.staysPut({ id, from, to, reason: outcome.reason });
      } else if (outcome.kind !== "changed") {
        misplaced.removed(id, from);
        if (outcome.kind === "moved") report.moved({ id, from: [from], to, by: "drain" });
      }
      return outcome;
    }, { signal, alone: false });
  } catch (error) {
    signal.throwIfAborted();
    report.failed("copy", error);
    return { kind: "stays", reason: error instanceof Error ? error.message : String(error) };
  }
}
