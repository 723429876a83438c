import assert from "node:assert/strict";
import { planRegistration } from "../../src/membership/registration_plan.ts";
import { consulPolicy, listings, tell } from "./story.ts";

const ALL_UP = ["list a b c", "a ok", "b ok", "c ok"];

const PLANS: readonly [why: string, events: string[], missing: string, withdrawn: string][] = [
  ["every server is listed: nothing to do", ALL_UP, "", ""],
  ["one that is critical is registered all the same", ["list a! b c"], "", ""],
  ["Consul knows none of them: all are missing", ["list"], "a b c", ""],
  ["Consul has never heard of one: it is missing, dead or not", ["list a b"], "c", ""],
  ["one reaped while dead is left alone while dead", [...ALL_UP, "c refused", "list a b"], "", ""],
  [
    "one reaped while dead is missing when it answers",
    [...ALL_UP, "c refused", "list a b", "c ok"],
    "c",
    "",
  ],
  [
    "one reaped while dead fails again: left alone",
    [...ALL_UP, "c refused", "list a b", "c ok", "c refused"],
    "",
    "",
  ],
  ["one taken out while alive stays out", [...ALL_UP, "list a b"], "", "c"],
  [
    "one taken out while alive stays out when it dies and comes back",
    [...ALL_UP, "list a b", "c refused", "c ok"],
    "",
    "c",
  ],
  ["one taken out and put back is neither", [...ALL_UP, "list a b", "list a b c"], "", ""],
  ["Consul lost everything: what answers is missing", [...ALL_UP, "c refused", "list"], "a b", ""],
  [
    "Consul was away from the start and lists none: what answers is missing",
    ["look-up fails", "a ok", "b refused", "list"],
    "a",
    "",
  ],
  ["a failed look-up changes no plan", [...ALL_UP, "list a b", "look-up fails"], "", "c"],
  [
    "others in Consul are not our concern",
    [...ALL_UP, "list a b c x", "x ok", "list a b c"],
    "",
    "",
  ],
];
for (const [why, events, missing, withdrawn] of PLANS) {
  Deno.test(`registration: ${why}`, { permissions: "none" }, () => {
    const policy = consulPolicy();
    assert.deepEqual(planRegistration(tell(events, policy), policy.configured), {
      missing: [...listings(missing).keys()],
      withdrawn: [...listings(withdrawn).keys()],
      leaving: [],
      marked: new Set(),
    });
  });
}

Deno.test(
  "registration: there is no plan until Consul has answered",
  { permissions: "none" },
  () => {
    const policy = consulPolicy();
    assert.equal(planRegistration(tell([], policy), policy.configured), undefined);
    const failed = tell(["look-up fails", "a ok"], policy);
    assert.equal(planRegistration(failed, policy.configured), undefined);
  },
);
