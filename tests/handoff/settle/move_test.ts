import assert from "node:assert/strict";
import type { Gateways } from "../../../src/handoff/gateways.ts";
import { type Move, moveGroup } from "../../../src/handoff/settle/move.ts";
import { createExclusive } from "../../../src/handoff/settle/exclusive.ts";
import { type Clockwork, createClockwork, inOrder } from "../model/clockwork.ts";
import { createFleet, type Fleet } from "../model/fleet.ts";
import { openMemoryGateways, UNCOPYABLE } from "../model/memory_gateways.ts";
import { followOperations } from "../model/operation.ts";
import { GROUPS, MEMBERS } from "../model/steps.ts";

const [id] = GROUPS;
const [FROM, TO, THIRD] = MEMBERS;
const never = new AbortController().signal;

interface Bench extends Disposable {
  readonly clockwork: Clockwork;
  readonly fleet: Fleet;
  readonly gateways: Gateways;
  /** A client's push comes directly, some seconds after the one before. */
  push(member: typeof FROM, names?: readonly string[]): void;
  /** Moves the group and tells how that ended. */
  move(
    gateways?: Partial<Gateways>,
    options?: { belongs?: boolean; others?: Move["others"] },
  ): Promise<string>;
  /** What its new member showed when the move had ended. */
  readonly heldAtEnd: readonly string[];
  /** Who holds what. */
  holders(): Record<string, Record<string, number>>;
}

function bench(): Bench {
  const clockwork = createClockwork(inOrder());
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
  let heldAtEnd: readonly string[] = [];
  return {
    get heldAtEnd() {
      return heldAtEnd;
    },
    clockwork,
    fleet,
    gateways,
    push(member, names = ["a"]) {
      clockwork.pass(5_000);
      fleet.land(member, { method: "PUT", id, names, value: ++value });
    },
    async move(overrides = {}, { belongs = true, others = [] } = {}) {
      const move = { id, from: FROM, to: TO, others };
      const deps = { gateways: { ...gateways, ...overrides }, belongs: () => belongs };
      const moving = moveGroup(move, deps, never);
      const noteHeld = () => void (heldAtEnd = [...fleet.members.get(TO)?.groups.keys() ?? []]);
      const [[outcome]] = await Promise.all([
        Promise.allSettled([moving.finally(noteHeld)]),
        clockwork.run({ timersMax: 50 }),
      ]);
      if (outcome.status === "rejected") throw outcome.reason;
      const { value } = outcome;
      return value.kind === "stays" ? `stays: ${value.reason}` : value.kind;
    },
    holders: () =>
      Object.fromEntries(
        [...fleet.copies(id)].map(([at, families]) => [at, Object.fromEntries(families)]),
      ),
    [Symbol.dispose]: () => clockwork[Symbol.dispose](),
  };
}

Deno.test("a group that only its former holder has is copied whole, and deleted there", {
  permissions: "none",
}, async () => {
  using on = bench();
  on.push(FROM, ["a", "b"]);
  assert.equal(await on.move(), "moved");
  assert.deepEqual(on.holders(), { [TO]: { a: 1, b: 1 } });
});

Deno.test("a group that is not there any more is gone", { permissions: "none" }, async () => {
  using on = bench();
  on.push(TO);
  assert.equal(await on.move(), "gone");
  assert.deepEqual(on.holders(), { [TO]: { a: 1 } });
});

Deno.test("an older copy than the owner's is deleted, not copied", {
  permissions: "none",
}, async () => {
  using on = bench();
  on.push(FROM);
  on.push(TO);
  assert.equal(await on.move(), "outdated");
  assert.deepEqual(on.holders(), { [TO]: { a: 2 } });
});

Deno.test("a newer copy than the owner's is added to it", { permissions: "none" }, async () => {
  using on = bench();
  on.push(TO, ["a", "b"]);
  on.push(FROM);
  assert.equal(await on.move(), "moved");
  assert.deepEqual(on.holders(), { [TO]: { a: 2, b: 1 } });
});

Deno.test("an older copy than a third member's is deleted: copied, it would count as the newer", {
  permissions: "none",
}, async () => {
  using on = bench();
  on.push(FROM);
  on.push(THIRD);
  assert.equal(await on.move({}, { others: [THIRD] }), "outdated");
  assert.deepEqual(on.holders(), { [THIRD]: { a: 2 } });
});

Deno.test("a newer copy than a third member's is moved", { permissions: "none" }, async () => {
  using on = bench();
  on.push(THIRD);
  on.push(FROM);
  assert.equal(await on.move({}, { others: [THIRD] }), "moved");
  assert.deepEqual(on.holders(), { [TO]: { a: 2 }, [THIRD]: { a: 1 } });
});

