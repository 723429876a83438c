/** Between the look that allows a deletion and the deletion lies one request, however long the rest takes. */

import assert from "node:assert/strict";
import type { Gateways } from "../../../src/handoff/gateways.ts";
import type { StaleCopy } from "../../../src/handoff/plan/inventory.ts";
import { createExclusive, type Exclusive } from "../../../src/handoff/settle/exclusive.ts";
import { removeStale } from "../../../src/handoff/settle/stale.ts";
import { removeTwins } from "../../../src/handoff/settle/twins.ts";
import { depsOf } from "./deps.ts";
import { type Bench, createBench } from "../../model/bench.ts";

const id = "/metrics/job/backup";
const other = "/metrics/job/other";
const never = new AbortController().signal;
const HELD = { a: 1, b: 1 };

/** The first member has an older copy of each group than the second. */
async function fill(bench: Bench, ids: readonly string[] = [id]): Promise<StaleCopy[]> {
  const [member, newer] = bench.members;
  for (const id of ids) await bench.push(member, { id, families: HELD });
  for (const id of ids) await bench.push(newer, { id, families: { c: 2 } });
  return ids.map((id) => ({ id, member, newer }));
}

Deno.test("a stale copy is deleted", { permissions: "none" }, async () => {
  await using bench = createBench();
  const stale = await fill(bench);
  assert.equal(await bench.run(removeStale(stale, depsOf(bench, {}), never)), 1);
  assert.deepEqual(bench.holders(id), { [bench.members[1]]: { c: 2 } });
});

Deno.test("a stale copy that is pushed to while the marks are read stays", {
  permissions: "none",
}, async () => {
  await using bench = createBench();
  const stale = await fill(bench);
  const [member, newer] = bench.members;
  const traits: Gateways["traits"] = async (of, signal) => {
    const read = await bench.gateways.traits(of, signal);
    if (of === member) bench.land(member, { id, families: { d: 3 }, method: "POST" });
    return read;
  };
  const deps = depsOf(bench, { gateways: { traits } });
  assert.equal(await bench.run(removeStale(stale, deps, never)), 0);
  assert.deepEqual(bench.holders(id), { [member]: { ...HELD, d: 3 }, [newer]: { c: 2 } });
});

Deno.test(
  "a stale copy to which others may push by now stays",
  { permissions: "none" },
  async () => {
    await using bench = createBench();
    const stale = await fill(bench);
    let isUsed = false;
    const traits: Gateways["traits"] = async (of, signal) => {
      const read = await bench.gateways.traits(of, signal);
      isUsed = true;
      return read;
    };
    const deps = depsOf(bench, { gateways: { traits }, isUsed: () => isUsed });
    assert.equal(await bench.run(removeStale(stale, deps, never)), 0);
    assert.deepEqual(bench.holders(id)[bench.members[0]], HELD);
  },
);

Deno.test("a group that is begun anew as a part, while others are handled, loses nothing", {
  permissions: "none",
}, async () => {
  await using bench = createBench();
  const stale = await fill(bench, [other, id]);
  const [member, newer] = bench.members;
  const begunAnew = async () => {
    await bench.gateways.remove(newer, id, never);
    await bench.gateways.markPartial(newer, id, never);
    bench.land(newer, { id, families: { d: 3 }, method: "POST" });
  };
  const turns = createExclusive(() => undefined);
  const exclusive: Exclusive = {
    ...turns,
    async runUntouched(...asked) {
      await turns.run(id, begunAnew, { signal: never, alone: true });
      return await turns.runUntouched(...asked);
    },
  };
  assert.equal(await bench.run(removeStale(stale, depsOf(bench, { exclusive }), never)), 1);
  assert.deepEqual(bench.holders(id), { [member]: HELD, [newer]: { d: 3 } });
  assert.equal(await bench.run(removeStale(stale, depsOf(bench, {}), never)), 1);
  assert.deepEqual(bench.holders(id), { [newer]: { ...HELD, d: 3 } });
});

Deno.test("a copy like its owner's, to which others may push by now, stays", {
  permissions: "none",
}, async () => {
  await using bench = createBench();
  const [member, owner] = bench.members;
  for (const one of [member, owner]) await bench.push(one, { id, families: HELD });
  let isUsed = false;
  const group: Gateways["group"] = async (...asked) => {
    const read = await bench.gateways.group(...asked);
    isUsed = true;
    return read;
  };
  const deps = depsOf(bench, { gateways: { group }, isUsed: () => isUsed });
  assert.equal(await bench.run(removeTwins([{ id, member, owner }], deps, never)), 0);
  assert.deepEqual(bench.holders(id), { [member]: HELD, [owner]: HELD });
});

Deno.test("what an older copy has is not added to a newer one that a third outdates", {
  permissions: "none",
}, async () => {
  await using bench = createBench();
  const [newest, owner, old] = bench.members;
  await bench.push(old, { id, families: { a: 1 } });
  for (const [i, member] of [owner, newest].entries()) {
    await bench.run(bench.gateways.markPartial(member, id, never));
    await bench.push(member, { id, families: { b: i }, method: "POST" });
  }
  const deps = depsOf(bench, {});
  for (const member of bench.members) deps.whereabouts.placed(id, member);
  const members = new Map(bench.members.map((member) => [member, { up: true }]));
  deps.whereabouts.membersChanged(members, new Map());
  const stale = [{ id, member: old, newer: owner }];
  assert.equal(await bench.run(removeStale(stale, deps, never)), 0);
  assert.deepEqual(bench.holders(id)[owner], { b: 0 });
});
