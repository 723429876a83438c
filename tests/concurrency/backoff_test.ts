import fc from "fast-check";
import assert from "node:assert/strict";
import { backoffMs, sleep, within } from "../../src/concurrency/backoff.ts";

const LIMITS = { firstMs: 100, maxMs: 1_500 };

const LONGEST: readonly [failures: number, ms: number][] = [
  [1, 100],
  [2, 200],
  [3, 400],
  [4, 800],
  [5, 1_500],
  [1_000_000, 1_500],
];
for (const [failures, ms] of LONGEST) {
  Deno.test(
    `after ${failures} failures the delay lies between ${ms / 2} and ${ms} ms`,
    { permissions: "none" },
    () => {
      assert.equal(backoffMs(failures, LIMITS, () => 1), ms);
      assert.equal(backoffMs(failures, LIMITS, () => 0), ms / 2);
    },
  );
}

Deno.test("no delay is beyond its limits, whatever is drawn", { permissions: "none" }, () => {
  const draw = fc.double({ min: 0, max: 1, noNaN: true });
  fc.assert(fc.property(fc.integer({ min: 1 }), draw, (failures, drawn) => {
    const ms = backoffMs(failures, LIMITS, () => drawn);
    return ms >= LIMITS.firstMs / 2 && ms <= LIMITS.maxMs;
  }));
});

Deno.test("sleep() never ends before its time, whatever fraction of a millisecond it has", {
  permissions: "none",
}, async () => {
  const tooEarly: number[] = [];
  await Promise.all(Array.from({ length: 500 }, async (_, index) => {
    const ms = 5 + index / 100;
    const startMs = performance.now();
    await sleep(ms);
    if (performance.now() - startMs < ms) tooEarly.push(ms);
  }));
  assert.deepEqual(tooEarly, []);
});

Deno.test("sleep() ends at once when its signal aborts", { permissions: "none" }, async () => {
  const stop = new AbortController();
  const slept = sleep(1_000_000, stop.signal); // a timer left behind would fail the test
  stop.abort();
  await slept;
});

Deno.test("sleep() does not begin under an aborted signal", { permissions: "none" }, async () => {
  await sleep(1_000_000, AbortSignal.abort());
});

Deno.test("within() tells whether a promise was kept in time, and leaves no timer", {
  permissions: "none",
}, async () => {
  assert.equal(await within(60_000, Promise.resolve()), true);
  assert.equal(await within(1, new Promise(() => {})), false);
  await assert.rejects(within(60_000, Promise.reject(new Error("broken"))), { message: "broken" });
});
