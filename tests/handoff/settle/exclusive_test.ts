import assert from "node:assert/strict";
import { LockFailure, type Locks } from "../../../src/consul/locks/locks.ts";
import { createExclusive, TurnFailure } from "../../../src/handoff/settle/exclusive.ts";
import { locksThat, STOPPING_MS } from "./failing_locks.ts";
import { isPending } from "../../concurrency/settled.ts";

const never = new AbortController().signal;
const ALONE = { signal: never, alone: true };
const SHARED = { signal: never, alone: false };

Deno.test("those of one group run one at a time, in the order in which they came", {
  permissions: "none",
}, async () => {
  const { run } = createExclusive(() => undefined);
  const order: number[] = [];
  let present = 0;
  await Promise.all([1, 2, 3, 4].map((n) =>
    run("a", async () => {
      assert.equal(++present, 1);
      await isPending(Promise.resolve());
      order.push(n);
      present--;
    }, ALONE)
  ));
  assert.deepEqual(order, [1, 2, 3, 4]);
});

Deno.test("groups do not wait for one another", { permissions: "none" }, async () => {
  const { run } = createExclusive(() => undefined);
  const end = Promise.withResolvers<void>();
  const first = run("a", () => end.promise, ALONE);
  assert.equal(await run("b", () => Promise.resolve("done"), ALONE), "done");
  end.resolve();
  await first;
});

Deno.test("one that fails lets the next one have its turn", { permissions: "none" }, async () => {
  const { run } = createExclusive(() => undefined);
  const failing = run("a", () => Promise.reject(new Error("refused")), ALONE);
  const next = run("a", () => Promise.resolve("done"), ALONE);
  await assert.rejects(failing, /refused/);
  assert.equal(await next, "done");
});

Deno.test("one that gives up its wait does not begin, and is passed over", {
  permissions: "none",
}, async () => {
  const { run } = createExclusive(() => undefined);
  const end = Promise.withResolvers<void>();
  const first = run("a", () => end.promise, ALONE);
  const stop = new AbortController();
  let begun = false;
  const second = run("a", () => Promise.resolve(void (begun = true)), {
    ...ALONE,
    signal: stop.signal,
  });
  const third = run("a", () => Promise.resolve("done"), ALONE);
  stop.abort(new Error("enough"));
  await assert.rejects(second, /enough/);
  assert.equal(await isPending(third), true, "the first one is not done yet");
  end.resolve();
  await first;
  assert.equal(await third, "done");
  assert.equal(begun, false);
});

Deno.test("more than can be waited for are refused at once, and there is room again later", {
  permissions: "none",
}, async () => {
  const { run } = createExclusive(() => undefined);
  const end = Promise.withResolvers<void>();
  const waiting = Array.from({ length: 256 }, () => run("a", () => end.promise, ALONE));
  await assert.rejects(run("a", () => Promise.resolve(), ALONE), TurnFailure);
  assert.equal(await run("b", () => Promise.resolve("done"), ALONE), "done");
  end.resolve();
  await Promise.all(waiting);
  assert.equal(await run("a", () => Promise.resolve("done"), ALONE), "done");
});

const WITH_LOCKS: readonly [
  locks: Locks,
  alone: boolean,
  outcome: string | typeof TurnFailure | typeof LockFailure,
  why: string,
][] = [
  [locksThat(), false, "done", "the lock is had"],
  [locksThat("busy"), true, TurnFailure, "another process has the lock for too long"],
  [locksThat("unavailable"), true, "done alone", "Consul cannot be asked, and a push goes on"],
  [
    locksThat("unavailable"),
    false,
    LockFailure,
    "Consul cannot be asked, and a drain does not go on",
  ],
  [
    locksThat("unavailable", { state: "forbidden", since: Infinity }),
    false,
    "done alone",
    "Consul forbids locks for good",
  ],
  [locksThat("lost"), false, "done", "the lock is lost when all is done"],
];
for (const [locks, alone, outcome, why] of WITH_LOCKS) {
  const runs = typeof outcome === "string";
  Deno.test(
    `work ${runs ? `is ${outcome}` : "fails"} where ${why}`,
    { permissions: "none" },
    async () => {
      let times = 0;
      const work = (_: AbortSignal, isAlone: boolean) => {
        times++;
        return Promise.resolve(isAlone ? "done alone" : "done");
      };
      const { run } = createExclusive(() => locks);
      const running = run("a", work, { signal: never, alone });
      if (typeof outcome === "string") assert.equal(await running, outcome);
      else await assert.rejects(running, outcome);
      assert.equal(times, runs ? 1 : 0, "never twice");
    },
  );
}

