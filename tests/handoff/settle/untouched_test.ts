/** Turns of many groups at once, of which nobody else has had one; in virtual time. @module */

import assert from "node:assert/strict";
import { LockFailure, type Locks } from "../../../src/consul/locks/locks.ts";
import { createExclusive, type Exclusive } from "../../../src/handoff/settle/exclusive.ts";
import { murmur3 } from "../../../src/ring/murmur3.ts";
import { isPending } from "../../concurrency/settled.ts";
import { createClockwork } from "../../model/clockwork.ts";
import { locksThat } from "./failing_locks.ts";

const never = new AbortController().signal;
const SHARED = { signal: never, alone: false };
const NAMES_WITH_TRACES = 60_000;
const STANDSTILL_MS = 20_000;

type Watch = ReturnType<Exclusive["watch"]>;
type Clock = ReturnType<typeof createClockwork>;

function test(name: string, run: (clock: Clock) => Promise<void>): void {
  Deno.test(name, { permissions: "none" }, async () => {
    await using clock = createClockwork();
    await run(clock);
  });
}

/** Which groups it runs work for. */
async function ran({ runUntouched }: Exclusive, ids: readonly string[], since: Watch) {
  const had: string[] = [];
  await runUntouched(ids, (id) => Promise.resolve(void had.push(id)), { since, signal: never });
  return had;
}

/** A turn that goes on until it is ended. */
function startTurn({ run }: Exclusive, id: string) {
  const end = Promise.withResolvers<void>();
  const running = run(id, () => end.promise, SHARED);
  return {
    end: () => {
      end.resolve();
      return running;
    },
  };
}

/** Fails where somebody has the turn of a group still. */
async function assertFree({ run }: Exclusive, ids: readonly string[]) {
  for (const id of ids) {
    const turn = run(id, () => Promise.resolve(), SHARED);
    assert.equal(await isPending(turn), false, `${id} is not free`);
    await turn;
  }
}

const SETUPS = [["without locks", undefined], ["with locks", locksThat()]] as const;

for (const [setup, locks] of SETUPS) {
  const start = () => createExclusive(() => locks);

  test(`${setup} work is run for those that nobody has had`, async () => {
    const exclusive = start();
    using since = exclusive.watch();
    assert.deepEqual(await ran(exclusive, ["a", "b"], since), ["a", "b"]);
    assert.deepEqual(await ran(exclusive, ["a"], since), ["a"], "its own turns do not count");
  });

  test(`${setup} those are left out whose turn began before the watch and is under way`, async () => {
    const exclusive = start();
    const turn = startTurn(exclusive, "a");
    using since = exclusive.watch();
    assert.deepEqual(await ran(exclusive, ["a", "b"], since), ["b"]);
    await turn.end();
    assert.deepEqual(await ran(exclusive, ["a"], since), [], "nor when it has ended");
  });

  test(`${setup} those are left out whose turn began after the watch, ended or not`, async () => {
    const exclusive = start();
    using since = exclusive.watch();
    await exclusive.run("a", () => Promise.resolve(), SHARED);
    const turn = startTurn(exclusive, "b");
    assert.deepEqual(await ran(exclusive, ["a", "b", "c"], since), ["c"]);
    await turn.end();
  });

  test(`${setup} those are left out whose turn failed, or was waited for in vain`, async () => {
    const exclusive = start();
    using since = exclusive.watch();
    const turn = startTurn(exclusive, "a");
    const waiting = exclusive.run("a", () => assert.fail("given up"), {
      ...SHARED,
      signal: AbortSignal.abort(new Error("enough")),
    });
    await assert.rejects(waiting, /enough/);
    const failing = exclusive.run("b", () => Promise.reject(new Error("refused")), SHARED);
    await assert.rejects(failing, /refused/);
    await turn.end();
    assert.deepEqual(await ran(exclusive, ["a", "b"], since), []);
  });

  test(`${setup} those are left out whose turn ended up to half a second before the watch`, async (clock) => {
    const exclusive = start();
    await exclusive.run("a", () => Promise.resolve(), SHARED);
    await clock.pass(1);
    await exclusive.run("b", () => Promise.resolve(), SHARED);
    await clock.pass(499);
    using since = exclusive.watch();
    assert.deepEqual([since.has("a"), since.has("b")], [false, true]);
    assert.deepEqual(await ran(exclusive, ["a", "b"], since), ["a"]);
  });

  test(`${setup} many turns of one watch count for another one, and hinder it`, async () => {
    const exclusive = start();
    using one = exclusive.watch();
    using other = exclusive.watch();
    const end = Promise.withResolvers<void>();
    const running = exclusive.runUntouched(["a"], () => end.promise, { since: one, signal: never });
    await isPending(running);
    assert.deepEqual(await ran(exclusive, ["a", "b"], other), ["b"]);
    end.resolve();
    await running;
    assert.deepEqual(await ran(exclusive, ["a"], other), []);
    assert.equal(one.has("a"), false);
  });

  test(`${setup} who comes while work is done waits for its own group alone`, async () => {
    const exclusive = start();
    using since = exclusive.watch();
    const ends = new Map(["a", "b"].map((id) => [id, Promise.withResolvers<void>()]));
    const work = (id: string) => ends.get(id)?.promise ?? Promise.resolve();
    const running = exclusive.runUntouched(["a", "b"], work, { since, signal: never });
    const [forA, forB] = ["a", "b"].map((id) => exclusive.run(id, () => Promise.resolve(), SHARED));
    assert.equal(await isPending(forA), true);
    ends.get("a")?.resolve();
    assert.equal(await isPending(forA), false, "its turn was given back");
    assert.equal(await isPending(forB), true);
    ends.get("b")?.resolve();
    await Promise.all([running, forA, forB]);
  });

  test(`${setup} work that throws lets the others end, and turns are given back`, async () => {
    const exclusive = start();
    using since = exclusive.watch();
    const end = Promise.withResolvers<void>();
    const running = exclusive.runUntouched(
      ["a", "b"],
      (id) => id === "a" ? Promise.reject(new Error("refused")) : end.promise,
      { since, signal: never },
    );
    await assertFree(exclusive, ["a"]);
    assert.equal(await isPending(running), true);
    end.resolve();
    await assert.rejects(running, /refused/);
    await assertFree(exclusive, ["b"]);
  });
}

