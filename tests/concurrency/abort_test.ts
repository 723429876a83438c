import assert from "node:assert/strict";
import { abandonable, untilAborted } from "../../src/concurrency/abort.ts";
import { isPending } from "./settled.ts";

const permissions = "none";

Deno.test("untilAborted() ends with the signal, or at once where it has aborted", {
  permissions,
}, async () => {
  await untilAborted(AbortSignal.abort());
  const stop = new AbortController();
  const waited = untilAborted(stop.signal);
  assert.equal(await isPending(waited), true);
  stop.abort(new Error("SIGTERM"));
  await waited;
});

Deno.test("abandonable() gives what the promise gives", { permissions }, async () => {
  const { signal } = new AbortController();
  assert.equal(await abandonable(Promise.resolve(7), signal), 7);
  const broken = new Error("broken");
  await assert.rejects(abandonable(Promise.reject(broken), signal), broken);
});

Deno.test("abandonable() throws the reason where the signal aborts first", {
  permissions,
}, async () => {
  const stop = new AbortController();
  const reason = new Error("enough");
  const { promise, reject } = Promise.withResolvers<number>();
  const waited = abandonable(promise, stop.signal);
  assert.equal(await isPending(waited), true);
  stop.abort(reason);
  await assert.rejects(waited, reason);
  await assert.rejects(abandonable(promise, stop.signal), reason, "it had aborted before");
  // What it throws after that is no unhandled failure.
  reject(new Error("late"));
  await isPending(promise);
});

Deno.test("an abort after the promise was kept changes nothing", { permissions }, async () => {
  const stop = new AbortController();
  const waited = abandonable(Promise.resolve(7), stop.signal);
  await isPending(waited);
  stop.abort();
  assert.equal(await waited, 7);
});
