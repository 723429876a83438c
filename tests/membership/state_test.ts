import assert from "node:assert/strict";
import { UNKNOWN_MEMBERSHIP } from "../../src/membership/membership.ts";
import { nextMembership, withoutSource } from "../../src/membership/state.ts";
import { consulPolicy, event, ring, states, tell, THREE_ACTIVE } from "./story.ts";

const CONSUL = consulPolicy();

const LOOK_UPS: readonly [events: string[], known: boolean, discovery: string, why: string][] = [
  [[], false, "pending", "before the first look-up"],
  [["look-up fails"], false, "failed", "after a first look-up that failed"],
  [["list"], true, "up", "after an empty answer"],
  [["list a", "look-up fails"], true, "failed", "after a failure behind an answer"],
  [["list a", "look-up fails", "list a"], true, "up", "after an answer behind a failure"],
  [["list a", "look-up fails", "a ok"], true, "failed", "after a probe behind a failure"],
];
for (const [events, known, discovery, why] of LOOK_UPS) {
  Deno.test(`${why} discovery is ${discovery}`, { permissions: "none" }, () => {
    const membership = tell(events, CONSUL);
    assert.deepEqual([membership.known, membership.discovery], [known, discovery]);
  });
}

const DISTRUST: readonly [events: string[], distrusted: boolean][] = [
  [[...THREE_ACTIVE, "a refused"], false],
  [[...THREE_ACTIVE, "a refused", "b refused"], true],
  [[...THREE_ACTIVE, "a refused", "b refused", "b ok"], false],
  [[...THREE_ACTIVE, "a refused", "b refused", "list c"], false],
];
for (const [events, distrusted] of DISTRUST) {
  const story = events.slice(THREE_ACTIVE.length).join(", ");
  Deno.test(
    `after ${story} probes are ${distrusted ? "distrusted" : "believed"}`,
    { permissions: "none" },
    () => assert.equal(tell(events, CONSUL).probesDistrusted, distrusted),
  );
}

const NO_NEWS: readonly [events: string[], probe: string, why: string][] = [
  [["list a", "a ok"], "a ok", "that a member which answers still does"],
  [["list a b c", "a fails", "a fails"], "a fails", "that a condemned member still fails"],
  [["list a", "a refused", "a refused"], "a refused", "that a condemned member still refuses"],
  [["list a"], "x refused", "something of a member that nobody knows"],
];
for (const [events, probe, why] of NO_NEWS) {
  Deno.test(
    `a probe that says ${why} gives the very same membership`,
    { permissions: "none" },
    () => {
      const membership = tell(events, CONSUL);
      assert.equal(nextMembership(membership, event(probe), CONSUL), membership);
    },
  );
}

Deno.test("no event alters the membership that it is given", { permissions: "none" }, () => {
  const before = tell(THREE_ACTIVE, CONSUL);
  const copy = structuredClone(before);
  for (const text of ["a refused", "list a! x", "list", "look-up fails"]) {
    assert.notEqual(nextMembership(before, event(text), CONSUL), before);
    assert.deepEqual(before, copy, text);
  }
});

Deno.test(
  "another discovery begins with the ring and nothing else",
  { permissions: "none" },
  () => {
    const begun = withoutSource(tell(THREE_ACTIVE, CONSUL));
    assert.equal(states(begun), "");
    assert.equal(ring(begun), "kept: a b c");
    assert.deepEqual([begun.known, begun.discovery], [false, "pending"]);
    assert.equal(
      ring(tell(["list a x", "a ok"], CONSUL, begun)),
      "kept: a b c",
      "x has no verdict",
    );
    assert.equal(ring(tell(["list a x", "a ok", "x ok"], CONSUL, begun)), "active: a x");
    assert.deepEqual(withoutSource(UNKNOWN_MEMBERSHIP), UNKNOWN_MEMBERSHIP);
  },
);
