import assert from "node:assert/strict";
import { createPace } from "../../src/pushgateway/pace.ts";

function work(ms: number): void {
  for (const end = performance.now() + ms; performance.now() < end;);
}

Deno.test("work is tired after a slice, and others have their turn while it rests", {
  permissions: "none",
}, async () => {
  const pace = createPace(new AbortController().signal);
  const timer = Promise.withResolvers<string>();
  setTimeout(() => timer.resolve("timer"), 1);
  work(20);
  assert(pace.tired);
  let rests = 0;
  const resting = (async () => {
    for (; rests < 100; rests++) await pace.rest();
    return "rest";
  })();
  assert.equal(await Promise.race([timer.promise, resting]), "timer");
  await resting;
});

Deno.test("nobody rests once the signal has aborted", { permissions: "none" }, async () => {
  const abort = new AbortController();
  const pace = createPace(abort.signal);
  const resting = pace.rest();
  abort.abort(new Error("enough"));
  await assert.rejects(resting, { message: "enough" });
});
