import assert from "node:assert/strict";
import { type Group, TOTAL } from "./groups.ts";
import type { Acknowledged } from "./ledger.ts";
import { type Evidence, judge } from "./oracle.ts";

const post: Group = { kind: "post", path: "/metrics/job/a" };
const put: Group = { kind: "put", path: "/metrics/job/b" };

function push(group: Group, family: string, value = 1): Acknowledged {
  return { group, family, value, instance: "instance 0", sentUnixMs: 0, answeredUnixMs: 1 };
}

/** What is wrong, in short, where group `a` lies on m and its owner is m, but for what is told. */
function wrong(evidence: Partial<Evidence>) {
  const { lost, twice, astray } = judge({
    acknowledged: [],
    held: new Map(),
    owners: new Map(),
    ...evidence,
  });
  return {
    lost: lost.map(({ family, value, found }) => [family, value, found]),
    twice: twice.map(({ members, families }) => [members, families]),
    astray: astray.map(({ members, owners }) => [members, owners]),
  };
}

const copy = (member: string, families: Record<string, number>) => ({
  member,
  families: new Map(Object.entries(families)),
});
const NOTHING = { lost: [], twice: [], astray: [] };

Deno.test("what is there once, on its owner, is right", { permissions: "none" }, () => {
  const found = wrong({
    acknowledged: [push(post, "f_1"), push(post, "f_2"), push(put, TOTAL, 3), push(put, TOTAL, 4)],
    held: new Map([
      [post.path, [copy("m", { f_1: 1, f_2: 1 })]],
      [put.path, [copy("n", { [TOTAL]: 5 })]], // the push of 5 was not answered, and came all the same
    ]),
    owners: new Map([[post.path, ["m", "m"]], [put.path, ["n", "n"]]]),
  });
  assert.deepEqual(found, NOTHING);
});

Deno.test("a family that no member has is lost", { permissions: "none" }, () => {
  const found = wrong({
    acknowledged: [push(post, "f_1"), push(post, "f_2")],
    held: new Map([[post.path, [copy("m", { f_2: 1 })]]]),
  });
  assert.deepEqual(found, { ...NOTHING, lost: [["f_1", 1, undefined]] });
});

Deno.test("of a total the last value has to be there", { permissions: "none" }, () => {
  const found = wrong({
    acknowledged: [push(put, TOTAL, 3), push(put, TOTAL, 4)],
    held: new Map([[put.path, [copy("m", { [TOTAL]: 3 })]]]),
  });
  assert.deepEqual(found, { ...NOTHING, lost: [[TOTAL, 4, 3]] });
});

Deno.test("a group on two members is there twice, and nothing of it is lost", {
  permissions: "none",
}, () => {
  const found = wrong({
    acknowledged: [push(post, "f_1"), push(post, "f_2"), push(post, "f_3")],
    held: new Map([[post.path, [copy("m", { f_1: 1, f_2: 1 }), copy("n", { f_2: 1, f_3: 1 })]]]),
  });
  assert.deepEqual(found, { ...NOTHING, twice: [[["m", "n"], ["f_2"]]] });
});

Deno.test("a group that is not where both instances say is astray", { permissions: "none" }, () => {
  const held = new Map([[post.path, [copy("m", {})]]]);
  for (const owners of [["n", "n"], ["m", "n"]]) {
    const found = wrong({ held, owners: new Map([[post.path, owners]]) });
    assert.deepEqual(found, { ...NOTHING, astray: [[["m"], owners]] });
  }
});
