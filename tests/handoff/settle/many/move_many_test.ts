import assert from "node:assert/strict";
import { type Gateways, MemberFailure } from "../../../../src/handoff/gateways.ts";
import { createExclusive, type Exclusive } from "../../../../src/handoff/settle/exclusive.ts";
import { moveMany } from "../../../../src/handoff/settle/many/move_many.ts";
import type { Member } from "../../../../src/member.ts";
import { type Bench, createBench } from "../../../model/bench.ts";
import { depsOf, type DepsOptions } from "../deps.ts";

const never = new AbortController().signal;
const id = "/metrics/job/backup";
const other = "/metrics/job/other";
const HELD = { a: 1, b: 1 };

/** Moves groups off the first member, whose owner is the second, and tells what became of them. */
async function move(
  bench: Bench,
  ids: readonly string[],
  options: DepsOptions = {},
  stop?: AbortSignal,
) {
  const deps = depsOf(bench, options);
  const moved = new Set<string>();
  const asked = {
    groups: new Set(ids),
    from: bench.members[0],
    by: "drain" as const,
    ...(stop && { stop }),
    onMoved: (id: string) => void moved.add(id),
  };
  const rest = await bench.run(moveMany(asked, deps, never));
  return { moved, ...rest, told: deps.told, whereabouts: deps.whereabouts };
}

/** A watch that may be relied on until then only. */
function endingAt(watch: ReturnType<Exclusive["watch"]>, untilMs: number) {
  return {
    has: watch.has,
    beganMs: watch.beganMs,
    untilMs,
    [Symbol.dispose]: watch[Symbol.dispose],
  };
}

/** Puts groups on the first member. */
async function fill(bench: Bench, ids: readonly string[] = [id, other]): Promise<void> {
  for (const one of ids) await bench.push(bench.members[0], { id: one, families: HELD });
}

Deno.test("hundreds of groups are moved, with as many reads of a member as one takes", {
  permissions: "none",
}, async () => {
  await using bench = createBench();
  const [from, to, third] = bench.members;
  const ids = Array.from({ length: 300 }, (_, i) => `/metrics/job/job${i}`);
  for (const one of ids) bench.land(from, { id: one, families: HELD });
  const reads: string[] = [];
  const counted =
    <Name extends "pushTimes" | "contents" | "copies">(name: Name) =>
    (...asked: Parameters<Gateways[Name]>) => {
      reads.push(`${name} ${asked[0] === from ? "from" : "to"}`);
      return (bench.gateways[name] as (...asked: unknown[]) => ReturnType<Gateways[Name]>)(
        ...asked,
      );
    };
  const gateways = {
    pushTimes: counted("pushTimes"),
    contents: counted("contents"),
    copies: counted("copies"),
  } as Partial<Gateways>;
  const { moved } = await move(bench, ids, { gateways, ring: [to, third] });
  assert.equal(moved.size, 300);
  for (const one of ids) {
    const holders = Object.entries(bench.holders(one));
    assert.equal(holders.length, 1);
    assert.deepEqual(holders[0][1], HELD);
    assert.notEqual(holders[0][0], from);
  }
  assert.deepEqual(reads.toSorted(), [
    "contents from",
    "copies to",
    "copies to",
    "pushTimes from",
    "pushTimes from",
    "pushTimes to",
    "pushTimes to",
  ]);
});

Deno.test("a group that was pushed to after the read is left, and moved with what it has got", {
  permissions: "none",
}, async () => {
  await using bench = createBench();
  await fill(bench);
  const [from, to] = bench.members;
  const turns = createExclusive(() => undefined);
  const contents: Gateways["contents"] = async (...asked) => {
    const read = await bench.gateways.contents(...asked);
    const push = () =>
      Promise.resolve(bench.land(from, { id, families: { a: 2 }, method: "POST" }));
    await turns.run(id, push, { signal: never, alone: true });
    return read;
  };
  const first = await move(bench, [id, other], { exclusive: turns, gateways: { contents } });
  assert.deepEqual([...first.moved], [other]);
  assert.deepEqual(first.touched, [id]);
  assert.deepEqual(bench.holders(id), { [from]: { ...HELD, a: 2 } });
  await bench.clockwork.pass(1_000);
  const second = await move(bench, [id], { exclusive: turns });
  assert.deepEqual([...second.moved], [id]);
  assert.deepEqual(bench.holders(id), { [to]: { ...HELD, a: 2 } });
});

