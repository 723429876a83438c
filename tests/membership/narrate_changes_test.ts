/** What an operator reads of members that are told to leave, restart, go or are one process. @module */

import assert from "node:assert/strict";
import { createMembershipTroubles, narrateMembership } from "../../src/membership/narrate.ts";
import { nextMembership } from "../../src/membership/state.ts";
import { recordLog } from "../model/log.ts";
import { consulPolicy, event, member, RUNNING_POLICY, tell, withHandoff } from "./story.ts";

const POLICY = withHandoff(consulPolicy());
const IN = [
  "list a@n b@m",
  "a ok since 1",
  "b ok since 2",
  "a admitted",
  "b admitted",
];

/** What is logged of the last of some events. */
function told(events: readonly string[], policy = POLICY): string[] {
  const lines: string[] = [];
  const last = event(events.at(-1) ?? "");
  const previous = tell(events.slice(0, -1), policy);
  narrateMembership(nextMembership(previous, last, policy), { previous, event: last }, {
    log: recordLog((line) => lines.push(line)),
    source: "http://consul",
    probeFailure: () => undefined,
    groupsOf: () => undefined,
    troubles: createMembershipTroubles(),
    onChange() {},
  });
  return lines;
}

const TO: Readonly<Record<string, string>> = {
  draining: "member is draining",
  departed: "member has departed",
  joining: "member is joining",
  unknown: "member is forgotten",
};
const changed = (member: string, [from, to]: readonly [string, string], reason: string) =>
  `info ${TO[to]} {"member":"${member}:9091","from":"${from}","reason":"${reason}"}`;

const LINES: readonly [what: string, events: readonly string[], lines: readonly string[]][] = [
  ["that was marked", [...IN, "mark a"], [
    changed("a", ["active", "draining"], "marked as removed"),
  ]],
  ["in maintenance", [...IN, "list a~@n b@m / n m"], [
    changed("a", ["active", "draining"], "in maintenance in discovery"),
  ]],
  ["that its operator took out", [...IN, "list b@m / n m"], [
    changed("a", ["active", "draining"], "removed from discovery while alive"),
  ]],
  ["that is empty", [...IN, "mark a", "a empty"], [
    changed("a", ["draining", "departed"], "marked as removed; it is empty and may be stopped"),
  ]],
  ["whose node Consul has lost", [...IN, "list b@m / m"], [
    changed(
      "a",
      ["active", "departed"],
      "discovery has lost its entry, but it answers: it stays in the ring",
    ),
  ]],
  ["that was told to leave and called back, and is gone", [
    ...IN,
    "mark a",
    "mark",
    "list b@m / n m",
  ], [
    changed("a", ["joining", "departed"], "told to leave, and removed from discovery"),
  ]],
  ["that has restarted", [...IN, "a ok since 9"], [
    changed("a", ["active", "joining"], "has restarted, and its groups are about to be read"),
  ]],
  ["that answers for the first time", ["list a", "a ok"], []],
  ["that discovery calls unhealthy against our probe", [...IN, "list a!@n b@m / n m"], [
    "warn member is unhealthy in discovery and answers our probe: waiting for discovery " +
    '{"member":"a:9091"}',
  ]],
  [
    "that discovery still calls so",
    [...IN, "list a!@n b@m / n m", "list a!@n b@m / n m"],
    [],
  ],
  ["that is another one by another name", [...IN, "list a@n b@m c@m", "c ok since 1"], [
    "error member is another name of a member: only one of the two is used " +
    '{"member":"c:9091","same_as":"a:9091"}',
  ]],
];
for (const [what, events, lines] of LINES) {
  Deno.test(`of a member ${what} is told ${lines.length > 0 ? "why" : "nothing"}`, {
    permissions: "none",
  }, () => assert.deepEqual(told(events), lines));
}

const AWAY = ["list a b", "a ok", "b ok", "b refused", "list a"];
const LINES_OF_RUNNING: typeof LINES = [
  ["that is dead and not listed", AWAY, [
    changed(
      "b",
      ["suspect", "departed"],
      "does not answer, and is no longer listed; what it holds was not moved",
    ),
  ]],
  [
    "that dies after discovery has lost what listed it",
    ["list a@n b@m", "a ok", "b ok", "list a@n / n", "b refused"],
    [
      changed(
        "b",
        ["departed", "departed"],
        "does not answer, and is no longer listed; what it holds was not moved",
      ),
    ],
  ],
  ["that is given up", [...AWAY, "gives up b"], [
    changed(
      "b",
      ["departed", "unknown"],
      "away for too long; it does not answer, so what it holds was not moved",
    ),
  ]],
];
for (const [what, events, lines] of LINES_OF_RUNNING) {
  Deno.test(`of a member ${what}, where those alone that run are listed, is told why`, {
    permissions: "none",
  }, () => assert.deepEqual(told(events, RUNNING_POLICY), lines));
}

Deno.test("of a member that a check calls unhealthy is told what the check says", {
  permissions: "none",
}, () => {
  const previous = tell(IN, POLICY);
  const a = member("a");
  const record = previous.records.get(a) ?? assert.fail("it is known");
  const listing = { healthy: false, weight: 1, complaint: "HTTP GET: 503 Service Unavailable" };
  const records = new Map(previous.records).set(a, { ...record, state: "suspect", listing });
  const whys: string[] = [];
  narrateMembership({ ...previous, records }, { previous, event: event("a ok") }, {
    log: recordLog(() => {}),
    source: "http://consul",
    probeFailure: () => undefined,
    groupsOf: () => undefined,
    troubles: createMembershipTroubles(),
    onChange: ({ why }) => whys.push(why),
  });
  assert.deepEqual(whys, ["unhealthy in discovery: HTTP GET: 503 Service Unavailable"]);
});
