/** Which groups sizes are read of, and from whom. tests/contracts has the sizes of real Pushgateways. */

import assert from "node:assert/strict";
import { createSizes } from "../../../src/http/api/sizes.ts";
import type { PushTimes } from "../../../src/pushgateway/push_times.ts";
import { member } from "../../membership/story.ts";
import { answerOf } from "../messages.ts";
import { view } from "../view.ts";

const permissions = "none";
const held: PushTimes = {
  times: new Map([["/metrics/job/j", 1]]),
  clockAhead: { min: 0, max: 0 },
  failures: new Map(),
};

/** Asks a service whose members a, which answers, and b, which does not, held what is given. */
async function ask(query: string, inventories: ReadonlyMap<string, PushTimes> = new Map()) {
  const asked: string[] = [];
  const sizes = createSizes({
    snapshot: () => view("list a b", "a ok", "b ok", "b refused"),
    config: () => ({
      nameScheme: "legacy",
      upstream: { scheme: "http", routePrefix: "", tls: {} },
    }),
    handoff: { inventories: new Map([...inventories].map(([name, held]) => [member(name), held])) },
    handoffEnabled: () => true,
    way: () => ({
      timeoutMs: 1,
      transport: {
        send(member) {
          asked.push(member);
          return Promise.reject(new Error("broken"));
        },
        [Symbol.dispose]() {},
      },
    }),
  });
  const answer = answerOf(await sizes(`/api/v1/sizes?${query}`));
  return { ...await answer.json(), code: answer.status, asked };
}

Deno.test("only members are read that answer and held one of the groups", {
  permissions,
}, async () => {
  const both = new Map([["a", held], ["b", held]]);
  const { data, asked } = await ask("push=job=j&push=/metrics/job@base64/ag", both);
  assert.deepEqual(asked, ["a:9091"]);
  assert.deepEqual(data, {
    groups: [{ path: "/metrics/job/j", sizes: [] }], // both are the same group
    unread: [{ member: "a:9091", why: "broken" }],
  });
  assert.deepEqual((await ask("push=job=other", both)).asked, []);
});

const many = (number: number) =>
  Array.from({ length: number }, (_, i) => `push=job=j${i}`).join("&");
const REFUSED: readonly [what: string, query: string, why: string][] = [
  ["no group", "", "push: expected 1 to 20 groups, found 0"],
  ["21 groups", many(21), "push: expected 1 to 20 groups, found 21"],
  ["a path of no group", "push=/metrics/job/a/b", 'odd number of components in label string "/b"'],
];
for (const [what, query, why] of REFUSED) {
  Deno.test(`${what} is refused with a reason`, { permissions }, async () => {
    const { code, error, asked } = await ask(query);
    assert.deepEqual([code, error, asked], [400, why, []]);
  });
}

Deno.test("20 groups are not too many", { permissions }, async () => {
  const { code, data } = await ask(many(20));
  assert.deepEqual([code, data.groups.length], [200, 20]);
});