test("a watch that is disposed of learns nothing more", async () => {
  const exclusive = createExclusive(() => undefined);
  const since = exclusive.watch();
  since[Symbol.dispose]();
  await exclusive.run("a", () => Promise.resolve(), SHARED);
  assert.equal(since.has("a"), false);
});

test("a watch beside is not told of its own side's turns, and others are", async () => {
  const exclusive = createExclusive(() => undefined);
  using beside = exclusive.watch();
  using other = exclusive.watch();
  using since = exclusive.watch();
  const work = () => Promise.resolve();
  await exclusive.runUntouched(["a"], work, { since, beside, signal: never });
  assert.deepEqual([since, beside, other].map((watch) => watch.has("a")), [false, false, true]);
});

test("those are left out that another process has had, and count as touched for that watch", async () => {
  const [locks, busy] = [locksThat(), locksThat("busy")];
  let present: Locks = busy;
  const exclusive = createExclusive(() => present);
  using since = exclusive.watch();
  using other = exclusive.watch();
  assert.deepEqual(await ran(exclusive, ["a", "b"], since), []);
  assert.deepEqual([since.has("a"), other.has("a")], [true, false]);
  await assertFree(createExclusive(() => undefined), ["a", "b"]);
  present = locks;
  assert.deepEqual(await ran(exclusive, ["a"], since), []);
  assert.deepEqual(await ran(exclusive, ["a"], other), ["a"]);
  await assertFree(exclusive, ["a", "b"]);
});

test("locks are asked for once for all, about the time since half a second before the watch", async (clock) => {
  const asked: [count: number, sinceMs: number][] = [];
  const locks: Locks = {
    ...locksThat(),
    holdMany(names, work, options) {
      asked.push([names.length, options.sinceMs]);
      return locksThat().holdMany(names, work, options);
    },
  };
  const exclusive = createExclusive(() => locks);
  const turn = startTurn(exclusive, "a");
  await clock.pass(2_000);
  using since = exclusive.watch();
  await ran(exclusive, ["a", "b", "c"], since);
  await ran(exclusive, ["a"], since);
  assert.deepEqual(asked, [[2, 1_500]]);
  await turn.end();
});

test("with locks nobody is run any more when traces of others may be gone, and without them all are", async (clock) => {
  for (const [locks, expected] of [[locksThat(), []], [undefined, ["a", "b"]]] as const) {
    const exclusive = createExclusive(() => locks);
    using since = exclusive.watch();
    await clock.pass(NAMES_WITH_TRACES - STANDSTILL_MS);
    assert.deepEqual(await ran(exclusive, ["a", "b"], since), ["a", "b"]);
    await clock.pass(1);
    assert.deepEqual(await ran(exclusive, ["a", "b"], since), expected);
    await assertFree(exclusive, ["a", "b"]);
  }
});

