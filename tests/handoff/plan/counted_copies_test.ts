import assert from "node:assert/strict";
import { countCopies } from "../../../src/handoff/plan/counted_copies.ts";
import type { Member } from "../../../src/member.ts";
import { a, b, c, ringOf } from "./members.ts";
import { inventory } from "./whereabouts_story.ts";

const G = "/metrics/job/backup";
const H = "/metrics/job/other";

/** By the short names of members, for a ring that gives all to `a`. */
function counted(held: Readonly<Record<string, Readonly<Record<string, number>>>>) {
  const names = new Map<string, Member>([["a", a], ["b", b], ["c", c]]);
  const inventories = new Map(
    [...names].filter(([name]) => name in held).map(([name, member]) =>
      [member, inventory(held[name])] as const
    ),
  );
  const ring = ringOf(a);
  const counting = countCopies(inventories, (key) => ring.ownerOf(key));
  for (;;) {
    const { done, value } = counting.next();
    if (!done) continue;
    const { outdone, underway } = value;
    const nameOf = (member: Member) => member.slice(0, 1);
    const shown = (groups: typeof outdone) =>
      Object.fromEntries(
        [...groups].map((
          [member, of],
        ) => [
          nameOf(member),
          Object.fromEntries([...of].map(([id, other]) => [id, nameOf(other)])),
        ]),
      );
    const owners = new Set([...underway.values()].flatMap((groups) => [...groups.values()]));
    assert.deepEqual(value.destinations, owners);
    return { outdone: shown(outdone), underway: shown(underway) };
  }
}

const STORIES: readonly [
  why: string,
  held: Parameters<typeof counted>[0],
  outdone: Readonly<Record<string, Readonly<Record<string, string>>>>,
  underway: Readonly<Record<string, Readonly<Record<string, string>>>>,
][] = [
  ["nothing is said of what lies on its owner", { a: { [G]: 1 }, b: {} }, {}, {}],
  ["what lies elsewhere may be moved", { a: {}, b: { [G]: 1 } }, {}, { b: { [G]: "a" } }],
  [
    "the owner's copy counts, be it older",
    { a: { [G]: 1 }, b: { [G]: 2 } },
    { b: { [G]: "a" } },
    {},
  ],
  [
    "the newest counts where the owner has none",
    { b: { [G]: 1 }, c: { [G]: 2 } },
    { b: { [G]: "c" } },
    { c: { [G]: "a" } },
  ],
  [
    "one that no push has reached well counts less",
    { a: { [G]: 0 }, b: { [G]: 1 } },
    { a: { [G]: "b" } },
    {},
  ],
  ["unless all are so", { a: { [G]: 0 }, b: { [G]: 0 } }, { b: { [G]: "a" } }, {}],
  [
    "each group for itself",
    { a: { [G]: 1 }, b: { [G]: 1, [H]: 1 }, c: { [H]: 2 } },
    { b: { [G]: "a", [H]: "c" } },
    { c: { [H]: "a" } },
  ],
];
for (const [why, held, outdone, underway] of STORIES) {
  Deno.test(`which copy counts: ${why}`, { permissions: "none" }, () => {
    assert.deepEqual(counted(held), { outdone, underway });
  });
}
