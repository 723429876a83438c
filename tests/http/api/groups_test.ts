/** What is told of the groups that were found. */

import assert from "node:assert/strict";
import { createGroupsApi } from "../../../src/http/api/groups.ts";
import type { PushTimes } from "../../../src/pushgateway/push_times.ts";
import { member } from "../../membership/story.ts";
import { answerOf } from "../messages.ts";
import { view } from "../view.ts";

const permissions = "none";
const [A, B] = [member("a"), member("b")];
const ID = "/metrics/job/j/dir/x%2Fy";

function held(times: Record<string, number>, failures: Record<string, number> = {}): PushTimes {
  return {
    times: new Map(Object.entries(times)),
    clockAhead: { min: 0, max: 0 },
    failures: new Map(Object.entries(failures)),
  };
}

function startApi({ enabled = true, removed = "" } = {}) {
  const api = createGroupsApi({
    snapshot: () => view("list a b", "a ok", "b ok", "b refused"),
    handoff: {
      inventories: new Map([
        [A, held({ [ID]: 1_795_988_813.5, "/metrics/job/k": 0 })],
        [B, held({ [ID]: 1_795_988_000 }, { [ID]: 1_795_988_900 })],
      ]),
      isRemoved: (id, of) => id === ID && of === removed,
      ownerOf: () => A,
    },
    handoffEnabled: () => enabled,
    nameScheme: () => "legacy",
  });
  return async (query: string) => {
    const answer = answerOf(await api.find(`/api/v1/groups${query}`));
    return { ...await answer.json(), code: answer.status };
  };
}

Deno.test("a group is told with its holders, those that do not answer too, and its last pushes", {
  permissions,
}, async () => {
  const { data } = await startApi()("?search=job=j");
  const iso = (seconds: number) => `${new Date(seconds * 1_000).toISOString().slice(0, 19)}Z`;
  const [first, second, failed] = [1_795_988_813, 1_795_988_000, 1_795_988_900].map(iso);
  assert.deepEqual(data.groups, [{
    group: { job: "j", dir: "x/y" },
    path: "/metrics/job/j/dir@base64/eC95",
    owner: A,
    holders: [
      { member: A, reachable: true, pushed: first },
      { member: B, reachable: false, pushed: second, failed },
    ],
  }]);
});

Deno.test("a push that never succeeded has no time, and a copy that was deleted is no copy", {
  permissions,
}, async () => {
  const never = await startApi()("?search=job=k");
  assert.deepEqual(never.data.groups[0].holders, [{ member: A, reachable: true }]);
  const { data } = await startApi({ removed: A })("?search=job=j");
  assert.deepEqual(data.groups[0].holders.map(({ member }: { member: string }) => member), [B]);
});

Deno.test("pages follow one another by what is named as the next", { permissions }, async () => {
  const find = startApi();
  const first = (await find("?limit=1")).data;
  assert.deepEqual([first.matching, first.groups.length, first.next], [2, 1, ID]);
  const second = (await find(`?limit=1&after=${encodeURIComponent(first.next)}`)).data;
  assert.deepEqual([second.groups[0].path, second.next], ["/metrics/job/k", undefined]);
});

for (const limit of ["0", "1001", "x", "-1", "1e9", ""]) {
  Deno.test(`a limit of "${limit}" is refused`, { permissions }, async () => {
    const { code, error } = await startApi()(`?limit=${limit}`);
    const expected = `limit: expected a number from 1 to 1000, found ${limit}`;
    assert.deepEqual([code, error], [400, expected]);
  });
}

Deno.test("while handoff is off nothing is known of groups", { permissions }, async () => {
  assert.equal((await startApi({ enabled: false })("")).code, 409);
});