test("nobody is run when locks were waited for until traces of others may be gone", async (clock) => {
  const locks: Locks = {
    ...locksThat(),
    async holdMany(names, work, options) {
      await new Promise((resolve) => setTimeout(resolve, NAMES_WITH_TRACES));
      return await locksThat().holdMany(names, work, options);
    },
  };
  const exclusive = createExclusive(() => locks);
  using since = exclusive.watch();
  const running = ran(exclusive, ["a"], since);
  await clock.pass(NAMES_WITH_TRACES + 1);
  assert.deepEqual(await running, []);
});

test("nobody is run after Consul was out of reach: others have gone on without locks then", async (clock) => {
  let locks = locksThat("unavailable");
  const exclusive = createExclusive(() => locks);
  using before = exclusive.watch();
  await clock.pass(1_000);
  locks = locksThat(undefined, { since: clock.nowMs });
  assert.deepEqual(await ran(exclusive, ["a"], before), []);
  assert.equal(before.has("a"), true);
  using since = exclusive.watch();
  assert.deepEqual(await ran(exclusive, ["a"], since), ["a"]);
});

for (const kind of ["unavailable", "lost"] as const) {
  test(`locks that are ${kind} are told, and turns are given back`, async () => {
    let locks: Locks | undefined = locksThat(kind);
    const exclusive = createExclusive(() => locks);
    using since = exclusive.watch();
    const running = ran(exclusive, ["a", "b"], since);
    await assert.rejects(running, (error) => error instanceof LockFailure && error.kind === kind);
    locks = undefined;
    await assertFree(exclusive, ["a", "b"]);
  });
}

test("where Consul forbids locks work is run without them", async () => {
  const exclusive = createExclusive(() => locksThat("unavailable", { state: "forbidden" }));
  using since = exclusive.watch();
  assert.deepEqual(await ran(exclusive, ["a", "b"], since), ["a", "b"]);
});

test("work is told when its locks are lost", async () => {
  const session = new AbortController();
  const locks: Locks = {
    ...locksThat(),
    holdMany: (names, work) => work(new Set(names), session.signal),
  };
  const exclusive = createExclusive(() => locks);
  using since = exclusive.watch();
  const running = exclusive.runUntouched(["a"], (_, signal) =>
    new Promise((_, reject) => {
      signal.addEventListener("abort", () => reject(signal.reason));
    }), { since, signal: never });
  await isPending(running);
  session.abort(new Error("lost"));
  await assert.rejects(running, /lost/);
});

test("of two groups that share a lock one is run, and the other one's turn is given back", async () => {
  const [one, other] = sharing();
  const exclusive = createExclusive(() => locksThat());
  using since = exclusive.watch();
  assert.equal((await ran(exclusive, [one, other], since)).length, 1);
  await assertFree(exclusive, [one, other]);
});

/** Two groups whose locks have one name. */
function sharing(): [string, string] {
  const seen = new Map<number, string>();
  for (let i = 0;; i++) {
    const id = `/metrics/job/${i}`;
    const other = seen.get(murmur3(id));
    if (other !== undefined) return [id, other];
    seen.set(murmur3(id), id);
  }
}

test("what may change any group waits for turns of many, and lets none begin meanwhile", async () => {
  const exclusive = createExclusive(() => undefined);
  using since = exclusive.watch();
  const end = Promise.withResolvers<void>();
  const order: string[] = [];
  const moving = exclusive.runUntouched(["a"], async () => {
    await end.promise;
    order.push("a");
  }, { since, signal: never });
  const wipe = Promise.withResolvers<void>();
  const wiping = exclusive.runAlone(async () => {
    order.push("wipe");
    await wipe.promise;
  });
  const later = exclusive.runUntouched(["b"], () => Promise.resolve(void order.push("b")), {
    since: exclusive.watch(),
    signal: never,
  });
  assert.equal(await isPending(wiping), true);
  end.resolve();
  await moving;
  assert.equal(await isPending(later), true);
  assert.deepEqual(order, ["a", "wipe"]);
  wipe.resolve();
  await wiping;
  await later;
  assert.deepEqual(order, ["a", "wipe"], "for that watch all groups are touched");
  assert.equal(since.has("any"), true);
  using next = exclusive.watch();
  assert.deepEqual(await ran(exclusive, ["a", "b"], next), ["a", "b"]);
});

test("one that fails lets turns of many begin again", async () => {
  const exclusive = createExclusive(() => undefined);
  await assert.rejects(exclusive.runAlone(() => Promise.reject(new Error("refused"))), /refused/);
  using since = exclusive.watch();
  assert.deepEqual(await ran(exclusive, ["a"], since), ["a"]);
});
