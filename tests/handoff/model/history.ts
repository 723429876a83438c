/** The order of pushes, and what excuses a loss: see `fleet.ts`. @module */

import type { PushedAt } from "../../../src/handoff/plan/inventory.ts";
import type { Member } from "../../../src/member.ts";
import type { Deed, Operation } from "./operation.ts";
import type { Copy, Families } from "./pushgateway.ts";

/** A push that a member has taken. */
export interface Landing {
  readonly method: "PUT" | "POST";
  readonly id: string;
  readonly member: Member;
  readonly families: Families;
  readonly step: number;
  readonly locked: boolean;
}

/** All that happened. */
export interface History {
  pushed(landing: Landing): void;
  /** A client's deletion has arrived at one of the members. */
  deleted(id: string, step: number): void;
  /** A copy of another member's has been made by somebody who did not know of this one. */
  outdated(member: Member, id: string, families: Families): void;
  /** Handoff has put a copy on a member. */
  copied(id: string, member: Member): void;
  /** Handoff has told a member to delete a copy; what is returned is called when that is done. */
  removing(id: string, operation: Operation | undefined): (step: number) => void;
  died(death: { member: Member; groups: ReadonlyMap<string, Copy>; step: number }): void;
  /** When the newest push was taken of those that a copy consists of. */
  orderOf(families: Families): number;
  /** What a group holds after all pushes of its clients, in the order in which they were taken. */
  contentOf(id: string): Families | undefined;
  /** Whether what is lost could not be known to be there. */
  isAccepted(loss: {
    readonly id: string;
    readonly member: Member;
    /** {@linkcode orderOf} what is lost. */
    readonly age: number;
    readonly what: "put" | "removal";
    readonly operation: Operation | undefined;
  }): boolean;
}

/** Begins one. */
export function createHistory(): History {
  /** By the number of the push. */
  const order = new Map<number, number>();
  const contents = new Map<string, Families>();
  const outdated = new Map<string, number>();
  const removals: { id: string; operation: Operation | undefined; doneAt: number }[] = [];
  const deletions = new Map<string, number>();
  /** The last push that a member has taken from a client; gone where a copy has replaced it. */
  const latest = new Map<string, Landing>();
  const deaths: { readonly step: number; readonly held: ReadonlyMap<string, number> }[] = [];
  const keyOf = (id: string, member: Member) => `${member} ${id}`;
  const orderOf = (families: Families) =>
    Math.max(0, ...[...families.values()].map((value) => order.get(value) ?? 0));

  return {
    pushed(landing) {
      const { method, id, member, families, step } = landing;
      for (const value of families.values()) order.set(value, step);
      const kept = method === "POST" ? contents.get(id) ?? [] : [];
      contents.set(id, new Map([...kept, ...families]));
      latest.set(keyOf(id, member), landing);
    },
    deleted(id, step) {
      deletions.set(id, step);
      contents.delete(id);
    },
    contentOf: (id) => contents.get(id),
    outdated: (member, id, families) => void outdated.set(keyOf(id, member), orderOf(families)),
    copied: (id, member) => void latest.delete(keyOf(id, member)),
    removing(id, operation) {
      const removal = { id, operation, doneAt: Infinity };
      removals.push(removal);
      return (step) => void (removal.doneAt = step);
    },
    died({ groups, step }) {
      const held = [...groups].map(([id, { families }]) => [id, orderOf(families)] as const);
      deaths.push({ step, held: new Map(held) });
    },
    orderOf,
    isAccepted({ id, member, age, what, operation }) {
      if ((deletions.get(id) ?? 0) > age) return true;
      if (!operation) return false;
      if (operation.disturbed || outdated.get(keyOf(id, member)) === age) return true;
      const { deeds } = operation;
      const first = deeds.find(({ kind }) => kind === "look" || kind === "delivery");
      const newerDied = deaths.some(({ step, held }) =>
        first && step >= first.step && (held.get(id) ?? 0) >= age
      );
      if (newerDied) return true;
      const interrupted = removals.some((removal) =>
        removal.id === id && removal.operation !== operation &&
        !removal.operation?.isLocked() && first && removal.doneAt >= first.step
      );
      if (interrupted) return true;
      const landing = latest.get(keyOf(id, member));
      const blindFrom = operation.deeds.length > 0 && blindSince(operation, { member, what });
      if (landing && !landing.locked && blindFrom !== false && landing.step >= blindFrom) {
        return true;
      }
      return operation.kind !== "push" && seemUncertain(deeds, member);
    },
  };
}

/** Since when the operation cannot have seen what came to a member; `false`: it should have. */
function blindSince(
  { deeds }: Operation,
  { member, what }: { member: Member; what: "put" | "removal" },
): number | false {
  // What comes while a client's PUT is being seen to may as well have come before it.
  const put = deeds.find(({ method }) => method === "PUT");
  if (put) return put.step;
  // A copy that came out different is removed again: since the look before it was made.
  const own = deeds.findLastIndex(({ kind, member: at }) => kind === "put" && at === member);
  const before = what === "removal" && own >= 0 ? deeds.slice(0, own) : deeds;
  for (const { kind, member: at, step } of before.toReversed()) {
    if (kind !== "look") return false;
    if (at === member) return step;
  }
  return false;
}

/** Two copies seemed to be pushed within the uncertainty of the clocks, and one had to go. */
export function seemUncertain(deeds: readonly Deed[], member: Member): boolean {
  const seen = new Map<Member, PushedAt>();
  for (const { member, pushed } of deeds) if (pushed) seen.set(member, pushed);
  const lost = seen.get(member);
  return lost !== undefined &&
    [...seen].some(([at, { min, max }]) => at !== member && lost.min <= max && min <= lost.max);
}