/** Turns with something that happens, under the group's own turn, once its copy has been made. */
function afterCopies(happens: () => void): Exclusive {
  const turns = createExclusive(() => undefined);
  let chunks = 0;
  return {
    ...turns,
    async runUntouched(...asked) {
      await turns.runUntouched(...asked);
      if (++chunks > 1) return;
      const work = () => Promise.resolve(happens());
      await turns.run(id, work, { signal: never, alone: true });
    },
  };
}

Deno.test("what is POSTed to a copy before it was looked for stays, and the former one goes", {
  permissions: "none",
}, async () => {
  await using bench = createBench();
  await fill(bench, [id]);
  const [, to] = bench.members;
  const exclusive = afterCopies(() =>
    bench.land(to, { id, families: { a: 2, c: 3 }, method: "POST" })
  );
  const first = await move(bench, [id], { exclusive });
  assert.deepEqual(first.touched, [id]);
  assert.deepEqual(bench.holders(id)[to], { ...HELD, a: 2, c: 3 });
  await bench.clockwork.pass(1_000);
  assert.deepEqual([...(await move(bench, [id], { exclusive })).moved], [id]);
  assert.deepEqual(bench.holders(id), { [to]: { ...HELD, a: 2, c: 3 } });
});

Deno.test("the former copy stays where its new holder has begun anew, without the copy", {
  permissions: "none",
}, async () => {
  await using bench = createBench();
  await fill(bench, [id]);
  const [from, to] = bench.members;
  const exclusive = afterCopies(() => {
    bench.hostOf(to).pushgateway.restart(false);
    bench.land(to, { id, families: { c: 3 }, method: "POST" });
  });
  await bench.clockwork.pass(5_000);
  const { moved, touched } = await move(bench, [id], { exclusive });
  assert.equal(moved.size, 0);
  assert.deepEqual(touched, [id]);
  assert.deepEqual(bench.holders(id), { [from]: HELD, [to]: { c: 3 } });
});

Deno.test("a group that is deleted in between is not brought back", {
  permissions: "none",
}, async () => {
  await using bench = createBench();
  await fill(bench, [id]);
  const exclusive = afterCopies(() => {
    for (const member of bench.members) {
      bench.hostOf(member).pushgateway.answer({ method: "DELETE", target: id, headers: [] });
    }
  });
  await move(bench, [id], { exclusive });
  assert.deepEqual(bench.holders(id), {});
});

/** The way to members, on which something happens to the source before the last look at it. */
function beforeLastLook(bench: Bench, happens: () => void): Partial<Gateways> {
  return {
    async merge(...asked) {
      const refused = await bench.gateways.merge(...asked);
      happens();
      return refused;
    },
  };
}

Deno.test(
  "a group that is deleted on its member directly, once it was copied, is not brought back",
  {
    permissions: "none",
  },
  async () => {
    await using bench = createBench();
    await fill(bench, [id]);
    const { pushgateway } = bench.hostOf(bench.members[0]);
    const gateways = beforeLastLook(bench, () => {
      pushgateway.answer({ method: "DELETE", target: id, headers: [] });
    });
    await move(bench, [id], { gateways });
    assert.deepEqual(bench.holders(id), {});
  },
);

Deno.test("the copy of a group whose member has lost all that it held stays", {
  permissions: "none",
}, async () => {
  await using bench = createBench();
  await fill(bench, [id]);
  const [from, to] = bench.members;
  const gateways = beforeLastLook(bench, () => bench.hostOf(from).pushgateway.restart(false));
  await move(bench, [id], { gateways });
  assert.deepEqual(bench.holders(id), { [to]: HELD });
});

