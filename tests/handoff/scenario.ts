/** Scenarios for the model: what clients, operators and faults do, step by step. @module */

import fc from "fast-check";
import { type Member, parseMember } from "../../src/member.ts";
import { HashRing } from "../../src/ring/hash_ring.ts";
import { type Clockwork, createClockwork } from "./clockwork.ts";
import { type ClientPush, createFleet, type Fleet } from "./fleet.ts";
import { type Instance, startInstance } from "./instance.ts";
import { createLockTable, createMemoryLocks, type MemoryLocks } from "./lock_table.ts";
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

const INSTANCES = 2;
const via = fc.nat({ max: INSTANCES - 1 });
const member = fc.constantFrom(...MEMBERS);
const someMembers = fc.subarray([...MEMBERS], { minLength: 1 });
const names = fc.subarray(["a", "b"], { minLength: 1 });

/** What pushes may be like. */
export interface PushRange {
  readonly methods: readonly ClientPush["method"][];
  readonly redirects?: boolean;
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
  const of = fc.constantFrom([0, 1], [0, 1], [0], [1]);
  return {
    push: fc.record({ do: fc.constant("push"), via, push: pushPlan(range), redirected }),
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

/** Some steps, each kind as often as its weight says. */
export function steps(
  weights: Partial<Record<StepKind, number>>,
  { range, maxLength = 60 }: { range: PushRange; maxLength?: number },
): fc.Arbitrary<Step[]> {
  const kinds = stepsOf(range);
  const weighted = Object.entries(weights).map(([kind, weight]) => ({
    weight,
    arbitrary: kinds[kind as StepKind],
  }));
  return fc.array(fc.oneof(...weighted), { maxLength, size: "max" });
}

const rings = new Map<string, HashRing>();
/** The ring of some members. */
export function ringOf(members: readonly Member[]): HashRing {
  const key = members.join();
  const ring = rings.get(key) ?? HashRing.of(new Map(members.map((member) => [member, 1])));
  rings.set(key, ring);
  return ring;
}

/** How a scenario is run. */
export interface Setting {
  /** By how much the clock of each member is ahead of ours. */
  readonly aheadMs: readonly number[];
  /** Each step is over before the next one. */
  readonly oneByOne: boolean;
}

export const setting: fc.Arbitrary<Setting> = fc.record({
  aheadMs: fc.array(fc.integer({ min: -3_000, max: 3_000 }), { minLength: 3, maxLength: 3 }),
  oneByOne: fc.boolean(),
});

/** The world of one run. */
export interface World extends Disposable {
  readonly clockwork: Clockwork;
  readonly fleet: Fleet;
  readonly instances: Instance[];
  readonly locks: readonly MemoryLocks[];
  /** Begins a step. What it begins goes on by itself. */
  take(step: Step): void;
  /** Takes steps, and ends when nothing is under way any more. */
  play(steps: readonly Step[], timersMax?: number): Promise<void>;
  /** Gives a push its number and makes it. */
  push(plan: PushPlan, via: number): Promise<void>;
  /** All that was begun has ended. */
  readonly ended: Promise<unknown>;
}

/** Makes the members and two instances that know all of them; the ring is made of the first two. */
export function createWorld(
  scheduler: fc.Scheduler,
  { aheadMs, oneByOne }: Setting,
  { atOnce = false, onPush = () => {} }: {
    atOnce?: boolean;
    onPush?: (push: ClientPush, outcome: string) => void;
  } = {},
): World {
  const clockwork = createClockwork(scheduler);
  const ahead = new Map(MEMBERS.map((member, i) => [member, aheadMs[i]]));
  const fleet = createFleet(ahead, clockwork);
  const table = createLockTable();
  let answersToLose = 0;
  let numbers = 0;
  const losesAnswer = () => answersToLose > 0 && answersToLose-- > 0;
  const locks = Array.from({ length: INSTANCES }, () => createMemoryLocks(table, clockwork));
  const start = (i: number, ring: HashRing) =>
    startInstance({ ring, fleet, clockwork, locks: locks[i], losesAnswer, atOnce });
  const instances = locks.map((_, i) => start(i, ringOf(MEMBERS.slice(0, 2))));
  const begun: Promise<unknown>[] = [];
  const begin = (work: Promise<unknown>) => void begun.push(work);

  async function push(plan: PushPlan, via: number): Promise<void> {
    const numbered = { ...plan, value: ++numbers };
    onPush(numbered, await instances[via].push(numbered));
  }

  async function follow(plan: PushPlan, via: number): Promise<void> {
    const numbered = { ...plan, value: ++numbers };
    const to = instances[via].redirect(numbered);
    if (to === undefined) return void onPush(numbered, await instances[via].push(numbered));
    await clockwork.turn(`redirected ${plan.method} ${plan.id} to ${to}`);
    onPush(numbered, fleet.land(to, numbered));
  }

  /** Each instance learns it by its own probe. */
  function tellAll(member: Member, up: boolean): void {
    for (const i of instances.keys()) {
      begin(clockwork.turn(`probe of ${member}`).then(() => instances[i].probed(member, up)));
    }
  }

  const world: World = {
    clockwork,
    fleet,
    instances,
    locks,
    push,
    take(step) {
      switch (step.do) {
        case "push":
          return begin((step.redirected ? follow : push)(step.push, step.via));
        case "ring":
          for (const i of step.of) instances[i].ringChanged(ringOf(step.members));
          return;
        case "sweep":
          return begin(instances[step.via].sweep());
        case "drain":
          return begin(instances[step.via].drain(step.member));
        case "die":
          if (!fleet.members.get(step.member)?.alive) return;
          fleet.die(step.member, step.keepsData);
          return tellAll(step.member, false);
        case "return":
          fleet.members.get(step.member)!.alive = true;
          return tellAll(step.member, true);
        case "refuse":
          fleet.members.get(step.member)!.refusing = step.refusing;
          return;
        case "lose answer":
          answersToLose++;
          return;
        case "lock":
          return locks[step.via].setReachable(step.reachable);
        case "restart": {
          const { ring } = instances[step.via];
          instances[step.via].kill();
          instances[step.via] = start(step.via, ring);
          return;
        }
        case "wait":
          return clockwork.pass(step.ms);
        default:
          return step satisfies never;
      }
    },
    async play(steps, timersMax = 10) {
      if (oneByOne) {
        for (const step of steps) {
          world.take(step);
          await clockwork.run(timersMax);
        }
        return;
      }
      const all = (async () => {
        for (const step of steps) {
          await clockwork.turn(step.do);
          world.take(step);
        }
      })();
      await clockwork.run(timersMax);
      await all;
    },
    get ended() {
      return Promise.all(begun);
    },
    [Symbol.dispose]: () => clockwork[Symbol.dispose](),
  };
  return world;
}
