/** What is answered of members, and whether one may be told to leave. */

import assert from "node:assert/strict";
import type { DrainProgress } from "../../../src/handoff/settle/drain.ts";
import { createMembersApi, type MembersApiDeps } from "../../../src/http/api/members.ts";
import type { MemberView } from "../../../src/http/api/views.ts";
import { createHistory } from "../../../src/membership/history.ts";
import type { PushTimes } from "../../../src/pushgateway/push_times.ts";
import { member } from "../../membership/story.ts";
import { recordLog } from "../../model/log.ts";
import { answerOf, CLIENT } from "../messages.ts";
import { view } from "../view.ts";

const permissions = "none";
const BOTH = ["list a b", "a ok", "b ok"];
const TWINS = ["list a b c", "c ok", "a ok since 5", "b ok since 5"];

/** The answers of a service whose members are as some events leave them. */
function startApi(events: readonly string[], own: Partial<MembersApiDeps> = {}) {
  const marks: string[] = [];
  const api = createMembersApi({
    snapshot: () => view(...events),
    handoff: {
      inventories: new Map(),
      unread: new Map(),
      drains: new Map(),
      counts: undefined,
      sweep: () => Promise.resolve([]),
    },
    history: createHistory(() => 0),
    pushesOf: () => 0,
    failuresOf: () => 0,
    handoffEnabled: () => true,
    mark: (member, leaving) =>
      Promise.resolve(void marks.push(`${member} ${leaving ? "leaves" : "stays"}`)),
    log: recordLog(() => {}),
    ...own,
  });
  const drain = async (name: string, undo = false) =>
    answerOf(await api.drain(`/api/v1/members/${name}/drain`, { undo, client: CLIENT }));
  return { api, drain, marks };
}

/** What a member was found to hold when it was read. */
function holding(...ids: string[]): PushTimes {
  return {
    times: new Map(ids.map((id) => [id, 1])),
    clockAhead: { min: 0, max: 0 },
    failures: new Map(),
  };
}

async function listed(...given: Parameters<typeof startApi>): Promise<Map<string, MemberView>> {
  const { data } = await answerOf(startApi(...given).api.list()).json() as { data: MemberView[] };
  return new Map(data.map((view) => [view.member.slice(0, view.member.indexOf(":")), view]));
}

type Refusal = readonly [
  what: string,
  name: string,
  given: Parameters<typeof startApi>,
  status: number,
  why: RegExp,
];
const off: Partial<MembersApiDeps> = { handoffEnabled: () => false };
const REFUSED: readonly Refusal[] = [
  ["of what is no member", "c:9091", [BOTH], 404, /c:9091 is not a member/],
  ["of what cannot be one", "x", [BOTH], 400, /expected host:port/],
  ["of the only member", "a:9091", [["list a", "a ok"]], 409, /no other member could take/],
  ["of an alias", "b:9091", [TWINS], 409, /same Pushgateway as a:9091/],
  ["while handoff is off", "a:9091", [BOTH, off], 409, /handoff is off/],
  [
    "whose mark Consul does not take",
    "a:9091",
    [BOTH, { mark: () => Promise.reject(new Error("connection refused")) }],
    502,
    /the mark could not be set: connection refused/,
  ],
];
for (const [what, name, given, status, why] of REFUSED) {
  Deno.test(`a drain ${what} is ${status}, with a reason`, { permissions }, async () => {
    const { drain, marks } = startApi(...given);
    const answer = await drain(name);
    assert.equal(answer.status, status);
    assert.match((await answer.json()).error, why);
    assert.deepEqual(marks, []);
  });
}

Deno.test("a drain marks its member, and is answered with what is known of it", {
  permissions,
}, async () => {
  const { drain, marks } = startApi(BOTH);
  const answer = await drain("a%3A9091");
  assert.equal(answer.status, 202);
  assert.equal((await answer.json()).data.member, "a:9091");
  assert.deepEqual(marks, ["a:9091 leaves"]);
});

Deno.test("a drain is taken back of a member that leaves, also while handoff is off", {
  permissions,
}, async () => {
  for (const own of [{}, off]) {
    const { drain, marks } = startApi([...BOTH, "mark a"], own);
    assert.equal((await drain("a:9091", true)).status, 202);
    assert.deepEqual(marks, ["a:9091 stays"]);
  }
  const { drain, marks } = startApi(BOTH);
  const answer = await drain("a:9091", true);
  assert.equal(answer.status, 409);
  assert.match((await answer.json()).error, /is not being drained: it is active/);
  assert.deepEqual(marks, []);
});

