import assert from "node:assert/strict";
import { inPool } from "../../tools/pool.ts";
import { isPending } from "../concurrency/settled.ts";

const never = new AbortController().signal;
const rest = () => isPending(Promise.resolve());

Deno.test("all items are worked on, only so many at once", { permissions: "none" }, async () => {
  const done: number[] = [];
  let [present, most] = [0, 0];
  await inPool([1, 2, 3, 4, 5, 6, 7], { size: 3, signal: never }, async (item) => {
    most = Math.max(most, ++present);
    await rest();
    done.push(item);
    present--;
  });
  assert.deepEqual(done.toSorted(), [1, 2, 3, 4, 5, 6, 7]);
  assert.equal(most, 3);
});

Deno.test("without items nothing happens", { permissions: "none" }, async () => {
  await inPool([], { size: 3, signal: never }, () => Promise.reject(new Error("called")));
});

Deno.test("a failure is thrown when all that began has ended, and nothing begins after it", {
  permissions: "none",
}, async () => {
  const [begun, ended]: number[][] = [[], []];
  const work = async (item: number) => {
    begun.push(item);
    if (item === 1) throw new Error("refused");
    await rest();
    ended.push(item);
  };
  await assert.rejects(inPool([1, 2, 3, 4, 5], { size: 2, signal: never }, work), /refused/);
  assert.deepEqual(ended, begun.filter((item) => item !== 1));
  assert(begun.length < 5);
});

Deno.test("after an abort nothing begins, and its reason is thrown", {
  permissions: "none",
}, async () => {
  const stop = new AbortController();
  const begun: number[] = [];
  const work = async (item: number) => {
    begun.push(item);
    if (item === 2) stop.abort(new Error("enough"));
    await rest();
  };
  const running = inPool([1, 2, 3, 4, 5, 6], { size: 2, signal: stop.signal }, work);
  await assert.rejects(running, /enough/);
  assert.deepEqual(begun, [1, 2]);
});
