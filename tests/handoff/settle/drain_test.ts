import assert from "node:assert/strict";
import { drainMember, type DrainProgress } from "../../../src/handoff/settle/drain.ts";
import { createExclusive } from "../../../src/handoff/settle/exclusive.ts";
import { createMisplaced } from "../../../src/handoff/plan/misplaced.ts";
import type { Member } from "../../../src/member.ts";
import { type Clockwork, createClockwork, inOrder } from "../model/clockwork.ts";
import { createFleet, type Fleet } from "../model/fleet.ts";
import { openMemoryGateways, UNCOPYABLE } from "../model/memory_gateways.ts";
import { followOperations } from "../model/operation.ts";
import { GROUPS, MEMBERS } from "../model/steps.ts";
import { ringOf } from "../model/world.ts";

const [id, other] = GROUPS;
const [FROM, TO, THIRD] = MEMBERS;

interface Bench extends Disposable {
  readonly fleet: Fleet;
  /** A client's push comes directly, some seconds after the one before. */
  push(member: Member, id: string, names?: readonly string[]): void;
  /** Drains until nothing is left, or half a minute has passed. */
  drain(options?: { owner?: Member; known?: readonly Member[] }): Promise<DrainProgress>;
}

function bench(): Bench {
  const clockwork: Clockwork = createClockwork(inOrder());
  const fleet = createFleet(new Map(MEMBERS.map((member) => [member, 0])), {
    clockwork,
    prompt: false,
  });
  const operations = followOperations(createExclusive(() => undefined), fleet.running, {
    isLocked: () => true,
    holdersOf: () => [],
  });
  const losesAnswer = () => false;
  const gateways = openMemoryGateways({ fleet, clockwork, operations, losesAnswer, exact: true });
  let value = 0;
  return {
    fleet,
    push(member, id, names = ["a"]) {
      clockwork.pass(5_000);
      fleet.land(member, { method: "PUT", id, names, value: ++value });
    },
    async drain({ owner = TO, known = [] } = {}) {
      const misplaced = createMisplaced(ringOf([TO]), () => true);
      for (const member of known) misplaced.placed(id, member);
      const progress: DrainProgress = { groups: 0, moved: 0, staying: new Map() };
      const report = { moved() {}, staleRemoved() {}, staysPut() {}, failed() {} };
      const exclusive = operations.exclusive("drain");
      const deps = { exclusive, gateways, misplaced, report, ownerOf: () => owner };
      const stop = new AbortController();
      const draining = Promise.allSettled([
        drainMember(FROM, progress, { deps, signal: stop.signal }),
      ]);
      await clockwork.run({ timersMax: 6 });
      stop.abort(new Error("half a minute has passed"));
      await clockwork.run({ timersMax: 6 });
      await draining;
      return progress;
    },
    [Symbol.dispose]: () => clockwork[Symbol.dispose](),
  };
}

Deno.test("a drain moves all groups, and counts them", { permissions: "none" }, async () => {
  using on = bench();
  for (const group of GROUPS) on.push(FROM, group);
  const { groups, moved, staying } = await on.drain();
  assert.deepEqual([groups, moved, staying.size], [2, 2, 0]);
  for (const group of GROUPS) assert.deepEqual([...on.fleet.copies(group).keys()], [TO]);
});

Deno.test("a drain tells why a group stays, and moves the others", {
  permissions: "none",
}, async () => {
  using on = bench();
  on.push(FROM, id, [UNCOPYABLE]);
  on.push(FROM, other);
  const { groups, moved, staying } = await on.drain();
  assert.deepEqual([groups, moved], [2, 1]);
  assert.deepEqual([...staying], [[id, "it cannot be copied"]]);
});

Deno.test("where no other member owns the groups they stay", {
  permissions: "none",
}, async () => {
  using on = bench();
  on.push(FROM, id);
  const { moved, staying } = await on.drain({ owner: FROM });
  assert.equal(moved, 0);
  assert.match(staying.get(id) ?? "", /no other member/);
  assert.deepEqual([...on.fleet.copies(id).keys()], [FROM]);
});

Deno.test("an older copy is not moved where another holder is known to have a newer one", {
  permissions: "none",
}, async () => {
  using on = bench();
  on.push(FROM, id);
  on.push(THIRD, id);
  await on.drain({ known: [FROM, THIRD] });
  assert.deepEqual([...on.fleet.copies(id)], [[THIRD, new Map([["a", 2]])]]);
});

Deno.test("a group whose owner is dead stays until it is back", {
  permissions: "none",
}, async () => {
  using on = bench();
  on.push(FROM, id);
  on.fleet.die(TO, true);
  const { staying } = await on.drain();
  assert.match(staying.get(id) ?? "", /dead/);
  on.fleet.members.get(TO)!.alive = true;
  assert.equal((await on.drain()).moved, 1);
});
