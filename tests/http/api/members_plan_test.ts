/** What another set of members would mean: the answer, and what keeps it from being given. */

import assert from "node:assert/strict";
import { createMembersApi, type MembersApiDeps } from "../../../src/http/api/members.ts";
import { createHistory } from "../../../src/membership/history.ts";
import type { Member } from "../../../src/member.ts";
import type { PushTimes } from "../../../src/pushgateway/push_times.ts";
import { member } from "../../membership/story.ts";
import { recordLog } from "../../model/log.ts";
import { answerOf } from "../messages.ts";
import { view } from "../view.ts";

const permissions = "none";
const [A, B] = [member("a"), member("b")];
const BOTH = ["list a b", "a ok", "b ok"];

/** A plan, where `a` and `b` hold some groups by their last sweep. */
async function plan(
  query: string,
  { events = BOTH, unread = [], sweep = () => Promise.resolve(unread), enabled = true }: {
    events?: readonly string[];
    enabled?: boolean;
    unread?: readonly Member[];
    sweep?: MembersApiDeps["handoff"]["sweep"];
  } = {},
) {
  const held = (prefix: string, count: number): PushTimes => ({
    times: new Map(Array.from({ length: count }, (_, i) => [`/metrics/job/${prefix}${i}`, 1])),
    clockAhead: { min: 0, max: 0 },
    failures: new Map(),
  });
  const api = createMembersApi({
    snapshot: () => view(...events),
    handoff: {
      inventories: new Map([[A, held("a", 5)], [B, held("b", 7)]]),
      unread: new Map(),
      drains: new Map(),
      counts: undefined,
      sweep,
    },
    history: createHistory(() => 0),
    pushesOf: () => 0,
    failuresOf: () => 0,
    handoffEnabled: () => enabled,
    mark: () => assert.fail("nobody is told to leave"),
    log: recordLog(() => {}),
  });
  const answer = answerOf(await api.plan(`/api/v1/plan${query}`));
  return { status: answer.status, body: await answer.json() };
}

Deno.test("a plan counts the groups of all members after one more sweep", {
  permissions,
}, async () => {
  let sweeps = 0;
  const sweep = () => Promise.resolve((sweeps++, []));
  const { status, body: { data } } = await plan("?remove=a:9091", { sweep });
  assert.deepEqual([status, sweeps, data.groups, data.unread], [200, 1, 12, undefined]);
  assert(data.moves.every(({ to }: { to: string }) => to === B), "there is no other one left");
});

Deno.test("a plan names the members that cannot be read, and does not count what is down", {
  permissions,
}, async () => {
  const events = [...BOTH, "list a b c", "c ok", "b refused"];
  const { body: { data } } = await plan("?add=d:9091", { events, unread: [B] });
  assert.deepEqual([data.groups, data.unread], [5, [B]]);
});

Deno.test("a plan of more changes than a hundred is 400", { permissions }, async () => {
  const query = Array.from({ length: 101 }, (_, i) => `add=n${i}:9091`).join("&");
  const { status, body } = await plan(`?${query}`, { sweep: () => assert.fail("swept") });
  assert.deepEqual([status, body.error], [400, "expected at most 100 changes, found 101"]);
});

Deno.test("without a sweep there is no plan", { permissions }, async () => {
  const sweep = () => Promise.reject(new Error("handoff is off"));
  const { status, body } = await plan("?remove=a:9091", { sweep });
  assert.equal(status, 503);
  assert.match(body.error, /cannot be read: handoff is off/);
});

const IMPOSSIBLE: readonly [query: string, why: RegExp][] = [
  ["?add=a:9091", /a:9091 is in the ring already/],
  ["?remove=c:9091", /c:9091 is not in the ring/],
  ["?remove=a:9091&remove=b:9091", /expected at least one member to stay/],
  ["?add=http://x", /expected host:port/],
];
for (const [query, why] of IMPOSSIBLE) {
  Deno.test(`a plan of ${query} is 400, and nothing is swept for it`, { permissions }, async () => {
    const { status, body } = await plan(query, { sweep: () => assert.fail("swept") });
    assert.equal(status, 400);
    assert.match(body.error, why);
  });
}

Deno.test("a plan is refused where nothing is moved, and says so", { permissions }, async () => {
  const sweep = () => assert.fail("nothing is swept");
  const { status, body } = await plan("?remove=a:9091", { enabled: false, sweep });
  assert.deepEqual([status, body.errorType], [409, "conflict"]);
  assert.match(body.error, /handoff\.enabled: false/);
});
