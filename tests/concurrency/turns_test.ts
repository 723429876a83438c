import assert from "node:assert/strict";
import { isPending } from "./settled.ts";
import { createTurns } from "../../src/concurrency/turns.ts";

const never = new AbortController().signal;

Deno.test("turns go to those who came first, one at a time", { permissions: "none" }, async () => {
  const turns = createTurns();
  const order: number[] = [];
  let holders = 0;
  await Promise.all([1, 2, 3, 4].map(async (n) => {
    using _turn = await turns.take("a", never);
    assert.equal(++holders, 1);
    await Promise.resolve();
    order.push(n);
    holders--;
  }));
  assert.deepEqual(order, [1, 2, 3, 4]);
});

Deno.test(
  "turns of different names do not wait for each other",
  { permissions: "none" },
  async () => {
    const turns = createTurns();
    using _a = await turns.take("a", never);
    using _b = await turns.take("b", never);
    assert.equal(turns.tryTake("a"), undefined);
  },
);

Deno.test("who gives up its wait is passed over, and gets the signal's reason", {
  permissions: "none",
}, async () => {
  const turns = createTurns();
  const stop = new AbortController();
  const first = await turns.take("a", never);
  const second = turns.take("a", stop.signal);
  const third = turns.take("a", never);
  const reason = new Error("enough");
  stop.abort(reason);
  await assert.rejects(second, reason);
  first[Symbol.dispose]();
  (await third)[Symbol.dispose]();
  using again = turns.tryTake("a");
  assert(again, "nobody has it any more");
  await assert.rejects(turns.take("a", stop.signal), reason);
});

Deno.test("as many have a turn at once as may, and the next one comes with each that ends", {
  permissions: "none",
}, async () => {
  const turns = createTurns({ atOnce: () => 2 });
  const first = await turns.take("a", never);
  using _second = await turns.take("a", never);
  assert.equal(turns.tryTake("a"), undefined);
  const third = turns.take("a", never);
  first[Symbol.dispose]();
  using _third = await third;
  assert.equal(turns.tryTake("a"), undefined);
  using _other = turns.tryTake("b");
  assert.deepEqual(turns.counts(), new Map([["a", 2], ["b", 1]]));
});

Deno.test("how many may have a turn at once can change: the next that ends lets in as many", {
  permissions: "none",
}, async () => {
  let atOnce = 1;
  const turns = createTurns({ atOnce: () => atOnce });
  const first = await turns.take("a", never);
  const waiting = [1, 2, 3].map(() => turns.take("a", never));
  atOnce = 2;
  first[Symbol.dispose]();
  const [second, third] = [await waiting[0], await waiting[1]];
  atOnce = 1;
  second[Symbol.dispose]();
  assert.equal(await isPending(waiting[2]), true);
  third[Symbol.dispose]();
  (await waiting[2])[Symbol.dispose]();
  assert.deepEqual(turns.counts(), new Map());
});
