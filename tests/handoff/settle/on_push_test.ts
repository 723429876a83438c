/** In which order a push reaches the copies of a group that is being moved. */

import assert from "node:assert/strict";
import { untilAborted } from "../../../src/concurrency/abort.ts";
import { MemberFailure } from "../../../src/handoff/gateways.ts";
import { createOnPush, type MisplacedPush } from "../../../src/handoff/settle/on_push.ts";
import type { Member } from "../../../src/member.ts";
import { HashRing } from "../../../src/ring/hash_ring.ts";
import { type Bench, createBench } from "../../model/bench.ts";
import { depsOf } from "./deps.ts";

const id = "/metrics/job/backup";
const never = new AbortController().signal;

/** A group of the first member that has been copied to its owner, the second; and what is done to either. */
async function startCopied(bench: Bench, { isDeleted = true, isUsed = false } = {}) {
  const [from, to] = bench.members;
  const order: string[] = [];
  const deps = depsOf(bench, {
    isUsed: () => isUsed,
    gateways: {
      async remove(member, ...rest) {
        if (!isDeleted) throw new MemberFailure("it hangs");
        order.push(`deleted from ${member}`);
        await bench.gateways.remove(member, ...rest);
      },
      async markPartial(member, ...rest) {
        order.push(`marked on ${member}`);
        return await bench.gateways.markPartial(member, ...rest);
      },
    },
  });
  for (const member of [from, to]) await bench.push(member, { id, families: { a: 1, b: 1 } });
  const seconds = Date.now() / 1_000;
  const { whereabouts } = deps;
  whereabouts.placed(id, from, { min: seconds - 60, max: seconds - 60 });
  whereabouts.placed(id, to, { min: seconds, max: seconds });
  whereabouts.copied(id, { from, to });
  const handle = createOnPush({
    ...deps,
    rings: {
      ...deps.rings,
      isAlone: true,
      areAgreed: true,
      sendsAlone: () => ({ [Symbol.dispose]() {} }),
    },
    news: () => Promise.resolve(),
    marked: whereabouts.marked,
    followUp: (_, member) => void order.push(`to be moved off ${member}`),
    followUpLater() {},
  });
  const push = (method: "PUT" | "POST"): MisplacedPush<number> => ({
    method,
    id,
    key: id,
    types: () => new Map(),
    deliver(member: Member = to) {
      order.push(`${method} to ${member}`);
      bench.land(member, { id, families: { a: 2 }, method });
      return Promise.resolve({ answer: 200, taken: member });
    },
  });
  return {
    order,
    whereabouts,
    push: (method: "PUT" | "POST") => bench.run(handle(push(method), never)),
  };
}

for (const [method, families] of [["PUT", { a: 2 }], ["POST", { a: 2, b: 1 }]] as const) {
  Deno.test(`a ${method} of a group that was copied is seen on no member before the other`, {
    permissions: "none",
  }, async () => {
    await using bench = createBench();
    const [from, to] = bench.members;
    const { order, push, whereabouts } = await startCopied(bench);
    assert.equal(await push(method), 200);
    const deletions = order.filter((done) => done === `deleted from ${from}`);
    assert.deepEqual(order, [...deletions, `${method} to ${to}`]);
    assert(deletions.length > 0);
    assert.deepEqual(bench.holders(id), { [to]: families });
    assert.equal(whereabouts.size, 0);
  });
}

Deno.test(
  "a PUT of a group whose former copy another instance has deleted goes to its owner, and then the former copy is deleted",
  {
    permissions: "none",
  },
  async () => {
    await using bench = createBench();
    const [from, to] = bench.members;
    const { order, push, whereabouts } = await startCopied(bench);
    whereabouts.forgetCopied(id);
    whereabouts.toldRemoved(id, { from });
    assert.equal(await push("PUT"), 200);
    assert.deepEqual(order, [`PUT to ${to}`, `deleted from ${from}`]);
    assert.deepEqual(
      bench.holders(id),
      { [to]: { a: 2 } },
      "also if somebody had pushed there again",
    );
    assert.equal(whereabouts.size, 0);
  },
);