Deno.test("a copy whose source gets a late push is taken back", {
  permissions: "none",
}, async () => {
  await using bench = createBench();
  await fill(bench, [id]);
  const [from, to] = bench.members;
  const merge: Gateways["merge"] = async (...asked) => {
    const refused = await bench.gateways.merge(...asked);
    bench.land(from, { id, families: { a: 2 }, method: "POST" });
    return refused;
  };
  const first = await move(bench, [id], { gateways: { merge } });
  assert.equal(first.moved.size, 0);
  assert.deepEqual(bench.holders(id), { [from]: { ...HELD, a: 2 } });
  assert.deepEqual([...(await move(bench, [id])).moved], [id]);
  assert.deepEqual(bench.holders(id), { [to]: { ...HELD, a: 2 } });
});

Deno.test("a copy that somebody has pushed to gets what its source has got late", {
  permissions: "none",
}, async () => {
  await using bench = createBench();
  await fill(bench, [id]);
  const [from, to] = bench.members;
  const exclusive = afterCopies(() => {
    bench.land(to, { id, families: { b: 3 }, method: "POST" });
    bench.land(from, { id, families: { a: 2, b: 2 }, method: "POST" });
  });
  await move(bench, [id], { exclusive });
  assert.deepEqual(bench.holders(id)[to], { a: 2, b: 3 });
});

Deno.test("a copy that somebody has pushed to without a turn is not taken back", {
  permissions: "none",
}, async () => {
  await using bench = createBench();
  await fill(bench, [id]);
  const [from, to] = bench.members;
  const copies: Gateways["copies"] = (...asked) => {
    bench.land(to, { id, families: { c: 3 }, method: "POST" });
    bench.land(from, { id, families: { a: 2 }, method: "POST" });
    return bench.gateways.copies(...asked);
  };
  await move(bench, [id], { gateways: { copies } });
  assert.deepEqual(bench.holders(id)[to], { ...HELD, a: 2, c: 3 });
});

Deno.test("what was copied is deleted where it was, also when no more is to be copied", {
  permissions: "none",
}, async () => {
  await using bench = createBench();
  const ids = Array.from({ length: 40 }, (_, i) => `/metrics/job/job${i}`);
  await fill(bench, ids);
  const stop = new AbortController();
  const merge: Gateways["merge"] = async (...asked) => {
    const refused = await bench.gateways.merge(...asked);
    stop.abort();
    return refused;
  };
  const { moved } = await move(bench, ids, { gateways: { merge } }, stop.signal);
  assert(moved.size > 0 && moved.size < ids.length, `${moved.size} were moved`);
  assert.deepEqual(ids.filter((id) => Object.keys(bench.holders(id)).length !== 1), []);
});

Deno.test("once no more is to be copied, nothing is that waited to be sent", {
  permissions: "none",
}, async () => {
  await using bench = createBench();
  const [, to] = bench.members;
  const ids = Array.from({ length: 8 }, (_, i) => `/metrics/job/job${i}`);
  for (const id of ids) bench.land(bench.members[0], { id, families: { a: 1 } });
  await bench.clockwork.pass(5_000);
  const stop = new AbortController();
  const merge: Gateways["merge"] = async (...asked) => {
    const refused = await bench.gateways.merge(...asked);
    if (!stop.signal.aborted) bench.land(to, { id: ids[7], families: { a: 2 } });
    stop.abort();
    return refused;
  };
  await move(bench, ids, { gateways: { merge } }, stop.signal);
  assert.deepEqual(bench.holders(ids[7])[to], { a: 2 });
});

for (const [what, newer] of [["", false], [", also where others are newer", true]] as const) {
  Deno.test(
    `where reads take longer than they may be relied on, a few groups are left to a closer look${what}`,
    {
      permissions: "none",
    },
    async () => {
      await using bench = createBench();
      await fill(bench);
      const [, to] = bench.members;
      if (newer) await bench.push(to, { id, families: { c: 1 } });
      const turns = createExclusive(() => undefined);
      const exclusive = { ...turns, watch: () => endingAt(turns.watch(), -1) };
      const { moved, careful } = await move(bench, [id, other], { exclusive });
      assert.deepEqual([moved.size, [...careful].toSorted()], [0, [id, other]]);
    },
  );
}

