import assert from "node:assert/strict";
import { createMoveMemory } from "../../../../src/handoff/settle/many/memory.ts";

Deno.test("moves that run at once never take more together than there is, and leave some", {
  permissions: "none",
}, () => {
  const memory = createMoveMemory(() => 120);
  using first = memory.share();
  using second = memory.share();
  using third = memory.share();
  const all = [first, second, third].map(({ jsonBytesMax }) => jsonBytesMax);
  assert(all[0] > all[1] && all[1] > all[2] && all[2] > 0);
  assert(6 * all.reduce((sum, bytes) => sum + bytes) < 120, "JSON takes six times its bytes");
});

Deno.test("what a move has given back the next one has", { permissions: "none" }, () => {
  let bytesMax = 120;
  const memory = createMoveMemory(() => bytesMax);
  const first = memory.share();
  const before = first.jsonBytesMax;
  first[Symbol.dispose]();
  assert.equal(memory.share().jsonBytesMax, before);
  bytesMax = 10;
  assert.equal(memory.share().jsonBytesMax, 0, "a limit that was lowered meanwhile holds at once");
});
