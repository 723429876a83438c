import assert from "node:assert/strict";
import { untilAborted } from "../../src/concurrency/abort.ts";
import type { Task } from "../../src/concurrency/run_group.ts";
import { runStages } from "../../src/concurrency/run_stages.ts";

const permissions = "none";
const never = new AbortController().signal;

/** Tasks that write down what becomes of them. */
function recorder() {
  const events: string[] = [];
  /** Runs until stopped, then takes a turn of the event loop to end. */
  const task = (name: string): Task => async (signal) => {
    events.push(`${name} begins`);
    await untilAborted(signal);
    events.push(`${name} stops`);
    await new Promise((resolve) => setTimeout(resolve));
    events.push(`${name} ends`);
  };
  return { events, task };
}

const ALL_BEGIN = ["a begins", "b begins", "c begins"];
const IN_THEIR_ORDER = [
  ...["a stops", "a ends"],
  ...["b stops", "b ends"],
  ...["c stops", "c ends"],
];

Deno.test("all stages run together, and each is stopped when the one before it has ended", {
  permissions,
}, async () => {
  const { events, task } = recorder();
  const stop = new AbortController();
  const run = runStages([task("a"), task("b"), task("c")], stop.signal);
  assert.deepEqual(events, ALL_BEGIN);
  stop.abort(new Error("SIGTERM"));
  await run;
  assert.deepEqual(events, [...ALL_BEGIN, ...IN_THEIR_ORDER]);
});

Deno.test("a stage in the middle that ends stops the others in their order", {
  permissions,
}, async () => {
  const { events, task } = recorder();
  await runStages([task("a"), () => Promise.resolve(), task("c")], never);
  const [a, c] = [IN_THEIR_ORDER.slice(0, 2), IN_THEIR_ORDER.slice(4)];
  assert.deepEqual(events, ["a begins", "c begins", ...a, ...c]);
});

Deno.test("a stage that fails stops the others in their order, and its error surfaces", {
  permissions,
}, async () => {
  const { events, task } = recorder();
  const failure = new Error("disk full");
  const run = runStages([task("a"), task("b"), task("c"), () => Promise.reject(failure)], never);
  await assert.rejects(run, failure);
  assert.deepEqual(events, [...ALL_BEGIN, ...IN_THEIR_ORDER]);
});

Deno.test("of two failures the first one surfaces, and one while stopping does too", {
  permissions,
}, async () => {
  const [first, late] = [new Error("first"), new Error("while stopping")];
  const failsLate: Task = async (signal) => {
    await untilAborted(signal);
    throw late;
  };
  await assert.rejects(runStages([failsLate, () => Promise.reject(first)], never), first);
  const { events, task } = recorder();
  await assert.rejects(runStages([failsLate, task("b")], AbortSignal.abort()), late);
  assert.deepEqual(events, ["b begins", "b stops", "b ends"], "the stage after it ended well");
});

Deno.test("under an aborted signal each stage is stopped as soon as it begins", {
  permissions,
}, async () => {
  const { events, task } = recorder();
  await runStages([task("a"), task("b")], AbortSignal.abort());
  assert.deepEqual(events.filter((event) => event.endsWith("ends")), ["a ends", "b ends"]);
});

Deno.test("a stage that throws before it first waits stops the others too", {
  permissions,
}, async () => {
  const { events, task } = recorder();
  const failure = new Error("no such table");
  const throws = () => {
    throw failure;
  };
  await assert.rejects(runStages([task("a"), throws], new AbortController().signal), failure);
  assert.deepEqual(events, ["a begins", "a stops", "a ends"]);
});