Deno.test("a PUT goes where others may push, also if another instance has deleted the copy there", {
  permissions: "none",
}, async () => {
  await using bench = createBench();
  const [from, to] = bench.members;
  const { order, push, whereabouts } = await startCopied(bench, { isUsed: true });
  whereabouts.forgetCopied(id);
  whereabouts.toldRemoved(id, { from });
  await push("PUT");
  assert.deepEqual(
    order,
    [`PUT to ${from}`, `PUT to ${to}`],
  );
  assert.deepEqual(bench.holders(id), { [from]: { a: 2 }, [to]: { a: 2 } });
});

Deno.test("a POST goes to the newest copy, also where another instance has deleted an older one", {
  permissions: "none",
}, async () => {
  await using bench = createBench();
  const [from] = bench.members;
  const { order, push, whereabouts } = await startCopied(bench);
  whereabouts.forgetCopied(id);
  await bench.push(from, { id, families: { c: 3 }, method: "POST" });
  whereabouts.toldRemoved(id, { from });
  assert.equal(await push("POST"), 200);
  assert.equal(order[0], `POST to ${from}`);
  assert.deepEqual(bench.holders(id)[from], { a: 2, b: 1, c: 3 });
});

Deno.test("what a group was copied from is left where it has been pushed to since, past us", {
  permissions: "none",
}, async () => {
  await using bench = createBench();
  const [from, to] = bench.members;
  const { order, push } = await startCopied(bench);
  await bench.push(from, { id, families: { c: 3 }, method: "POST" });
  assert.equal(await push("POST"), 200);
  assert.deepEqual(order, [`POST to ${from}`, `to be moved off ${from}`, `to be moved off ${to}`]);
  assert.deepEqual(bench.holders(id)[from], { a: 2, b: 1, c: 3 });
});

Deno.test(
  "a PUT takes a mark away, so a POST after it marks the group again where two copies are alike",
  {
    permissions: "none",
  },
  async () => {
    await using bench = createBench();
    const [, to] = bench.members;
    const { order, push, whereabouts } = await startCopied(bench, { isDeleted: false });
    whereabouts.marked(id, to);
    await push("PUT");
    order.length = 0;
    await push("POST");
    assert.deepEqual(order.slice(0, 2), [`marked on ${to}`, `POST to ${to}`]);
    order.length = 0;
    await push("POST");
    assert.deepEqual(order.slice(0, 1), [`POST to ${to}`], "it is marked already");
  },
);

/**
 * A group whose owner is the first member by the ring that takes precedence, and the second one by the present
 * ring; and what is done to either.
 */
function startContested(bench: Bench, { isAlone = false, during = () => {} } = {}) {
  const [owner, next] = bench.members;
  const names = new Map([[owner, "owner"], [next, "next"]]);
  const order: string[] = [];
  const deps = depsOf(bench, {
    ring: [owner],
    gateways: {
      async remove(member, ...rest) {
        order.push(`deleted from ${names.get(member)}`);
        await bench.gateways.remove(member, ...rest);
      },
      async markPartial(member, ...rest) {
        order.push(`marked on ${names.get(member)}`);
        return await bench.gateways.markPartial(member, ...rest);
      },
    },
  });
  const { whereabouts } = deps;
  const [leader, present] = [owner, next].map((one) => HashRing.of(new Map([[one, 1]])));
  whereabouts.ringsChanged({ present, leader, inUse: [leader] });
  const handle = createOnPush({
    ...deps,
    rings: {
      ...deps.rings,
      present,
      leader,
      isAlone,
      areAgreed: true,
      sendsAlone: () => ({ [Symbol.dispose]() {} }),
    },
    news: untilAborted,
    marked: whereabouts.marked,
    followUp() {},
    followUpLater: (_, member) => void order.push(`to be moved later off ${names.get(member)}`),
  });
  const put = () =>
    bench.run(handle({
      method: "PUT",
      id,
      key: id,
      types: () => new Map(),
      deliver(member: Member = next) {
        order.push(`PUT to ${names.get(member)}`);
        bench.land(member, { id, families: { a: 1 }, method: "PUT" });
        if (member === next) during();
        return Promise.resolve({ answer: 200, taken: member });
      },
    }, never));
  const goOver = () => whereabouts.ringsChanged({ present, leader: present, inUse: [leader] });
  return { owner, next, order, whereabouts, put, goOver };
}

