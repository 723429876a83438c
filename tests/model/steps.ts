/** What clients, operators and faults do to a fleet, one after the other: drawn at random. Pure. @module */

import type { Random } from "../../tools/random.ts";

/** One thing that is done. Members, instances and agents are named by their numbers, from 0. */
export type Step =
  /** The file, unchanged, is reloaded so many times at once. */
  | { readonly do: "reload"; readonly instance: number; readonly times: number }
  /** An instance is ended while it serves, and another one begins. */
  | { readonly do: "restart"; readonly instance: number }
  /** An instance is killed, and another one begins. */
  | { readonly do: "kill"; readonly instance: number }
  /** The file of all instances names these members from now on; they reload it, so far apart. */
  | { readonly do: "scale"; readonly members: readonly number[]; readonly apartMs: number }
  /** A member is drained, which is taken back after a time. */
  | {
    readonly do: "drain";
    readonly member: number;
    readonly instance: number;
    readonly undoAfterMs: number;
  }
  /** The pages of a member are not to be had for a time. */
  | {
    readonly do: "pages";
    readonly member: number;
    readonly are: "failing" | "hanging" | "slow";
    readonly ms: number;
  }
  /** A member is gone for a time, and comes back with all that it held. */
  | { readonly do: "die"; readonly member: number; readonly ms: number }
  /** A member refuses pushes for a time. */
  | { readonly do: "refuse"; readonly member: number; readonly ms: number }
  /** The next answers of a member to writes are lost. */
  | { readonly do: "lose answers"; readonly member: number; readonly count: number }
  /** An agent of Consul leaves, and comes back after a time. */
  | {
    readonly do: "agent leaves";
    readonly agent: number;
    readonly ms: number;
    readonly keepsServices: boolean;
  }
  /** The file names a member by its other name from now on, or by both. */
  | { readonly do: "alias"; readonly member: number; readonly name: "first" | "second" | "both" };

export type StepKind = Step["do"];

/** A step, and how long nothing happens before it. */
export interface PlannedStep {
  readonly pauseMs: number;
  readonly step: Step;
}

/** What there is. */
export interface Range {
  readonly members: number;
  readonly instances: number;
  readonly agents: number;
  /** How often each kind comes, against the others. */
  readonly weights: Readonly<Partial<Record<StepKind, number>>>;
}

const PAUSE_MS = [50, 4_000] as const;
const FOR_MS = [500, 9_000] as const;
const UNDO_AFTER_MS = [100, 8_000] as const;
const MEMBERS_MIN = 2;

/** Draws steps. */
export function planSteps(random: Random, count: number, range: Range): PlannedStep[] {
  const { weights } = range;
  const kinds = Object.entries(weights).flatMap(([kind, weight]) =>
    Array<StepKind>(weight).fill(kind as StepKind)
  );
  return Array.from({ length: count }, () => ({
    pauseMs: random.between(...PAUSE_MS),
    step: draw(random.pick(kinds), random, range),
  }));
}

function draw(kind: StepKind, random: Random, { members, instances, agents }: Range): Step {
  const member = random.between(0, members - 1);
  const instance = random.between(0, instances - 1);
  const ms = random.between(...FOR_MS);
  switch (kind) {
    case "reload":
      return { do: kind, instance, times: random.pick([1, 1, 3]) };
    case "restart":
    case "kill":
      return { do: kind, instance };
    case "scale": {
      const all = random.shuffle(Array.from({ length: members }, (_, i) => i));
      const chosen = all.slice(0, random.between(MEMBERS_MIN, members)).sort();
      return { do: kind, members: chosen, apartMs: random.pick([0, random.between(1, 1_500)]) };
    }
    case "drain":
      return { do: kind, member, instance, undoAfterMs: random.between(...UNDO_AFTER_MS) };
    case "pages":
      return { do: kind, member, are: random.pick(["failing", "hanging", "slow"]), ms };
    case "die":
    case "refuse":
      return { do: kind, member, ms };
    case "lose answers":
      return { do: kind, member, count: random.between(1, 3) };
    case "agent leaves": {
      const agent = random.between(0, agents - 1);
      return { do: kind, agent, ms, keepsServices: random.next() < 0.7 };
    }
    case "alias":
      return { do: kind, member, name: random.pick(["first", "second", "both"]) };
    default:
      return kind satisfies never;
  }
}
