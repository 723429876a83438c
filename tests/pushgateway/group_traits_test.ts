/** What a member's JSON API tells of its groups, over real connections. @module */

import assert from "node:assert/strict";
import { SendFailure } from "../../src/pushgateway/client/connection.ts";
import { type GroupTraits, readGroupTraits } from "../../src/pushgateway/group_traits.ts";
import { PARTIAL_FAMILY } from "../../src/pushgateway/partial.ts";
import { answerOf, memberWith, type RawMember } from "./raw_member.ts";
import { openWay } from "./read_way.ts";

const FAMILY = { type: "UNTYPED", metrics: [] };

function group(labels: Readonly<Record<string, string>>, families: object = {}) {
  const push_time_seconds = { metrics: [{ labels: { instance: "", ...labels }, value: "1" }] };
  return { labels, push_time_seconds, ...families };
}

async function read({ member }: RawMember): Promise<GroupTraits> {
  using way = openWay();
  return await readGroupTraits(member, way, new AbortController().signal);
}

Deno.test("groups that are marked, and such with an empty instance, are told", async () => {
  const data = [
    group({ job: "plain" }),
    group({ job: "b", instance: "x" }),
    group({ job: "marked" }, { [PARTIAL_FAMILY]: FAMILY }),
    group({ job: "old", instance: "" }),
    group({ job: "both", instance: "", env: "a/b" }, { [PARTIAL_FAMILY]: FAMILY }),
    group({ job: "hidden" }, { labels: FAMILY }),
  ];
  await using member = memberWith({
    "/api/v1/metrics": answerOf(JSON.stringify({ status: "success", data })),
  });
  assert.deepEqual(await read(member), {
    partial: new Set(["/metrics/job/marked", "/metrics/job/both/env/a%2Fb"]),
    emptyInstance: new Set(["/metrics/job/old", "/metrics/job/both/env/a%2Fb"]),
  });
});

Deno.test("a member without groups has none of either", async () => {
  await using member = memberWith({
    "/api/v1/metrics": answerOf('{"status":"success","data":[]}'),
  });
  assert.deepEqual(await read(member), { partial: new Set(), emptyInstance: new Set() });
});

for (
  const [why, answer] of [
    ["fails", answerOf("no", { status: 500 })],
    ["answers something else", answerOf("<html>")],
    ["breaks off", answerOf('{"status":"success","data":[{')],
  ] as const
) {
  Deno.test(`a member whose API ${why} tells nothing`, async () => {
    await using member = memberWith({ "/api/v1/metrics": answer });
    await assert.rejects(
      read(member),
      (error) => error instanceof TypeError || error instanceof SyntaxError,
    );
  });
}

Deno.test("a member that hangs up has failed", async () => {
  await using member = memberWith({});
  await assert.rejects(read(member), SendFailure);
});
