/** What is known of the Pushgateway's versions, held against real ones. @module */

import assert from "node:assert/strict";
import { parseMember } from "../../src/member.ts";
import { parseStatus } from "../../src/pushgateway/api.ts";
import { readGroups } from "../../src/pushgateway/group_content.ts";
import { readPushTimes } from "../../src/pushgateway/push_times.ts";
import { unpacks } from "../../src/pushgateway/versions.ts";
import type { Pushgateway } from "../../tools/pushgateway.ts";
import { request } from "../../tools/server.ts";
import { openWay, push } from "../pushgateway/read_way.ts";
import { HARD_PUSHES } from "./copied_groups.ts";
import { openGateways, startVersion, VERSIONS } from "./gateways.ts";
import { groupMetrics } from "./group_metrics.ts";
import { PACKED_AS } from "./packed_bodies.ts";

const { signal } = new AbortController();
const LATEST = "pushgateway";

for (const version of VERSIONS) {
  Deno.test(`${version} unpacks what its own word of its version promises`, async () => {
    await using pushgateway = await startVersion(version);
    const { text } = await request(`${pushgateway.url}/api/v1/status`);
    const own = parseStatus(text).build_information.version;
    const found: Record<string, boolean> = {};
    for (const { encoding, pack } of PACKED_AS) {
      const response = await fetch(`${pushgateway.url}/metrics/job/a`, {
        method: "PUT",
        headers: { "content-encoding": encoding },
        body: pack(new TextEncoder().encode("m 1\n")),
      });
      await response.body?.cancel();
      found[encoding] = response.status === 200;
    }
    const known = PACKED_AS.map(({ encoding }) => [encoding, unpacks(own, encoding)]);
    assert.deepEqual(found, Object.fromEntries(known));
  });

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
