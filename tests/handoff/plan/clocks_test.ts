import assert from "node:assert/strict";
import { createClocks } from "../../../src/handoff/plan/clocks.ts";
import { parseMember } from "../../../src/member.ts";

const [a, b] = ["a:1", "b:1"].map((text) => parseMember(text));

Deno.test("each answer tells a member's clock better, and nothing of another's", {
  permissions: "none",
}, () => {
  const clocks = createClocks();
  assert.deepEqual(clocks.narrow(a, { min: 1, max: 2 }), { min: 1, max: 2 });
  assert.deepEqual(clocks.narrow(a, { min: 1.5, max: 2.5 }), { min: 1.5, max: 2 });
  assert.deepEqual(clocks.narrow(b, { min: 7, max: 8 }), { min: 7, max: 8 });
  assert.deepEqual(clocks.narrow(a, { min: 0, max: 9 }), { min: 1.5, max: 2 });
  assert.deepEqual(clocks.narrow(a, { min: -Infinity, max: Infinity }), { min: 1.5, max: 2 });
});

Deno.test("a clock that was set is learnt anew", { permissions: "none" }, () => {
  const clocks = createClocks();
  clocks.narrow(a, { min: 1, max: 2 });
  assert.deepEqual(clocks.narrow(a, { min: 60, max: 61 }), { min: 60, max: 61 });
  assert.deepEqual(clocks.narrow(a, { min: 60.5, max: 61.5 }), { min: 60.5, max: 61 });
});

Deno.test("of a member that is gone no clock is known", { permissions: "none" }, () => {
  const clocks = createClocks();
  clocks.narrow(a, { min: 1, max: 2 });
  clocks.narrow(b, { min: 1, max: 2 });
  clocks.forget(a);
  assert.deepEqual(clocks.narrow(a, { min: 0, max: 9 }), { min: 0, max: 9 });
  assert.deepEqual(clocks.narrow(b, { min: 0, max: 9 }), { min: 1, max: 2 });
});
