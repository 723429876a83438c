import assert from "node:assert/strict";
import { cooperate } from "../../src/concurrency/cooperate.ts";

/** Work that takes some milliseconds, in steps. */
function* steps(count: number): Generator<void, string> {
  for (let i = 0; i < count; i++) {
    const until = performance.now() + 1;
    while (performance.now() < until);
    yield;
  }
  return "done";
}

Deno.test("long work gives its result, and others have their turn meanwhile", {
  permissions: "none",
}, async () => {
  let turns = 0;
  const counting = new AbortController();
  const count = () => {
    turns++;
    if (!counting.signal.aborted) setTimeout(count);
  };
  setTimeout(count);
  assert.equal(await cooperate(steps(30), new AbortController().signal), "done");
  assert(turns > 0);
  counting.abort();
  await new Promise((resolve) => setTimeout(resolve, 2));
});

Deno.test("an abort ends long work at its next rest", { permissions: "none" }, async () => {
  const stop = new AbortController();
  const working = cooperate(steps(1_000), stop.signal);
  setTimeout(() => stop.abort(new Error("enough")));
  await assert.rejects(working, /enough/);
});

Deno.test("what long work throws comes out", { permissions: "none" }, async () => {
  // deno-lint-ignore require-yield
  function* failing(): Generator<void, never> {
    throw new Error("broken");
  }
  await assert.rejects(cooperate(failing(), new AbortController().signal), /broken/);
});
