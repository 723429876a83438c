import assert from "node:assert/strict";
import type { Gateways } from "../../../src/handoff/gateways.ts";
import { type Move, moveGroup } from "../../../src/handoff/settle/move.ts";
import type { Member } from "../../../src/member.ts";
import type { Relation } from "../../../src/handoff/plan/processes.ts";
import { type Bench, createBench } from "../../model/bench.ts";

const id = "/metrics/job/backup";
const never = new AbortController().signal;

interface Options {
  readonly others?: Move["others"];
  readonly partial?: boolean;
  readonly belongs?: boolean;
  readonly relation?: Relation;
  readonly gateways?: Partial<Gateways>;
  readonly signal?: AbortSignal;
  /** What is told of copies that are made and taken back. */
  readonly told?: string[];
}

/** Moves the group from the first member to the second, and tells how that ended. */
async function move(bench: Bench, options: Options = {}): Promise<string> {
  const {
    belongs = true,
    relation = "distinct",
    gateways = {},
    signal = never,
    told = [],
    ...rest
  } = options;
  const [from, to] = bench.members;
  const deps = {
    gateways: { ...bench.gateways, ...gateways },
    relationOf: () => relation,
    belongs: () => belongs,
    places: (member: Member) => void told.push(`on ${member}`),
    tookBack: (member: Member) => void told.push(`off ${member}`),
  };
  const outcome = await bench.run(moveGroup({ id, from, to, ...rest }, deps, signal));
  return outcome.kind === "stays" ? `stays: ${outcome.reason}` : outcome.kind;
}

Deno.test("a group that only its former holder has is copied whole, and deleted there", {
  permissions: "none",
}, async () => {
  await using bench = createBench();
  const [from, to] = bench.members;
  await bench.push(from, { id, families: { a: 1, b: 2 } });
  assert.equal(await move(bench), "moved");
  assert.deepEqual(bench.holders(id), { [to]: { a: 1, b: 2 } });
});

Deno.test("a move that is broken off while its deletion is under way ends when that has landed", {
  permissions: "none",
}, async () => {
  await using bench = createBench();
  const [from, to] = bench.members;
  await bench.push(from, { id, families: { a: 1 } });
  bench.hostOf(from).writesTakeMs = 4_000;
  const stop = new AbortController();
  setTimeout(() => stop.abort(new Error("enough")), 3_000);
  await assert.rejects(move(bench, { signal: stop.signal }), /enough/);
  assert.deepEqual(bench.holders(id), { [to]: { a: 1 } });
});

Deno.test("that a copy is about to be made is told, and that it was taken back", {
  permissions: "none",
}, async () => {
  await using bench = createBench();
  const [from, to] = bench.members;
  await bench.push(from, { id, families: { a: 1 } });
  const told: string[] = [];
  const merge: Gateways["merge"] = async (...asked) => {
    const refused = await bench.gateways.merge(...asked);
    bench.land(from, { id, families: { b: 2 }, method: "POST" });
    return refused;
  };
  assert.equal(await move(bench, { gateways: { merge }, told }), "changed");
  assert.deepEqual(told, [`on ${to}`, `off ${to}`]);
  assert.deepEqual(bench.holders(id), { [from]: { a: 1, b: 2 } });
});

Deno.test("what a copy has beside newer ones is added to the newest", {
  permissions: "none",
}, async () => {
  await using bench = createBench();
  const [from, to, other] = bench.members;
  await bench.push(from, { id, families: { a: 1 } });
  for (const [i, member] of [to, other].entries()) {
    await bench.run(bench.gateways.markPartial(member, id, never));
    await bench.push(member, { id, families: { b: i }, method: "POST" });
  }
  assert.equal(await move(bench, { others: [other] }), "moved");
  assert.deepEqual(bench.holders(id), { [to]: { b: 0 }, [other]: { a: 1, b: 1 } });
});

Deno.test("a group that is not there any more is gone", { permissions: "none" }, async () => {
  await using bench = createBench();
  const [, to] = bench.members;
  await bench.push(to, { id, families: { a: 1 } });
  assert.equal(await move(bench), "gone");
  assert.deepEqual(bench.holders(id), { [to]: { a: 1 } });
});

Deno.test("an older copy than the owner's is deleted, not copied", {
  permissions: "none",
}, async () => {
  await using bench = createBench();
  const [from, to] = bench.members;
  await bench.push(from, { id, families: { a: 1, b: 1 } });
  await bench.push(to, { id, families: { a: 2 } });
  assert.equal(await move(bench), "outdated");
  assert.deepEqual(bench.holders(id), { [to]: { a: 2 } });
});

