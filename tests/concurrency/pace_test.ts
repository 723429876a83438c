import assert from "node:assert/strict";
import { createPace, type Pace } from "../../src/concurrency/pace.ts";

function work(ms: number): void {
  for (const end = performance.now() + ms; performance.now() < end;);
}

/** What comes first: a timer that is due, or the end of a hundred rests. */
async function first(pace: Pace): Promise<"timer" | "rests"> {
  const timer = Promise.withResolvers<"timer">();
  setTimeout(() => timer.resolve("timer"), 1);
  work(20);
  const resting = (async () => {
    for (let rests = 0; rests < 100; rests++) await pace.rest();
    return "rests" as const;
  })();
  const winner = await Promise.race([timer.promise, resting]);
  await Promise.all([timer.promise, resting]);
  return winner;
}

Deno.test("work is tired after a slice, and others have their turn while it rests", {
  permissions: "none",
}, async () => {
  const pace = createPace(new AbortController().signal);
  work(20);
  assert(pace.tired);
  assert.equal(await first(pace), "timer");
});

Deno.test("work goes on resting after the machine has stolen time where a rest begins", {
  permissions: "none",
}, async () => {
  const pace = createPace(new AbortController().signal);
  const { now } = performance;
  let stolenMs = 0;
  performance.now = () => now.call(performance) + (stolenMs += 1);
  try {
    await pace.rest();
  } finally {
    performance.now = now;
  }
  assert.equal(await first(pace), "timer");
});

Deno.test("nobody rests once the signal has aborted", { permissions: "none" }, async () => {
  const abort = new AbortController();
  const pace = createPace(abort.signal);
  const resting = pace.rest();
  abort.abort(new Error("enough"));
  await assert.rejects(resting, { message: "enough" });
});