for (
  const [what, isAlone, expected] of [
    ["other instances", false, [
      "PUT to owner",
      "to be moved later off owner",
      "deleted from next",
    ]],
    ["none", true, ["PUT to owner", "to be moved later off owner"]],
  ] as const
) {
  Deno.test(
    `while another ring takes precedence a PUT goes to the owner by that ring, with ${what} besides`,
    {
      permissions: "none",
    },
    async () => {
      await using bench = createBench();
      const { owner, order, put } = startContested(bench, { isAlone });
      assert.equal(await put(), 200);
      assert.deepEqual(order, expected);
      assert.deepEqual(bench.holders(id), { [owner]: { a: 1 } });
    },
  );
}

Deno.test(
  "a group that another instance has brought to its next owner is PUT there first, also if it was deleted there before",
  {
    permissions: "none",
  },
  async () => {
    await using bench = createBench();
    const { owner, next, order, put, whereabouts } = startContested(bench);
    whereabouts.removed(id, next);
    whereabouts.toldRemoved(id, { from: owner });
    assert.equal(await put(), 200);
    const moved = "to be moved later off owner";
    assert.deepEqual(order, ["PUT to next", "PUT to owner", moved, "deleted from next"]);
    assert.deepEqual(bench.holders(id), { [owner]: { a: 1 } });
  },
);

Deno.test(
  "a PUT goes on to the owner that it began with, and is marked there, if another ring takes precedence meanwhile",
  {
    permissions: "none",
  },
  async () => {
    await using bench = createBench();
    const contested = startContested(bench, { during: () => contested.goOver() });
    const { owner, order, put, whereabouts } = contested;
    whereabouts.toldRemoved(id, { from: owner });
    assert.equal(await put(), 200);
    const writes = order.filter((done) => /^(PUT|marked)/.test(done));
    assert.deepEqual(writes, ["PUT to next", "marked on next", "PUT to owner", "marked on owner"]);
  },
);

/**
 * A group of the first member, which the ring in force places on the second one. The first takes no push and
 * no deletion while it hangs.
 */
async function startReplaced(bench: Bench) {
  const [former, owner] = bench.members;
  const deps = depsOf(bench, {
    gateways: { remove: () => Promise.reject(new MemberFailure("it hangs")) },
    ring: [former],
  });
  await bench.push(former, { id, families: { a: 1 } });
  const present = HashRing.of(new Map([[owner, 1]]));
  const { whereabouts } = deps;
  whereabouts.ringsChanged({ present, leader: present, inUse: [] });
  const handle = createOnPush({
    ...deps,
    rings: {
      ...deps.rings,
      present,
      leader: present,
      isAlone: true,
      areAgreed: true,
      sendsAlone: () => ({ [Symbol.dispose]() {} }),
    },
    news: untilAborted,
    marked: whereabouts.marked,
    followUp() {},
    followUpLater() {},
  });
  let isHanging = true;
  const push = (method: "PUT" | "POST", families: Record<string, number>) =>
    bench.run(handle({
      method,
      id,
      key: id,
      types: () => new Map(),
      deliver(member: Member = owner) {
        if (member === former && isHanging) {
          return Promise.resolve({ answer: 504, unsent: method === "POST" });
        }
        bench.land(member, { id, families, method });
        return Promise.resolve({ answer: 200, taken: member });
      },
    }, never));
  return { former, owner, whereabouts, push, revive: () => void (isHanging = false) };
}

Deno.test(
  "a POST follows a PUT to the owner, also where the former owner has not taken the PUT, and keeps its copy",
  {
    permissions: "none",
  },
  async () => {
    await using bench = createBench();
    const { former, owner, push, revive } = await startReplaced(bench);
    assert.equal(await push("PUT", { a: 2, b: 2 }), 200);
    revive();
    assert.equal(await push("POST", { c: 3 }), 200);
    assert.deepEqual(bench.holders(id), { [former]: { a: 1 }, [owner]: { a: 2, b: 2, c: 3 } });
  },
);

Deno.test(
  "a POST follows one that went to the owner because the former owner could not be reached",
  {
    permissions: "none",
  },
  async () => {
    await using bench = createBench();
    const { former, owner, push, revive, whereabouts } = await startReplaced(bench);
    whereabouts.overdue(former);
    assert.equal(await push("POST", { b: 2 }), 200);
    revive();
    assert.equal(await push("POST", { c: 3 }), 200);
    assert.deepEqual(bench.holders(id), { [former]: { a: 1 }, [owner]: { b: 2, c: 3 } });
    assert.ok(whereabouts.isMarked(id, owner));
  },
);
