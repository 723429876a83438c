import assert from "node:assert/strict";
import { type PagePart, shownSamples } from "../../../src/http/api/shown_samples.ts";
import type { Shown } from "../../../src/pushgateway/pages/merge_families.ts";
import { a, b, c } from "../../handoff/plan/members.ts";

/** Of `OUTDONE` and `PLAIN` the owner is `a`; `COMES` goes from `b` to `a`, and `GOES` from `a` to `b`. */
const [PLAIN, OUTDONE, COMES, GOES, NEW] = ["plain", "outdone", "comes", "goes", "new"];
const HELD = new Map([
  [a, [PLAIN, OUTDONE, GOES]],
  [b, [OUTDONE, COMES]],
  [c, []],
]);
const known = {
  counted: {
    outdone: new Map([[b, new Map([[OUTDONE, a]])]]),
    underway: new Map([[b, new Map([[COMES, a]])], [a, new Map([[GOES, b]])]]),
    destinations: new Set([a, b]),
  },
  isOn: (member: typeof a, id: string) => HELD.get(member)?.includes(id) ?? false,
  members: [a, b, c],
};

const SHOWN: readonly [
  why: string,
  member: typeof a,
  part: PagePart,
  group: string,
  shown: Shown,
][] = [
  ["what lies on its owner", a, "whole", PLAIN, "always"],
  ["the owner's copy of two", a, "whole", OUTDONE, "always"],
  ["the other copy of two", b, "whole", OUTDONE, "never"],
  ["what may be moved, where it was seen", b, "whole", COMES, "last"],
  ["what may be moved, where it goes to", a, "whole", COMES, "once"],
  ["what may be moved, elsewhere", c, "whole", COMES, "never"],
  ["what has come where it does not belong", c, "whole", PLAIN, "never"],
  ["what nobody has seen before", c, "whole", NEW, "once"],
  ["what leaves, on the earlier page", a, "leaving", GOES, "last"],
  ["what does not leave, on the earlier page", a, "leaving", PLAIN, "never"],
  ["what comes, on the earlier page", a, "leaving", COMES, "never"],
  ["what nobody has seen before, on the earlier page", a, "leaving", NEW, "never"],
  ["what leaves, on the later page", a, "rest", GOES, "never"],
  ["what comes, on the later page", a, "rest", COMES, "once"],
  ["what does not leave, on the later page", a, "rest", PLAIN, "always"],
];
for (const [why, member, part, group, shown] of SHOWN) {
  Deno.test(`${why} is shown ${shown}`, { permissions: "none" }, () => {
    const find = (_: unknown, isKnown: (id: string) => boolean) =>
      isKnown(group) ? group : undefined;
    assert.equal(shownSamples({ member, part, find }, known)([]), shown);
  });
}