Deno.test("an older copy that belongs to its member by now is not deleted", {
  permissions: "none",
}, async () => {
  await using bench = createBench();
  const [from, to] = bench.members;
  await bench.push(from, { id, families: { a: 1 } });
  await bench.push(to, { id, families: { a: 2 } });
  assert.equal(await move(bench, { belongs: false }), "changed");
  assert.deepEqual(bench.holders(id), { [from]: { a: 1 }, [to]: { a: 2 } });
});

Deno.test("what an owner's newer copy lacks is added where it is marked as partial", {
  permissions: "none",
}, async () => {
  await using bench = createBench();
  const [from, to] = bench.members;
  await bench.push(from, { id, families: { a: 1, b: 1 } });
  await bench.run(bench.gateways.markPartial(to, id, never));
  await bench.push(to, { id, families: { a: 2 }, method: "POST" });
  assert.equal(await move(bench), "moved");
  assert.deepEqual(bench.holders(id), { [to]: { a: 2, b: 1 } });
});

Deno.test("a newer copy than the owner's is added to it", { permissions: "none" }, async () => {
  await using bench = createBench();
  const [from, to] = bench.members;
  await bench.push(to, { id, families: { a: 1, b: 1 } });
  await bench.push(from, { id, families: { a: 2 } });
  assert.equal(await move(bench), "moved");
  assert.deepEqual(bench.holders(id), { [to]: { a: 2, b: 1 } });
});

Deno.test("an older copy than a third member's is deleted: copied, it would count as the newer", {
  permissions: "none",
}, async () => {
  await using bench = createBench();
  const [from, , third] = bench.members;
  await bench.push(from, { id, families: { a: 1 } });
  await bench.push(third, { id, families: { a: 2 } });
  assert.equal(await move(bench, { others: [third] }), "outdated");
  assert.deepEqual(bench.holders(id), { [third]: { a: 2 } });
});

Deno.test("a newer copy than a third member's is moved", { permissions: "none" }, async () => {
  await using bench = createBench();
  const [from, to, third] = bench.members;
  await bench.push(third, { id, families: { a: 1 } });
  await bench.push(from, { id, families: { a: 2 } });
  assert.equal(await move(bench, { others: [third] }), "moved");
  assert.deepEqual(bench.holders(id), { [to]: { a: 2 }, [third]: { a: 1 } });
});

Deno.test("a third member that cannot be read may hold a newer copy: what is moved is marked", {
  permissions: "none",
}, async () => {
  await using bench = createBench();
  const [from, to, third] = bench.members;
  await bench.push(from, { id, families: { a: 1 } });
  bench.hostOf(third).up = false;
  assert.equal(await move(bench, { others: [third] }), "moved");
  assert.deepEqual(bench.holders(id), { [to]: { a: 1 } });
  const { partial } = await bench.run(bench.gateways.traits(to, never));
  assert.deepEqual([...partial], [id]);
});

for (
  const [relation, reason] of [["same", /one Pushgateway under two names/], [
    "unknown",
    /may be one Pushgateway/,
  ]] as const
) {
  Deno.test(`between members that are ${relation} nothing is moved or deleted`, {
    permissions: "none",
  }, async () => {
    await using bench = createBench();
    const [from] = bench.members;
    await bench.push(from, { id, families: { a: 1 } });
    assert.match(await move(bench, { relation }), reason);
    assert.deepEqual(bench.holders(id), { [from]: { a: 1 } });
  });
}

Deno.test("what cannot be copied stays, and its owner gets nothing", {
  permissions: "none",
}, async () => {
  await using bench = createBench();
  const [from] = bench.members;
  await bench.push(from, { id, families: { a: 1 } });
  const group: Gateways["group"] = () =>
    Promise.resolve({ kind: "unfaithful", reason: "it cannot be copied" });
  assert.equal(await move(bench, { gateways: { group } }), "stays: it cannot be copied");
  assert.deepEqual(bench.holders(id), { [from]: { a: 1 } });
});

Deno.test("what the owner refuses stays where it is", { permissions: "none" }, async () => {
  await using bench = createBench();
  const [from, to] = bench.members;
  await bench.push(from, { id, families: { a: 1 } });
  bench.hostOf(to).pushgateway.refusing = true;
  assert.match(await move(bench), /^stays: gateway-1:9091: status 400/);
  assert.deepEqual(bench.holders(id)[from], { a: 1 });
});

