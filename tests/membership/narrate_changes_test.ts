/** What an operator reads of members that are told to leave, restart, go or are one process. @module */

import assert from "node:assert/strict";
import { narrateMembership } from "../../src/membership/narrate.ts";
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
    onChange() {},
  });
  return lines;
}

const changed = (member: string, [from, to]: readonly [string, string], why: string) =>
  `info member changed {"member":"${member}:9091","from":"${from}","to":"${to}","why":"${why}"}`;

const LINES: readonly [what: string, events: readonly string[], lines: readonly string[]][] = [
  ["that was marked", [...IN, "mark a"], [
    changed("a", ["active", "draining"], "marked as taken out"),
  ]],
  ["in maintenance", [...IN, "list a~@n b@m / n m"], [
    changed("a", ["active", "draining"], "in maintenance, as discovery says"),
  ]],
  ["that its operator took out", [...IN, "list b@m / n m"], [
    changed("a", ["active", "draining"], "taken out of discovery while alive"),
  ]],
  ["that is empty", [...IN, "mark a", "a empty"], [
    changed("a", ["draining", "departed"], "marked as taken out; it is empty and may be stopped"),
  ]],
  ["whose node Consul has lost", [...IN, "list b@m / m"], [
    changed(
      "a",
      ["active", "departed"],
      "discovery has lost what listed it, while it answers: it stays in the ring",
    ),
  ]],
  ["that was told to leave and called back, and is gone", [
    ...IN,
    "mark a",
    "mark",
    "list b@m / n m",
  ], [
    changed("a", ["joining", "departed"], "told to leave, and taken out of discovery"),
  ]],
  ["that has restarted", [...IN, "a ok since 9"], [
    changed("a", ["active", "joining"], "has restarted, and is about to be swept"),
  ]],
  ["that answers for the first time", ["list a", "a ok"], []],
  ["that discovery calls unhealthy against our probe", [...IN, "list a!@n b@m / n m"], [
    "warn discovery calls a member unhealthy that answers our probe; it is waited for " +
    '{"member":"a:9091"}',
  ]],
  [
    "that discovery still calls so",
    [...IN, "list a!@n b@m / n m", "list a!@n b@m / n m"],
    [],
  ],
  ["that is another one by another name", [...IN, "list a@n b@m c@m", "c ok since 1"], [
    "error two members are one Pushgateway under two names: only one of them is used; " +
    'take the other one out of the file, or out of discovery {"member":"c:9091","used":"a:9091"}',
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
    onChange: ({ why }) => whys.push(why),
  });
  assert.deepEqual(whys, ["unhealthy, as discovery says: HTTP GET: 503 Service Unavailable"]);
});
