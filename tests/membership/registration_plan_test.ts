import assert from "node:assert/strict";
import { planRegistration } from "../../src/membership/registration_plan.ts";
import { consulPolicy, listings, tell, withHandoff } from "./story.ts";

const ALL_UP = ["list a b c", "a ok", "b ok", "c ok"];
const ALL_IN = [...ALL_UP, "a admitted", "b admitted", "c admitted"];

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
  [
    "Consul lost the node of one that answers: it is missing",
    ["list a@n b@m c@m", "a ok", "b ok", "c ok", "list b@m c@m / m"],
    "a",
    "",
  ],
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
    const membership = tell(events, policy);
    const records = [...membership.records];
    assert.deepEqual(planRegistration(membership, policy.configured), {
      missing: [...listings(missing).keys()],
      withdrawn: [...listings(withdrawn).keys()],
      leaving: [],
      marked: new Set(),
      listed: new Set(records.flatMap(([member, { listing }]) => listing ? [member] : [])),
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

const LEAVING: readonly [why: string, events: string[], leaving: string, missing: string][] = [
  ["one that is being emptied stays listed", ["mark a"], "", ""],
  ["one that is empty leaves", ["mark a", "a empty"], "a", ""],
  ["one that died while it was emptied leaves", ["mark a", "a refused"], "a", ""],
  ["one that is gone is neither leaving nor missing", ["mark a", "a empty", "list b c"], "", ""],
  ["one in maintenance is not ours to take out", ["list a~ b c", "a empty"], "", ""],
  ["one of which the mark was taken back stays", ["mark a", "a empty", "mark"], "", ""],
  [
    "one that was taken out as it was told, and called back since, is missing",
    ["mark a", "a empty", "list b c", "mark"],
    "",
    "a",
  ],
  [
    "one of which the mark was taken back just before it was taken out is missing",
    ["mark a", "mark", "list b c"],
    "",
    "a",
  ],
];
for (const [why, events, leaving, missing] of LEAVING) {
  Deno.test(`registration of members that are told to leave: ${why}`, {
    permissions: "none",
  }, () => {
    const policy = withHandoff(consulPolicy());
    const plan = planRegistration(tell([...ALL_IN, ...events], policy), policy.configured);
    assert.deepEqual(plan?.leaving, [...listings(leaving).keys()]);
    assert.deepEqual(plan?.missing, [...listings(missing).keys()]);
    assert.deepEqual(plan?.withdrawn, []);
  });
}

Deno.test("registration: a marked member that nobody has probed yet is waited for", {
  permissions: "none",
}, () => {
  const policy = withHandoff(consulPolicy());
  const plan = planRegistration(tell(["mark a", "list a b c"], policy), policy.configured);
  assert.deepEqual(plan?.leaving, []);
});
