/** What is known of the Pushgateway's versions, held against real ones. @module */

import assert from "node:assert/strict";
import { parseMember } from "../../src/member.ts";
import { readGroups } from "../../src/pushgateway/group_content.ts";
import { readPushTimes } from "../../src/pushgateway/push_times.ts";
import type { Pushgateway } from "../../tools/pushgateway.ts";
import { openWay, push } from "../pushgateway/read_way.ts";
import { HARD_PUSHES } from "./copied_groups.ts";
import { openGateways, startVersion, VERSIONS } from "./gateways.ts";
import { groupMetrics } from "./group_metrics.ts";

const { signal } = new AbortController();
const LATEST = "pushgateway";

for (const version of VERSIONS) {
  Deno.test(`groups of the latest version that pass through ${version} come back the same, to the byte`, async () => {
    await using first = await startVersion(LATEST);
    await using between = await startVersion(version);
    await using last = await startVersion(LATEST);
    using way = await openWay();
    const gateways = openGateways(way);
    for (const { why, path, body } of HARD_PUSHES) {
      assert.equal(await push(first, { path, body }, way.transport), 200, why);
    }
    const { times } = await readPushTimes(parseMember(first.address), way, signal);
    const copy = async (from: Pushgateway, to: Pushgateway) => {
      const ids = new Set(times.keys());
      const readings = await readGroups(parseMember(from.address), ids, way, signal);
      for (const [id, reading] of readings) {
        assert(reading.kind === "content", `${id}: ${JSON.stringify(reading)}`);
        const refused = await gateways.merge(parseMember(to.address), reading.content, signal);
        assert.equal(refused, undefined, id);
      }
      assert.equal(readings.size, times.size);
    };
    await copy(first, between);
    await copy(between, last);
    assert.deepEqual(await groupMetrics(last), await groupMetrics(first));
    const copied = await readPushTimes(parseMember(last.address), way, signal);
    assert.deepEqual([...copied.times.keys()].sort(), [...times.keys()].sort());
  });
}
