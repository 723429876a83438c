import assert from "node:assert/strict";
import { createWake } from "../../src/concurrency/wake.ts";
import { isPending } from "./settled.ts";

Deno.test("raising ends the wait", { permissions: "none" }, async () => {
  const wake = createWake();
  const waited = wake.wait(new AbortController().signal);
  assert.equal(await isPending(waited), true);
  wake.raise();
  await waited;
});

Deno.test("raised before the wait, it ends the next one", { permissions: "none" }, async () => {
  const wake = createWake();
  wake.raise();
  await wake.wait(new AbortController().signal);
});

Deno.test(
  "raised twice before the wait, it ends one wait only",
  { permissions: "none" },
  async () => {
    const wake = createWake();
    const stop = new AbortController();
    wake.raise();
    wake.raise();
    await wake.wait(stop.signal);
    const second = wake.wait(stop.signal);
    assert.equal(await isPending(second), true);
    stop.abort();
    await second;
  },
);

Deno.test("an abort ends the wait without an error", { permissions: "none" }, async () => {
  const stop = new AbortController();
  const waited = createWake().wait(stop.signal);
  stop.abort(new Error("SIGTERM"));
  await waited;
});

Deno.test("a wait under an aborted signal ends at once and uses nothing up", {
  permissions: "none",
}, async () => {
  const wake = createWake();
  wake.raise();
  await wake.wait(AbortSignal.abort());
  await wake.wait(new AbortController().signal);
});

Deno.test(
  "a wait ended by an abort does not end the next one",
  { permissions: "none" },
  async () => {
    const wake = createWake();
    const first = new AbortController();
    const waited = wake.wait(first.signal);
    first.abort();
    await waited;
    const stop = new AbortController();
    const next = wake.wait(stop.signal);
    assert.equal(await isPending(next), true);
    stop.abort();
    await next;
  },
);

Deno.test("raising ends all waits that there are", { permissions: "none" }, async () => {
  const wake = createWake();
  const { signal } = new AbortController();
  const waits = [wake.wait(signal), wake.wait(signal)];
  wake.raise();
  await Promise.all(waits);
});

Deno.test("raised after one of two waits has ended, it ends the next one", {
  permissions: "none",
}, async () => {
  const wake = createWake();
  const { signal } = new AbortController();
  wake.raise();
  const first = wake.wait(signal);
  queueMicrotask(wake.raise); // just between the ends of the two
  await Promise.all([first, wake.wait(signal)]);
  await wake.wait(signal);
});
