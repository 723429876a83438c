import assert from "node:assert/strict";
import type { Announcement } from "../../../src/handoff/plan/announced_ring.ts";
import { heardByAll, leading } from "../../../src/handoff/plan/heard.ts";
import { b, c } from "./members.ts";
import { A, announces, B, C, NONE, OWN_ID } from "./rings_story.ts";

const OWN = announces(A, 5, { own: true });

const HEARD: readonly [all: Announcement[], version: number | undefined, why: string][] = [
  [[OWN], Infinity, "all, where there is nobody else"],
  [[OWN, announces(B, 1, { heard: { [OWN_ID]: 4 } })], 4, "what the other one tells"],
  [
    [
      announces(C, 2, { heard: { [OWN_ID]: 7 } }),
      announces(B, 1, { heard: { [OWN_ID]: 4 } }),
      OWN,
    ],
    4,
    "what the slowest one tells",
  ],
  [
    [OWN, announces(B, 1, { heard: { [`${c}`]: 4 } })],
    undefined,
    "nothing, where one does not know us",
  ],
  [
    [announces(C, 2, { heard: { [OWN_ID]: 7 } }), announces(B, 1, { heard: {}, lost: true })],
    7,
    "what those tell that are not lost",
  ],
];
for (const [all, version, why] of HEARD) {
  Deno.test(`all others have heard ${why}`, { permissions: "none" }, () => {
    assert.equal(heardByAll(OWN_ID, all), version);
  });
}

const LEADING: readonly [all: Announcement[], leader: unknown, isHeard: unknown, why: string][] = [
  [[], undefined, undefined, "none where nobody has announced any"],
  [[OWN], A, true, "ours, where we are alone"],
  [[announces(B, 1, { lost: true })], undefined, undefined, "none of an instance that is lost"],
  [[announces(NONE, 0), OWN], A, true, "none without members"],
  [
    [OWN, announces(B, 1, { heard: { [OWN_ID]: 1 } })],
    B,
    true,
    "the first; we have heard what we read",
  ],
  [
    [OWN, announces(B, 9, { heard: {} })],
    B,
    true,
    "a later one, where another has not heard of the first",
  ],
  [
    [
      announces(B, 2, { heard: { [`${c}`]: 0 } }),
      announces(C, 1, { heard: { [`${b}`]: 0 } }),
    ],
    C,
    false,
    "the first, where some have heard of none",
  ],
];
for (const [all, leader, isHeard, why] of LEADING) {
  Deno.test(`the ring that contested groups go by is ${why}`, { permissions: "none" }, () => {
    const found = leading(all);
    assert.deepEqual([found?.announcement.ring, found?.isHeard], [leader, isHeard]);
  });
}

Deno.test("a word with more in it is no new ring", { permissions: "none" }, () => {
  const other = announces(B, 9, { heard: { [OWN_ID]: 3 } });
  const said = (version: number, from: number) => leading([{ ...OWN, version, from }, other]);
  assert.equal(said(8, 3)?.announcement.ring, A);
  assert.equal(said(8, 4)?.announcement.ring, B);
});
