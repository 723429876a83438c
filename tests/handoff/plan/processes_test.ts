import assert from "node:assert/strict";
import { type Relation, relationIn } from "../../../src/handoff/plan/processes.ts";
import { consulPolicy, member, tell } from "../../membership/story.ts";

const BOTH = ["list a b", "a ok since 1"];
const RELATIONS: readonly [events: string[], relation: Relation, why: string][] = [
  [[...BOTH, "b ok since 2"], "distinct", "they started at different times"],
  [[...BOTH, "b ok since 1"], "same", "they started at the same time to the nanosecond"],
  [[...BOTH, "b ok"], "unknown", "one has not told when it started"],
  [["list a b", "a ok", "b ok"], "unknown", "neither has told"],
  [["list a", "a ok since 1"], "unknown", "nobody knows one of them"],
  [[...BOTH, "b ok since 2", "b refused"], "distinct", "one that has told does not answer now"],
  [[...BOTH, "b ok since 1", "b ok since 2"], "unknown", "both were one, and one has restarted"],
  [
    [...BOTH, "b ok since 1", "b ok since 2", "a ok since 1"],
    "unknown",
    "the other one has answered once since then, as it may have before",
  ],
  [
    [...BOTH, "b ok since 1", "b ok since 2", "a ok since 1", "a ok since 1"],
    "distinct",
    "the other one has not restarted",
  ],
  [
    [...BOTH, "b ok since 1", "b ok since 2", "a ok since 1", "a ok since 2"],
    "same",
    "the other one has restarted with it",
  ],
];
for (const [events, relation, why] of RELATIONS) {
  Deno.test(`whether two members are two processes is ${relation} where ${why}`, {
    permissions: "none",
  }, () => {
    const membership = tell(events, consulPolicy());
    assert.equal(relationIn(membership, member("a"), member("b")), relation);
    assert.equal(relationIn(membership, member("b"), member("a")), relation);
  });
}

Deno.test("a member is the same process as itself, whatever is known", {
  permissions: "none",
}, () => {
  assert.equal(relationIn(tell([], consulPolicy()), member("a"), member("a")), "same");
});
