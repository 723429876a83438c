import assert from "node:assert/strict";
import { runGroup, type Task } from "../../src/concurrency/run_group.ts";

const untilAborted: Task = (signal) =>
  new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener("abort", () => resolve(), { once: true });
  });

/** A task that runs until stopped, then takes a turn of the event loop to end. */
function tracked(ended: string[], name: string): Task {
  return async (signal) => {
    await untilAborted(signal);
    await new Promise((resolve) => setTimeout(resolve));
    ended.push(name);
  };
}

Deno.test(
  "the first task to end stops the others, and all are awaited",
  { permissions: "none" },
  async () => {
    const ended: string[] = [];
    const signal = new AbortController().signal;
    await runGroup([tracked(ended, "a"), () => Promise.resolve(), tracked(ended, "b")], signal);
    assert.deepEqual(ended, ["a", "b"]);
  },
);

Deno.test("the first task to fail stops the others, and its error surfaces", {
  permissions: "none",
}, async () => {
  const ended: string[] = [];
  const failure = new Error("disk full");
  const signal = new AbortController().signal;
  const group = runGroup([tracked(ended, "a"), () => Promise.reject(failure)], signal);
  await assert.rejects(group, failure);
  assert.deepEqual(ended, ["a"], "the other task ended before the group did");
});

Deno.test(
  "a task that throws before it first waits stops the others too",
  { permissions: "none" },
  async () => {
    const ended: string[] = [];
    const failure = new Error("no such table");
    const group = runGroup([
      tracked(ended, "a"),
      () => {
        throw failure;
      },
      tracked(ended, "b"),
    ], new AbortController().signal);
    await assert.rejects(group, failure);
    assert.deepEqual(ended, ["a", "b"]);
  },
);

Deno.test("of two failures the first one surfaces", { permissions: "none" }, async () => {
  const first = new Error("first");
  const group = runGroup([
    async (signal) => {
      await untilAborted(signal);
      throw new Error("while stopping");
    },
    () => Promise.reject(first),
  ], new AbortController().signal);
  await assert.rejects(group, first);
});

Deno.test(
  "an abort from outside ends the group without an error",
  { permissions: "none" },
  async () => {
    const ended: string[] = [];
    const stop = new AbortController();
    const group = runGroup([tracked(ended, "a"), tracked(ended, "b")], stop.signal);
    stop.abort(new Error("SIGTERM"));
    await group;
    assert.deepEqual(ended, ["a", "b"]);
  },
);

Deno.test(
  "a failure while stopping surfaces even after an abort",
  { permissions: "none" },
  async () => {
    const stop = new AbortController();
    const failure = new Error("cannot flush");
    const group = runGroup([async (signal) => {
      await untilAborted(signal);
      throw failure;
    }], stop.signal);
    stop.abort();
    await assert.rejects(group, failure);
  },
);

Deno.test(
  "a group under an aborted signal stops as soon as it starts",
  { permissions: "none" },
  async () => {
    const ended: string[] = [];
    await runGroup([tracked(ended, "a")], AbortSignal.abort());
    assert.deepEqual(ended, ["a"]);
  },
);

Deno.test(
  "a group that has ended leaves the signal outside alone",
  { permissions: "none" },
  async () => {
    const stop = new AbortController();
    await runGroup([() => Promise.resolve()], stop.signal);
    assert.equal(stop.signal.aborted, false);
  },
);
