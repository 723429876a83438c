import assert from "node:assert/strict";
import { inBatches } from "../../src/concurrency/batches.ts";
import { isPending } from "./settled.ts";

const never = new AbortController().signal;
const numbers = (count: number) => Array.from({ length: count }, (_, i) => i);
const rest = () => isPending(Promise.resolve());

/** Works through many items where a batch takes so long, and tells how large the batches were. */
async function batchSizes(
  count: number,
  tookMs: (size: number) => number,
): Promise<{ readonly sizes: number[]; readonly done: number[] }> {
  const sizes: number[] = [];
  const done: number[] = [];
  let [clock, size] = [0, 0];
  const now = () => {
    if (size > 0) sizes.push(size);
    clock += tookMs(size);
    size = 0;
    return clock;
  };
  await inBatches(numbers(count), { signal: never, now }, (item) => {
    size++;
    done.push(item);
    return Promise.resolve();
  });
  return { sizes, done };
}

Deno.test("where a larger batch takes no longer, batches grow up to a limit", {
  permissions: "none",
}, async () => {
  const { sizes, done } = await batchSizes(2_000, (size) => size === 0 ? 0 : 3_000);
  assert.deepEqual(sizes, [8, 32, 128, 512, 512, 512, 296]);
  assert.deepEqual(done, numbers(2_000));
});

Deno.test("where each item takes its time, batches stay small", {
  permissions: "none",
}, async () => {
  const { sizes } = await batchSizes(200, (size) => 1_000 + 250 * size);
  assert.equal(sizes[0], 8);
  assert(Math.max(...sizes) <= 32, `${sizes}`);
  // Three times as long as the first, of 3,000 ms, would be 32 of them.
  assert(sizes.every((size) => 1_000 + 250 * size <= 9_000), `${sizes}`);
});

Deno.test("where items become slower, batches shrink", { permissions: "none" }, async () => {
  let slow = 1;
  const { sizes } = await batchSizes(430, (size) => size === 0 ? 0 : 600 + (slow *= 2) * size);
  assert(Math.max(...sizes) > 8, `${sizes}`);
  assert.equal(sizes.at(-1), 1);
});

Deno.test("a failure is thrown when its batch has ended, and no further one begins", {
  permissions: "none",
}, async () => {
  const ended: number[] = [];
  const work = async (item: number) => {
    if (item === 1) throw new Error("refused");
    await rest();
    ended.push(item);
  };
  await assert.rejects(inBatches(numbers(100), { signal: never }, work), /refused/);
  assert.deepEqual(ended, [0, 2, 3, 4, 5, 6, 7]);
});

Deno.test("after an abort no batch begins, and its reason is thrown", {
  permissions: "none",
}, async () => {
  const stop = new AbortController();
  const begun: number[] = [];
  const work = async (item: number) => {
    begun.push(item);
    if (item === 2) stop.abort(new Error("enough"));
    await rest();
  };
  await assert.rejects(inBatches(numbers(100), { signal: stop.signal }, work), /enough/);
  assert.deepEqual(begun, numbers(8));
});
