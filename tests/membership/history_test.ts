/** What is remembered of the members, and for how long. */

import assert from "node:assert/strict";
import { createHistory, EVENTS_MAX, type MemberChange } from "../../src/membership/history.ts";
import { member } from "./story.ts";

const permissions = "none";
const A = member("a");

function startHistory() {
  let nowMs = 0;
  const history = createHistory(() => nowMs += 1_000);
  const change = (from: MemberChange["from"], to: MemberChange["to"], why: string) =>
    history.add({ kind: "member", member: A, from, to, why });
  return { history, change };
}

Deno.test("a member's state has a beginning and a reason, until it is known no more", {
  permissions,
}, () => {
  const { history, change } = startHistory();
  assert.equal(history.originOf(A), undefined);
  change("unknown", "joining", "listed by discovery");
  change("joining", "joining", "connection refused");
  const origin = { sinceMs: 1_000, why: "connection refused" };
  assert.deepEqual(history.originOf(A), origin, "it is joining since it was listed");
  change("joining", "active", "healthy");
  assert.deepEqual(history.originOf(A), { sinceMs: 3_000, why: "healthy" });
  change("active", "unknown", "no longer listed");
  assert.equal(history.originOf(A), undefined);
});

Deno.test("of misplaced groups only the last number in a row is kept", { permissions }, () => {
  const { history, change } = startHistory();
  const misplaced = (number: number) =>
    history.add({ kind: "groups", misplaced: number, groups: 10 });
  misplaced(3);
  misplaced(2);
  change("unknown", "joining", "listed by discovery");
  misplaced(1);
  misplaced(0);
  const told = history.events.map((event) =>
    event.kind === "groups" ? event.misplaced : event.kind
  );
  assert.deepEqual(told, [0, "member", 2]);
  assert.deepEqual(history.events.map(({ id }) => id), [5, 3, 2], "a reader sees that it is news");
});

Deno.test("the last 200 events are kept, the newest first", { permissions }, () => {
  const { history } = startHistory();
  for (let i = 0; i < EVENTS_MAX + 50; i++) history.add({ kind: "reload", problems: [] });
  assert.equal(history.events.length, EVENTS_MAX);
  assert.deepEqual([history.events[0].id, history.events.at(-1)?.id], [250, 51]);
});