Deno.test("a third member that is dead is not asked for", { permissions: "none" }, async () => {
  using on = bench();
  on.push(FROM);
  on.fleet.die(THIRD, true);
  assert.equal(await on.move({}, { others: [THIRD] }), "moved");
});

Deno.test("what cannot be copied stays, and its owner gets nothing", {
  permissions: "none",
}, async () => {
  using on = bench();
  on.push(FROM, [UNCOPYABLE]);
  assert.match(await on.move(), /^stays: it cannot be copied/);
  assert.deepEqual(on.holders(), { [FROM]: { [UNCOPYABLE]: 1 } });
});

Deno.test("what the owner refuses stays, and leaves no empty group there", {
  permissions: "none",
}, async () => {
  using on = bench();
  on.push(FROM);
  on.fleet.members.get(TO)!.refusing = true;
  assert.match(await on.move(), /^stays: .*contradicts/);
  assert.deepEqual(on.holders(), { [FROM]: { a: 1 } });
});

Deno.test("a copy that comes out different is deleted, and that is waited for", {
  permissions: "none",
}, async () => {
  using on = bench();
  on.push(FROM, ["a", "b"]);
  const put: Gateways["put"] = (member, content, signal) =>
    on.gateways.put(member, { ...content, body: content.body.subarray(0, 0) }, signal);
  const remove: Gateways["remove"] = (member, id, options) => {
    const soon = async () => {
      for (let i = 0; i < 9; i++) await on.clockwork.turn("other pushes in its queue");
      await on.gateways.remove(member, id, options);
    };
    void soon();
    return Promise.resolve();
  };
  assert.match(await on.move({ put, remove }), /^stays: .*different/);
  assert.deepEqual(on.holders(), { [FROM]: { a: 1, b: 1 } });
  assert.deepEqual(on.heldAtEnd, []);
});

Deno.test("a push while the group is read shows: nothing is copied", {
  permissions: "none",
}, async () => {
  using on = bench();
  on.push(FROM);
  const betweenPages = async () => {
    await on.clockwork.turn("while the first page is read");
    await on.clockwork.turn("after the first page");
    on.push(FROM);
  };
  const group: Gateways["group"] = (member, id, signal) => {
    const reading = on.gateways.group(member, id, signal);
    if (member === FROM) void betweenPages();
    return reading;
  };
  assert.equal(await on.move({ group }), "changed");
  assert.deepEqual(on.holders(), { [FROM]: { a: 2 } });
});

Deno.test(
  "a push while the group is copied stays, and the copy, which seems newer, is taken back",
  {
    permissions: "none",
  },
  async () => {
    using on = bench();
    on.push(FROM, ["a", "b"]);
    const put: Gateways["put"] = async (member, content, signal) => {
      on.push(FROM);
      on.clockwork.pass(1_000);
      return await on.gateways.put(member, content, signal);
    };
    assert.equal(await on.move({ put }), "changed");
    assert.deepEqual(on.holders(), { [FROM]: { a: 2 } });
    assert.deepEqual(on.heldAtEnd, [], "its deletion was waited for");
    assert.equal(await on.move(), "moved");
    assert.deepEqual(on.holders(), { [TO]: { a: 2 } });
  },
);

Deno.test("a copy that is the last one left is not taken back", {
  permissions: "none",
}, async () => {
  using on = bench();
  on.push(FROM);
  const put: Gateways["put"] = async (member, content, signal) => {
    const refused = await on.gateways.put(member, content, signal);
    on.fleet.die(FROM, false);
    on.fleet.members.get(FROM)!.alive = true;
    return refused;
  };
  await on.move({ put }, { belongs: false });
  assert.deepEqual(on.holders(), { [TO]: { a: 1 } });
});

Deno.test("a copy for a member that owns the group no longer is taken back", {
  permissions: "none",
}, async () => {
  using on = bench();
  on.push(FROM);
  assert.equal(await on.move({}, { belongs: false }), "changed");
  assert.deepEqual(on.holders(), { [FROM]: { a: 1 } });
});

for (const [what, dead] of [["former holder", FROM], ["owner", TO]] as const) {
  Deno.test(`a move fails where the ${what} is dead, and nothing is deleted`, {
    permissions: "none",
  }, async () => {
    using on = bench();
    on.push(FROM);
    on.fleet.die(dead, true);
    await assert.rejects(on.move(), /dead/);
    assert.equal(on.fleet.members.get(FROM)?.groups.size, 1);
  });
}
