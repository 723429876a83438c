import assert from "node:assert/strict";
import { createToldRings, type Word } from "../../../src/handoff/plan/told_rings.ts";
import { A, B, C } from "./rings_story.ts";

const word = (
  ring: Word["ring"],
  known: Word["known"] = [ring],
  seen: Word["seen"] = [],
): Word => ({
  ring,
  since: 1,
  known,
  seen,
});

Deno.test("before its first word an instance remembers nothing", { permissions: "none" }, () => {
  const told = createToldRings();
  assert.deepEqual([told.last, told.rings, told.remembers(0), told.remembers(1)], [
    0,
    [],
    false,
    false,
  ]);
});

Deno.test("a word is told once, and anew after another one", { permissions: "none" }, () => {
  const told = createToldRings();
  const versions = [word(A), word(A), word(A, [A, B]), word(A, [B, A]), word(A, [A, B], [B.hash])]
    .map((word) => told.tell(word).version);
  assert.deepEqual(versions, [1, 1, 2, 2, 3]);
  assert.deepEqual(told.tell(word(B)), { version: 4, from: 4 });
  assert.deepEqual(told.tell(word(A)), { version: 5, from: 5 });
  assert.deepEqual(told.tell(word(A, [A, C])), { version: 6, from: 5 });
  assert.deepEqual(told.tell({ ...word(A, [A, C]), since: 2 }), { version: 7, from: 7 });
});

Deno.test("what all others have heard is forgotten, but the last word", {
  permissions: "none",
}, () => {
  const told = createToldRings();
  for (const ring of [A, B, C]) told.tell(word(ring));
  assert.deepEqual([told.rings, told.remembers(1)], [[A, B, C], true]);
  told.heard(2);
  assert.deepEqual([told.rings, told.remembers(1), told.remembers(2)], [[B, C], false, true]);
  told.heard(1);
  assert.deepEqual(told.rings, [B, C], "somebody is behind the others again");
  told.heard(Infinity);
  assert.deepEqual([told.rings, told.last, told.tell(word(C))], [[C], 3, { version: 3, from: 3 }]);
});

Deno.test("of very many words that nobody hears the oldest are given up", {
  permissions: "none",
}, () => {
  const told = createToldRings();
  for (let i = 0; i < 500; i++) told.tell(word(i % 2 === 0 ? A : B));
  assert.deepEqual([told.remembers(1), told.remembers(500), told.last], [false, true, 500]);
  assert(told.rings.length < 50, `${told.rings.length} rings`);
});
