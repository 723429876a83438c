/** What clients, operators and faults do to the model, step by step. @module */

import fc from "fast-check";
import { type Member, parseMember } from "../../../src/member.ts";
import type { ClientPush } from "./fleet.ts";
import { UNCOPYABLE } from "./memory_gateways.ts";

export const MEMBERS: readonly Member[] = [0, 1, 2].map((n) => parseMember(`gateway-${n}:9091`));
/** One of them has a `/` in a label. */
export const GROUPS = ["/metrics/job/backup", "/metrics/job/db/dir/%2Fvar"];

/** One thing that is done; others may be under way still. */
export type Step =
  | {
    readonly do: "push";
    readonly via: number;
    readonly push: PushPlan;
    readonly redirected: boolean;
  }
  /** A push that comes to some member directly, from wherever it may know of it. */
  | { readonly do: "stray"; readonly member: Member; readonly push: PushPlan }
  | { readonly do: "ring"; readonly of: readonly number[]; readonly members: readonly Member[] }
  | { readonly do: "sweep"; readonly via: number }
  | { readonly do: "drain"; readonly via: number; readonly member: Member }
  | { readonly do: "die"; readonly member: Member; readonly keepsData: boolean }
  | { readonly do: "return"; readonly member: Member }
  | { readonly do: "refuse"; readonly member: Member; readonly refusing: boolean }
  | { readonly do: "lose answer" }
  | { readonly do: "lock"; readonly via: number; readonly reachable: boolean }
  | { readonly do: "restart"; readonly via: number }
  | { readonly do: "wait"; readonly ms: number };

/** A push before it has its number. */
export type PushPlan = Pick<ClientPush, "method" | "id" | "names">;
export type StepKind = Step["do"];

export const INSTANCES = 2;
const via = fc.nat({ max: INSTANCES - 1 });
const member = fc.constantFrom(...MEMBERS);
export const someMembers = fc.subarray([...MEMBERS], { minLength: 1 });
const names = fc.subarray(["a", "b"], { minLength: 1 });

/** What pushes may be like. */
export interface PushRange {
  readonly methods: readonly ClientPush["method"][];
  /** Some clients follow a redirect, sooner or later. */
  readonly redirects?: boolean;
  /** All instances learn of a ring in the same moment. */
  readonly sameRing?: boolean;
  readonly uncopyable?: boolean;
}

export function pushPlan({ methods, uncopyable = false }: PushRange): fc.Arbitrary<PushPlan> {
  const some = uncopyable
    ? fc.oneof({ weight: 3, arbitrary: names }, {
      weight: 1,
      arbitrary: fc.constant(["a", UNCOPYABLE]),
    })
    : names;
  return fc.record({
    method: fc.constantFrom(...methods),
    id: fc.constantFrom(...GROUPS),
    names: some,
  });
}

function stepsOf(range: PushRange): Record<StepKind, fc.Arbitrary<Step>> {
  const redirected = range.redirects ? fc.boolean() : fc.constant(false);
  const of = range.sameRing ? fc.constant([0, 1]) : fc.constantFrom([0, 1], [0, 1], [0], [1]);
  return {
    push: fc.record({ do: fc.constant("push"), via, push: pushPlan(range), redirected }),
    stray: fc.record({ do: fc.constant("stray"), member, push: pushPlan(range) }),
    ring: fc.record({ do: fc.constant("ring"), of, members: someMembers }),
    sweep: fc.record({ do: fc.constant("sweep"), via }),
    drain: fc.record({ do: fc.constant("drain"), via, member }),
    die: fc.record({ do: fc.constant("die"), member, keepsData: fc.boolean() }),
    return: fc.record({ do: fc.constant("return"), member }),
    refuse: fc.record({ do: fc.constant("refuse"), member, refusing: fc.boolean() }),
    "lose answer": fc.constant({ do: "lose answer" }),
    lock: fc.record({ do: fc.constant("lock"), via, reachable: fc.boolean() }),
    restart: fc.record({ do: fc.constant("restart"), via }),
    wait: fc.record({ do: fc.constant("wait"), ms: fc.constantFrom(100, 900, 3_000) }),
  };
}

const STEPS_MAX = 40;

/** Some steps, each kind as often as its weight says. */
export function steps(
  weights: Partial<Record<StepKind, number>>,
  range: PushRange,
): fc.Arbitrary<Step[]> {
  const kinds = stepsOf(range);
  const weighted = Object.entries(weights).map(([kind, weight]) => ({
    weight,
    arbitrary: kinds[kind as StepKind],
  }));
  return fc.array(fc.oneof(...weighted), { maxLength: STEPS_MAX, size: "max" });
}