Deno.test("a copy that comes out with less is deleted again", { permissions: "none" }, async () => {
  await using bench = createBench();
  const [from] = bench.members;
  await bench.push(from, { id, families: { a: 1, b: 1 } });
  const merge: Gateways["merge"] = (member, content, signal) =>
    bench.gateways.merge(member, { ...content, body: content.body.subarray(0, 0) }, signal);
  assert.match(await move(bench, { gateways: { merge } }), /^stays: .*different/);
  assert.deepEqual(bench.holders(id), { [from]: { a: 1, b: 1 } });
});

Deno.test("a copy to which somebody has pushed meanwhile is not deleted", {
  permissions: "none",
}, async () => {
  await using bench = createBench();
  const [from, to] = bench.members;
  await bench.push(from, { id, families: { a: 1, b: 1 } });
  const merge: Gateways["merge"] = async (member, content, signal) => {
    const empty = { ...content, body: content.body.subarray(0, 0) };
    const refused = await bench.gateways.merge(member, empty, signal);
    bench.land(to, { id, families: { c: 3 }, method: "POST" });
    return refused;
  };
  assert.equal(await move(bench, { gateways: { merge } }), "changed");
  assert.deepEqual(bench.holders(id), { [from]: { a: 1, b: 1 }, [to]: { c: 3 } });
});

Deno.test("a push while the group is read shows: nothing is copied", {
  permissions: "none",
}, async () => {
  await using bench = createBench();
  const [from] = bench.members;
  await bench.push(from, { id, families: { a: 1 } });
  const group: Gateways["group"] = () =>
    Promise.resolve({ kind: "changed", reason: "it was pushed meanwhile" });
  assert.equal(await move(bench, { gateways: { group } }), "changed");
  assert.deepEqual(bench.holders(id), { [from]: { a: 1 } });
});

Deno.test(
  "a push while the group is copied stays, and the copy, which seems newer, is taken back",
  {
    permissions: "none",
  },
  async () => {
    await using bench = createBench();
    const [from, to] = bench.members;
    await bench.push(from, { id, families: { a: 1, b: 1 } });
    const merge: Gateways["merge"] = async (member, content, signal) => {
      bench.land(from, { id, families: { a: 2 } });
      await bench.gateways.merge(member, content, signal);
      return undefined;
    };
    assert.equal(await move(bench, { gateways: { merge } }), "changed");
    assert.deepEqual(bench.holders(id), { [from]: { a: 2 } });
    assert.equal(await move(bench), "moved");
    assert.deepEqual(bench.holders(id), { [to]: { a: 2 } });
  },
);

Deno.test("a copy that is the last one left is not taken back", {
  permissions: "none",
}, async () => {
  await using bench = createBench();
  const [from, to] = bench.members;
  await bench.push(from, { id, families: { a: 1 } });
  const merge: Gateways["merge"] = async (member, content, signal) => {
    const refused = await bench.gateways.merge(member, content, signal);
    bench.hostOf(from).pushgateway.restart(false);
    return refused;
  };
  await move(bench, { gateways: { merge }, belongs: false });
  assert.deepEqual(bench.holders(id), { [to]: { a: 1 } });
});

Deno.test(
  "a member that was killed between copy and deletion leaves both, and the next move ends it",
  {
    permissions: "none",
  },
  async () => {
    await using bench = createBench();
    const [from, to] = bench.members;
    await bench.push(from, { id, families: { a: 1 } });
    const remove: Gateways["remove"] = () => Promise.reject(new Error("killed"));
    await assert.rejects(move(bench, { gateways: { remove } }), /killed/);
    assert.deepEqual(bench.holders(id), { [from]: { a: 1 }, [to]: { a: 1 } });
    await move(bench);
    assert.deepEqual(bench.holders(id), { [to]: { a: 1 } });
  },
);

Deno.test("that the last push of a group has failed is so after its move, too", {
  permissions: "none",
}, async () => {
  await using bench = createBench();
  const [from, to] = bench.members;
  await bench.push(from, { id, families: { a: 1 } });
  await bench.run(bench.gateways.failPush(from, id, never));
  assert.equal(await move(bench), "moved");
  const moved = bench.groupOn(to, id);
  assert(moved && moved.failureTime > moved.pushTime);
});

Deno.test("when a push failed before the last one is the same after a move", {
  permissions: "none",
}, async () => {
  await using bench = createBench();
  const [from, to] = bench.members;
  await bench.run(bench.gateways.failPush(from, id, never));
  await bench.push(from, { id, families: { a: 1 } });
  const before = bench.groupOn(from, id)?.failureTime;
  assert.equal(await move(bench), "moved");
  const moved = bench.groupOn(to, id);
  assert.equal(moved?.failureTime, before);
  assert(moved && moved.failureTime < moved.pushTime);
});
