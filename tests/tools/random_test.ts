import assert from "node:assert/strict";
import { createRandom } from "../../tools/random.ts";

Deno.test("a seed gives mulberry32's numbers", { permissions: "none" }, () => {
  const { next } = createRandom(1);
  assert.deepEqual([next(), next()], [0.6270739405881613, 0.002735721180215478]);
});

Deno.test("a shuffled list has the same things in it", { permissions: "none" }, () => {
  const list = Array.from({ length: 20 }, (_, i) => i);
  const shuffled = createRandom(7).shuffle(list);
  assert.notDeepEqual(shuffled, list);
  assert.deepEqual(shuffled.sort((a, b) => a - b), list);
});