Deno.test("where Consul went out of reach just now, work waits until former holders have stopped", {
  permissions: "none",
}, async () => {
  const since = performance.now() + 30 - STOPPING_MS;
  const { run } = createExclusive(() => locksThat("unavailable", { since }));
  const begunMs = await run("a", () => Promise.resolve(performance.now()), ALONE);
  assert(begunMs >= since + STOPPING_MS);
});

Deno.test("where Consul is back after that wait the lock is taken all the same", {
  permissions: "none",
}, async () => {
  const since = performance.now() + 500 - STOPPING_MS;
  const [away, back] = [locksThat("unavailable", { since }), locksThat()];
  for (const state of ["unreachable", "yes"] as const) {
    const backMs = performance.now() + 20;
    const { run } = createExclusive(() => ({
      ...away,
      state,
      hold: (...asked) => (performance.now() < backMs ? away : back).hold(...asked),
    }));
    assert.equal(await run("a", (_, isAlone) => Promise.resolve(isAlone), ALONE), false);
  }
});

Deno.test("that wait is over as soon as Consul can be asked again", {
  permissions: "none",
}, async () => {
  const locks = locksThat("unavailable", { since: performance.now() + 3_600_000 });
  let [isBack, changed] = [false, () => {}];
  const { run } = createExclusive(() => ({
    ...locks,
    sessions: {
      ...locks.sessions,
      watch(onChange) {
        changed = onChange;
        return { [Symbol.dispose]() {} };
      },
    },
    hold: (...asked) => (isBack ? locksThat() : locks).hold(...asked),
  }));
  const running = run("a", (_, isAlone) => Promise.resolve(isAlone), ALONE);
  assert.equal(await isPending(running), true);
  isBack = true;
  changed();
  assert.equal(await running, false);
});

Deno.test("work that gives up that wait does not begin", { permissions: "none" }, async () => {
  const { run } = createExclusive(() => locksThat("unavailable", { since: performance.now() }));
  const stop = new AbortController();
  let begun = false;
  const work = () => Promise.resolve(void (begun = true));
  const running = run("a", work, { signal: stop.signal, alone: true });
  assert.equal(await isPending(running), true);
  stop.abort(new Error("enough"));
  await assert.rejects(running, /enough/);
  assert.equal(begun, false);
});

Deno.test("work that fails is not done again without the lock", {
  permissions: "none",
}, async () => {
  const { run } = createExclusive(() => locksThat());
  let times = 0;
  const work = () => {
    times++;
    return Promise.reject(new Error("refused"));
  };
  await assert.rejects(run("a", work, ALONE), /refused/);
  assert.equal(times, 1);
});

Deno.test("a lock that is lost while work goes on is told", { permissions: "none" }, async () => {
  const session = new AbortController();
  const locks: Locks = {
    ...locksThat(),
    async hold(name, work) {
      try {
        return await work(session.signal);
      } catch (cause) {
        throw new LockFailure("lost", name, { cause });
      }
    },
  };
  const { run } = createExclusive(() => locks);
  const running = run("a", (signal) =>
    new Promise((_, reject) => {
      signal.addEventListener("abort", () => reject(signal.reason));
    }), SHARED);
  await isPending(running);
  session.abort();
  await assert.rejects(running, LockFailure);
});

Deno.test("names of locks are short, whatever the group", { permissions: "none" }, async () => {
  const names: string[] = [];
  const locks = locksThat();
  const { run } = createExclusive(() => ({
    ...locks,
    hold(name, work, options) {
      names.push(name);
      return locks.hold(name, work, options);
    },
  }));
  for (const id of ["a", "a", `/metrics/job/${"x".repeat(5_000)}`]) {
    await run(id, () => Promise.resolve(), SHARED);
  }
  assert.equal(names[0], names[1]);
  assert.notEqual(names[0], names[2]);
  for (const name of names) assert.match(name, /^group-[0-9a-f]{8}$/);
});

Deno.test(
  "what may change any group waits for moves, and lets none begin meanwhile; pushes go on",
  {
    permissions: "none",
  },
  async () => {
    const { run, runAlone } = createExclusive(() => undefined);
    const order: string[] = [];
    const copied = Promise.withResolvers<void>();
    const moving = run("a", async () => {
      await copied.promise;
      order.push("move");
    }, SHARED);
    await isPending(moving);
    const wiped = Promise.withResolvers<void>();
    const wiping = runAlone(async () => {
      order.push("wipe");
      await wiped.promise;
    });
    const later = run("b", () => Promise.resolve(void order.push("later")), SHARED);
    await run("b", () => Promise.resolve(void order.push("push")), ALONE);
    copied.resolve();
    await moving;
    assert.equal(await isPending(later), true);
    wiped.resolve();
    await wiping;
    await later;
    assert.deepEqual(order, ["push", "move", "wipe", "later"]);
  },
);
