import assert from "node:assert/strict";
import { createFlow } from "../../../../src/handoff/settle/many/flow.ts";

const never = new AbortController().signal;

/** A flow by a clock of its own, and writes that take so long. */
function flowBy() {
  let now = 0;
  const flow = createFlow(() => now);
  return {
    flow,
    write: (ms: number) => flow.run(() => Promise.resolve(now += ms), never),
  };
}

Deno.test("a member that answers soon is written to more and more at once, up to sixteen", {
  permissions: "none",
}, async () => {
  const { flow, write } = flowBy();
  const before = flow.width;
  for (let i = 0; i < 50; i++) await write(1);
  assert(flow.width > before);
  for (let i = 0; i < 500; i++) await write(1);
  assert.equal(flow.width, 16);
});

Deno.test("a member that answers late is written to less and less at once, down to one", {
  permissions: "none",
}, async () => {
  const { flow, write } = flowBy();
  for (let i = 0; i < 500; i++) await write(1);
  for (let i = 0; i < 50; i++) await write(100);
  assert.equal(flow.width, 1);
  for (let i = 0; i < 50; i++) await write(1);
  assert(flow.width > 1, "it may have been for a moment");
});

Deno.test("those that were sent before a late answer came tell nothing more", {
  permissions: "none",
}, async () => {
  let now = 0;
  const flow = createFlow(() => now);
  const answers = Array.from({ length: 4 }, () => Promise.withResolvers<void>());
  const writes = answers.map(({ promise }) => flow.run(() => promise, never));
  await Promise.resolve();
  now = 100;
  for (const { resolve } of answers) resolve();
  await Promise.all(writes);
  assert.equal(flow.width, 2, "a third less, once");
});

Deno.test("no more are on their way at once than that, and one that fails makes room", {
  permissions: "none",
}, async () => {
  const flow = createFlow(() => 0);
  let [present, most] = [0, 0];
  const outcomes = await Promise.allSettled(
    Array.from({ length: 20 }, (_, i) =>
      flow.run(async () => {
        most = Math.max(most, ++present);
        await new Promise((resolve) => setTimeout(resolve));
        present--;
        if (i % 2 === 0) throw new Error("refused");
      }, never)),
  );
  assert.equal(outcomes.filter(({ status }) => status === "rejected").length, 10);
  assert(most <= 16 && most >= 4, `${most} at once`);
});
