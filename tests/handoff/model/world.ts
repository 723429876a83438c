/** Two instances before a few members, and what is done to them. @module */

import fc from "fast-check";
import { OTHERS_LEARN_MS } from "../../../src/handoff/settle/drains.ts";
import type { Member } from "../../../src/member.ts";
import { HashRing } from "../../../src/ring/hash_ring.ts";
import { type Clockwork, createClockwork, type Order } from "./clockwork.ts";
import { type ClientPush, createFleet, type Fleet } from "./fleet.ts";
import { type Instance, type PushOutcome, startInstance } from "./instance.ts";
import { createLockTable, createMemoryLocks } from "./lock_table.ts";
import { INSTANCES, MEMBERS, type PushPlan, type Step } from "./steps.ts";

const rings = new Map<string, HashRing>();
/** The ring of some members. */
export function ringOf(members: readonly Member[]): HashRing {
  const key = members.join();
  const ring = rings.get(key) ?? HashRing.of(new Map(members.map((member) => [member, 1])));
  rings.set(key, ring);
  return ring;
}

/** Drains try again without end where a group has to stay. */
const TIMERS_MAX = 12;

/** How a scenario is run. */
export interface Setting {
  /** By how much the clock of each member is ahead of ours. */
  readonly aheadMs: readonly number[];
  /** Each step is over before the next one. */
  readonly oneByOne: boolean;
  /** There is only one instance, and no locks. */
  readonly alone?: boolean;
}

export const setting: fc.Arbitrary<Setting> = fc.record({
  aheadMs: fc.array(fc.integer({ min: -3_000, max: 3_000 }), { minLength: 3, maxLength: 3 }),
  oneByOne: fc.boolean(),
  alone: fc.nat({ max: 3 }).map((n) => n === 0),
});

/** The world of one run. */
export interface World extends Disposable {
  readonly clockwork: Clockwork;
  readonly fleet: Fleet;
  readonly instances: readonly Instance[];
  /** Begins a step. What it begins goes on by itself. */
  take(step: Step): void;
  /** Takes steps, and ends when nothing is under way any more but what waits for timers. */
  play(steps: readonly Step[], options?: { readonly inBetween?: () => void }): Promise<void>;
  /** Makes a push, and says what became of it. */
  push(plan: PushPlan, via: number): Promise<PushOutcome>;
  /** All faults are over, and both instances see the same members in the ring. */
  recover(members: readonly Member[]): Promise<void>;
  /** Stops the instances and awaits all that was begun. */
  end(): Promise<void>;
}

/**
 * Makes the members and two instances that know all of them; the ring is made of the first two.
 *
 * @param options.calm no push is on its way while a ring changes, others have learnt of it before the
 *   next one, members delete at once, and their clocks are known: then nothing is lost, not even a
 *   family
 * @param options.inTurn clients push to a group one after the other
 */
export function createWorld(
  scheduler: Order,
  { aheadMs, oneByOne, alone = false }: Setting,
  { calm = false, inTurn = false }: {
    readonly calm?: boolean;
    readonly inTurn?: boolean;
  } = {},
): World {
  const clockwork = createClockwork(scheduler);
  const ahead = new Map(MEMBERS.map((member, i) => [member, aheadMs[i]]));
  const fleet = createFleet(ahead, { clockwork, prompt: calm });
  const table = createLockTable();
  let answersToLose = 0;
  let numbers = 0;
  const losesAnswer = () => answersToLose > 0 && answersToLose-- > 0;
  const locks = Array.from({ length: INSTANCES }, () => createMemoryLocks(table, clockwork));
  const start = (i: number, ring: HashRing) =>
    startInstance({
      ring,
      fleet,
      clockwork,
      ...(!alone && { locks: locks[i] }),
      losesAnswer,
      calm,
    });
  const instances = locks.map((_, i) => start(i, ringOf(MEMBERS.slice(0, 2))));
  if (alone) instances.fill(instances[0]);
  const begun: Promise<unknown>[] = [];
  /** The last push of each group. */
  const latest = new Map<string, Promise<unknown>>();
  const begin = (work: Promise<unknown>) => void begun.push(work);

  const number = (plan: PushPlan): ClientPush => ({ ...plan, value: ++numbers });

  async function follow(push: ClientPush, via: number): Promise<void> {
    const to = instances[via].redirect(push);
    if (to === undefined) return void await instances[via].push(push);
    await clockwork.turn(`redirected ${push.method} ${push.id} to ${to}`);
    fleet.land(to, push);
  }

  async function changeRing({ of, members }: Step & { do: "ring" }): Promise<void> {
    while (calm && instances.some(({ onTheWay }) => onTheWay > 0)) {
      await clockwork.turn("ring waits for pushes on their way");
    }
    for (const one of new Set(of.map((i) => instances[i]))) one.ringChanged(ringOf(members));
    if (calm) clockwork.pass(OTHERS_LEARN_MS);
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
    take(step) {
      switch (step.do) {
        case "push": {
          const push = number(step.push);
          const make = (): Promise<unknown> =>
            step.redirected ? follow(push, step.via) : instances[step.via].push(push);
          const before = inTurn ? latest.get(push.id) : undefined;
          const made = before ? before.then(make) : make();
          latest.set(push.id, made);
          return begin(made);
        }
        case "stray":
          return void fleet.land(step.member, number(step.push));
        case "ring":
          return begin(changeRing(step));
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
          const next = start(step.via, ring);
          if (alone) instances.fill(next);
          else instances[step.via] = next;
          return;
        }
        case "wait":
          return clockwork.pass(step.ms);
        default:
          return step satisfies never;
      }
    },
    push: (plan, via) => instances[via].push(number(plan)),
    async play(steps, { inBetween = () => {} } = {}) {
      const begin = async () => {
        for (const step of steps) {
          if (oneByOne) await clockwork.run({ timersMax: TIMERS_MAX, inBetween });
          else await clockwork.turn(step.do);
          world.take(step);
        }
      };
      const begun = begin();
      if (oneByOne) await begun;
      await clockwork.run({ timersMax: TIMERS_MAX, inBetween });
      await begun;
    },
    async recover(members) {
      answersToLose = 0;
      for (const [member, gateway] of fleet.members) {
        gateway.refusing = false;
        gateway.alive = true;
        for (const instance of instances) instance.probed(member, true);
      }
      for (const one of locks) one.setReachable(true);
      await world.play([{ do: "ring", of: [...instances.keys()], members }]);
      clockwork.pass(OTHERS_LEARN_MS);
    },
    async end() {
      for (const instance of instances) instance.kill();
      await clockwork.run({ timersMax: TIMERS_MAX });
      await Promise.all(begun);
    },
    [Symbol.dispose]: () => clockwork[Symbol.dispose](),
  };
  return world;
}