Deno.test("a group whose owner was pushed to, or could not be read once more, is tried again", {
  permissions: "none",
}, async () => {
  for (const hiccup of [true, false]) {
    await using bench = createBench();
    await fill(bench, [id]);
    const [, to] = bench.members;
    const turns = createExclusive(() => undefined);
    const exclusive = { ...turns, watch: () => endingAt(turns.watch(), 1e9) };
    let reads = 0;
    const pushTimes: Gateways["pushTimes"] = async (member, signal) => {
      if (member === to && ++reads === 2) {
        if (hiccup) throw new MemberFailure("a hiccup");
        bench.land(to, { id, families: { c: 1 } });
      }
      return await bench.gateways.pushTimes(member, signal);
    };
    const { moved, touched } = await move(bench, [id], { exclusive, gateways: { pushTimes } });
    assert.deepEqual([moved.size, touched], [0, [id]]);
    assert.deepEqual(bench.holders(id)[to], hiccup ? undefined : { c: 1 });
  }
});

Deno.test("a copy that comes out different is deleted, and the group stays where it is whole", {
  permissions: "none",
}, async () => {
  await using bench = createBench();
  await fill(bench);
  const [from, to] = bench.members;
  const merge: Gateways["merge"] = async (member, content, signal) => {
    if (content.id !== id) return await bench.gateways.merge(member, content, signal);
    bench.land(to, { id, families: { a: 1 } });
    return undefined;
  };
  const { moved, staying, told } = await move(bench, [id, other], { gateways: { merge } });
  assert.deepEqual([...moved], [other]);
  assert.deepEqual([...staying], [[id, `${to}: its copy is different`]]);
  assert.deepEqual(told, [`${id}: ${to}: its copy is different`]);
  assert.deepEqual(bench.holders(id), { [from]: HELD });
});

Deno.test("a group that its owner refuses stays, and the reason is told", {
  permissions: "none",
}, async () => {
  await using bench = createBench();
  await fill(bench, [id]);
  const [from, to] = bench.members;
  bench.hostOf(to).pushgateway.refusing = true;
  const { staying } = await move(bench, [id]);
  assert.deepEqual([...staying.keys()], [id]);
  assert.deepEqual(bench.holders(id)[from], HELD);
});

Deno.test("an outdated copy is deleted and not copied; an older one of its owner is added to", {
  permissions: "none",
}, async () => {
  await using bench = createBench();
  const [from, to] = bench.members;
  await bench.push(to, { id: other, families: { c: 1 } });
  await fill(bench);
  await bench.push(to, { id, families: { c: 2 } });
  const { moved } = await move(bench, [id, other]);
  assert.deepEqual([...moved].toSorted(), [id, other]);
  assert.deepEqual(bench.holders(id), { [to]: { c: 2 } });
  assert.deepEqual(bench.holders(other), { [to]: { ...HELD, c: 1 } });
  assert.equal(bench.holders(id)[from], undefined);
});

Deno.test("where the newer copy is marked as a part, the group is left to a closer look", {
  permissions: "none",
}, async () => {
  await using bench = createBench();
  await fill(bench, [id]);
  const [, to] = bench.members;
  await bench.clockwork.pass(5_000);
  await bench.run(bench.gateways.markPartial(to, id, never));
  await bench.push(to, { id, families: { c: 2 }, method: "POST" });
  const { moved, careful } = await move(bench, [id]);
  assert.equal(moved.size, 0);
  assert.deepEqual([...careful], [id]);
});

