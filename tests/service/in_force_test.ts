import assert from "node:assert/strict";
import { areInForce, changeToListed } from "../../src/service/in_force.ts";
import { HashRing } from "../../src/ring/hash_ring.ts";
import { member, STATIC_POLICY, tell, withHandoff } from "../membership/story.ts";

const permissions = "none";
const policy = withHandoff(STATIC_POLICY);

/** Whether a change of the file is in force after some events, by the ring that these lead to. */
function isInForce(
  events: readonly string[],
  { added = [], removed = [], ring }: {
    added?: string[];
    removed?: string[];
    /** Another ring than that, as one that has not been published yet. */
    ring?: string[];
  },
): boolean {
  const membership = tell(events, policy);
  const weights = ring ? new Map(ring.map((name) => [member(name), 1])) : membership.ring;
  const members = (names: string[]) => names.map((name) => member(name));
  return areInForce({ membership, ring: HashRing.of(weights) }, {
    added: members(added),
    removed: members(removed),
  });
}

const A_SERVES = ["list a", "a ok", "a admitted"];
const B_JOINS = [...A_SERVES, "list a b"];

type Case = readonly [
  what: string,
  events: readonly string[],
  change: Parameters<typeof isInForce>[1],
];
const IN_FORCE: readonly Case[] = [
  ["nothing has changed", A_SERVES, {}],
  ["the new member is in the ring", [...B_JOINS, "b ok", "b admitted"], { added: ["b"] }],
  ["the new member does not answer", [...B_JOINS, "b refused"], { added: ["b"] }],
  ["the new member is to be out of the ring", [...B_JOINS, "mark b"], { added: ["b"] }],
  [
    "the new member is the same Pushgateway as one that serves",
    [...A_SERVES, "a ok since 5", "list a b", "b ok since 5"],
    { added: ["b"] },
  ],
  ["the former member is out of the ring", A_SERVES, { removed: ["b"] }],
];
for (const [what, events, change] of IN_FORCE) {
  Deno.test(`a change is in force where ${what}`, { permissions }, () => {
    assert.equal(isInForce(events, change), true);
  });
}

const NOT_YET: readonly Case[] = [
  ["the new member is not known", A_SERVES, { added: ["b"] }],
  ["the new member has not been probed", B_JOINS, { added: ["b"] }],
  ["the new member has not been swept", [...B_JOINS, "b ok"], { added: ["b"] }],
  [
    "the ring with the new member is not published",
    [...B_JOINS, "b ok", "b admitted"],
    { added: ["b"], ring: ["a"] },
  ],
  ["the former member is in the ring", A_SERVES, { removed: ["b"], ring: ["a", "b"] }],
  [
    "one of two has come in",
    [...A_SERVES, "list a b c", "b ok", "b admitted"],
    { added: ["b", "c"] },
  ],
];
for (const [what, events, change] of NOT_YET) {
  Deno.test(`a change is not in force yet where ${what}`, { permissions }, () => {
    assert.equal(isInForce(events, change), false);
  });
}

Deno.test(
  "the change to what is listed is who was not listed before, and who is in the ring and is not",
  {
    permissions,
  },
  () => {
    const events = [...A_SERVES, "list a b", "b ok", "b admitted", "list b c"];
    const [a, b, c] = ["a", "b", "c"].map((name) => member(name));
    const ring = HashRing.of(new Map([[a, 1], [b, 1]]));
    const change = changeToListed({ membership: tell(events, policy), ring }, [a, b]);
    assert.deepEqual(change, { added: [c], removed: [a] });
  },
);
