import assert from "node:assert/strict";
import { createBodyMemory } from "../../../src/http/push/body_memory.ts";

Deno.test("bodies have so much memory together, and give it back once", {
  permissions: "none",
}, () => {
  let bytesMax = 10;
  const memory = createBodyMemory(() => bytesMax);
  const [one, other] = [memory.open(), memory.open()];
  assert.deepEqual([one.grow(4), other.grow(4), one.grow(2), other.grow(1)], [
    true,
    true,
    true,
    false,
  ]);
  assert.equal(memory.taken, 10);
  one[Symbol.dispose]();
  one[Symbol.dispose]();
  assert.deepEqual([one.grow(1), other.grow(6), other.grow(1)], [false, true, false]);
  bytesMax = 20;
  assert.equal(other.grow(10), true);
  other[Symbol.dispose]();
  assert.equal(memory.taken, 0);
});