Deno.test("an outdated copy stays where the newer one is begun anew as a part", {
  permissions: "none",
}, async () => {
  await using bench = createBench();
  await fill(bench, [id]);
  const [from, to] = bench.members;
  await bench.push(to, { id, families: { c: 2 } });
  const turns = createExclusive(() => undefined);
  const traits: Gateways["traits"] = async (...asked) => {
    const read = await bench.gateways.traits(...asked);
    const anew = async () => {
      await bench.gateways.remove(to, id, never);
      await bench.gateways.markPartial(to, id, never);
      bench.land(to, { id, families: { d: 3 }, method: "POST" });
    };
    await turns.run(id, anew, { signal: never, alone: true });
    // Long enough ago to be in what is read next.
    await new Promise((resolve) => setTimeout(resolve, 1_000));
    return read;
  };
  const { moved } = await move(bench, [id], { exclusive: turns, gateways: { traits } });
  assert.equal(moved.size, 0);
  assert.deepEqual(bench.holders(id), { [from]: HELD, [to]: { d: 3 } });
});

Deno.test("an owner that cannot be read holds up no group of others", {
  permissions: "none",
}, async () => {
  await using bench = createBench();
  const [from, to, third] = bench.members;
  const ids = Array.from({ length: 20 }, (_, i) => `/metrics/job/job${i}`);
  await fill(bench, ids);
  bench.hostOf(to).up = false;
  const { moved, whereabouts } = await move(bench, ids, { ring: [to, third] });
  for (const one of ids) {
    const isThirds = whereabouts.ownerOf(one) === third;
    assert.equal(moved.has(one), isThirds);
    assert.deepEqual(bench.holders(one), { [isThirds ? third : from]: HELD });
  }
  assert(moved.size > 0 && moved.size < ids.length);
});

Deno.test("what others push to by their rings is early, also where that turns out late", {
  permissions: "none",
}, async () => {
  await using bench = createBench();
  await fill(bench, [id]);
  const [from] = bench.members;
  const early = await move(bench, [id], { isUsed: () => true });
  assert.deepEqual([...early.early], [id]);
  let isUsed = false;
  const copies: Gateways["copies"] = async (...asked) => {
    isUsed = true;
    return await bench.gateways.copies(...asked);
  };
  const late = await move(bench, [id], { gateways: { copies }, isUsed: () => isUsed });
  assert.equal(late.moved.size, 0);
  assert.deepEqual(bench.holders(id)[from], HELD);
});

Deno.test("a group that is not there any more is gone, and no push looks for it there", {
  permissions: "none",
}, async () => {
  await using bench = createBench();
  await fill(bench, [other]);
  const { moved, whereabouts } = await move(bench, [id, other]);
  assert.deepEqual([...moved].toSorted(), [id, other]);
  assert.equal(whereabouts.size, 0);
  assert.deepEqual(bench.holders(id), {});
});

Deno.test("no more groups are moved at once than memory allows, and one at least", {
  permissions: "none",
}, async () => {
  await using bench = createBench();
  const ids = Array.from({ length: 10 }, (_, i) => `/metrics/job/job${i}`);
  await fill(bench, ids);
  const { moved } = await move(bench, ids, { memoryMax: 1 });
  assert.equal(moved.size, 1);
  const left: ReadonlySet<string> = new Set(ids).difference(moved);
  const next = await move(bench, [...left], { memoryMax: 9_000 });
  assert(next.moved.size > 1 && next.moved.size < left.size, `${next.moved.size} were moved`);
});

Deno.test("pushes of a group that is about to be moved know where it lies", {
  permissions: "none",
}, async () => {
  await using bench = createBench();
  await fill(bench, [id]);
  const [from, to] = bench.members;
  const seen: (readonly Member[])[] = [];
  const deps = depsOf(bench);
  const look = () => {
    seen.push([...deps.whereabouts.holdersOf({ id, key: id })?.seen.keys() ?? []]);
  };
  deps.gateways.contents = async (...asked) => {
    look();
    return await bench.gateways.contents(...asked);
  };
  deps.gateways.copies = async (...asked) => {
    look();
    return await bench.gateways.copies(...asked);
  };
  const asked = { groups: new Set([id]), from, by: "drain" as const, onMoved() {} };
  await bench.run(moveMany(asked, deps, never));
  look();
  assert.deepEqual(seen, [[from], [from, to], []]);
});
