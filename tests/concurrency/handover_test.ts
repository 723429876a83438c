import assert from "node:assert/strict";
import { createHandover } from "../../src/concurrency/handover.ts";
import { isPending } from "./settled.ts";

const permissions = "none";
const thing = (name: string) => ({ name });

Deno.test("who gives waits until the next thing is asked for", { permissions }, async () => {
  const { give, take } = createHandover();
  const [first, second] = [thing("first"), thing("second")];
  const giving = give(first);
  assert.equal(await take(), first);
  assert.equal(await isPending(giving), true, "it may be in use still");
  const taking = take();
  await giving;
  assert.equal(await isPending(taking), true);
  void give(second);
  assert.equal(await taking, second);
});

Deno.test("what was given before the end is taken before it", { permissions }, async () => {
  const { give, take, end } = createHandover();
  const last = thing("last");
  const giving = give(last);
  end();
  assert.equal(await take(), last);
  assert.equal(await take(), undefined);
  await giving;
  assert.equal(await take(), undefined);
});

Deno.test("a taker that waits is told of the end", { permissions }, async () => {
  const { take, end } = createHandover();
  const taking = take();
  end();
  assert.equal(await taking, undefined);
});

for (const side of ["offered", "lent", "awaited"] as const) {
  Deno.test(`a failure ends both sides while a thing is ${side}`, { permissions }, async () => {
    const { give, take, fail } = createHandover();
    const waits: Promise<unknown>[] = [];
    if (side !== "awaited") waits.push(give(thing("it")));
    if (side === "lent") await take();
    if (side === "awaited") waits.push(take());
    fail(new Error("gone"));
    fail(new Error("later"));
    for (const wait of [...waits, take(), give(thing("more"))]) {
      await assert.rejects(wait, /^Error: gone$/);
    }
  });
}