Deno.test("a drain's progress is shown while its member leaves, with groups that stay, up to 100", {
  permissions,
}, async () => {
  const staying = new Map(Array.from({ length: 150 }, (_, i) => [`/metrics/job/j${i}`, "busy"]));
  const progress = { groups: 200, moved: 50, early: 0, staying };
  const handoff: MembersApiDeps["handoff"] = {
    inventories: new Map([[member("a"), holding(...staying.keys())], [member("b"), holding()]]),
    unread: new Map(),
    drains: new Map([[member("a"), progress], [member("b"), progress]]),
    counts: undefined,
    sweep: () => Promise.resolve([]),
  };
  const views = await listed([...BOTH, "mark a"], { handoff });
  const { drain, groups } = views.get("a") ?? assert.fail("it is listed");
  assert.deepEqual([groups, drain?.groups, drain?.moved], [150, 200, 50]);
  assert.equal(drain?.staying.length, 100);
  assert.deepEqual(drain.staying[0], { group: "/metrics/job/j0", why: "busy" });
  assert.equal(views.get("b")?.drain, undefined, "it does not leave");
  assert.equal(views.get("b")?.groups, 0);
});

Deno.test("a drain's rate, the time left and whether targets check are shown once they are known", {
  permissions,
}, async () => {
  const progress = { groups: 200, moved: 50, early: 0, staying: new Map<string, string>() };
  const handoff = (own: Partial<DrainProgress>): MembersApiDeps["handoff"] => ({
    inventories: new Map(),
    unread: new Map(),
    drains: new Map([[member("a"), { ...progress, ...own }]]),
    counts: undefined,
    sweep: () => Promise.resolve([]),
  });
  const drainOf = async (own: Partial<DrainProgress>) =>
    (await listed([...BOTH, "mark a"], { handoff: handoff(own) })).get("a")?.drain;
  const known = { groups: 200, moved: 50, staying: [] };
  assert.deepEqual(await drainOf({}), known);
  const figures = { rate: 12.5, seconds_left: 12, targets_check: false };
  const own = { rate: 12.5, secondsLeft: 12, targetsCheck: false };
  assert.deepEqual(await drainOf(own), { ...known, ...figures });
});

Deno.test("members are listed with their states, those of a ring that is kept too", {
  permissions,
}, async () => {
  const twins = await listed(TWINS);
  assert.equal(twins.get("b")?.state, "alias");
  assert.equal(twins.get("b")?.same_as, "a:9091");
  assert.equal(twins.get("a")?.same_as, undefined);
  const views = await listed(["list a*3 b", "a ok", "b ok", "list"]);
  const { share = 0, ...rest } = views.get("a") ?? assert.fail("it is listed");
  assert(Math.abs(share - 3 / 4) < 0.05, `it has three quarters of the ring: ${share}`);
  assert.deepEqual(rest, {
    ...{ member: "a:9091", state: "departed", in_ring: true, drained: false },
    ...{ weight: 3, pushes: 0, failures: 0 },
  });
});

Deno.test("of a member that answers is told why its groups cannot be read", {
  permissions,
}, async () => {
  const why = "expected its groups from /api/v1/metrics, found status 500";
  const handoff: MembersApiDeps["handoff"] = {
    inventories: new Map(),
    unread: new Map([[member("a"), why], [member("b"), why]]),
    drains: new Map(),
    counts: undefined,
    sweep: () => Promise.resolve([]),
  };
  const views = await listed(["list a b", "a ok", "b refused"], { handoff });
  assert.deepEqual([views.get("a")?.unread, views.get("b")?.unread], [why, undefined]);
});

Deno.test("the page of a member is broken where only its JSON API could be read", {
  permissions,
}, async () => {
  const [broken, whole] = [holding(), { ...holding(), types: new Map<string, string>() }];
  const handoff: MembersApiDeps["handoff"] = {
    inventories: new Map([[member("a"), broken], [member("b"), whole], [member("c"), broken]]),
    unread: new Map(),
    drains: new Map(),
    counts: undefined,
    sweep: () => Promise.resolve([]),
  };
  const views = await listed(["list a b c", "a ok", "b ok", "c refused"], { handoff });
  const pages = ["a", "b", "c"].map((name) => views.get(name)?.broken_page);
  assert.deepEqual(
    pages,
    [true, undefined, undefined],
    "of c, which does not answer, nothing is known",
  );
});

Deno.test("members that answer no more are not named as holders of a group", {
  permissions,
}, () => {
  const id = "/metrics/job/j";
  const held = holding(id);
  const handoff: MembersApiDeps["handoff"] = {
    inventories: new Map([[member("a"), held], [member("b"), held]]),
    unread: new Map(),
    drains: new Map(),
    counts: undefined,
    sweep: () => Promise.resolve([]),
  };
  assert.deepEqual(startApi(BOTH, { handoff }).api.holdersOf(id), ["a:9091", "b:9091"]);
  const { api } = startApi([...BOTH, "list a b c", "c ok", "b refused"], { handoff });
  assert.deepEqual(api.holdersOf(id), ["a:9091"]);
  assert.deepEqual(api.holdersOf("/metrics/job/other"), []);
});
