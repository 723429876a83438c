/** What is known of the Pushgateway's versions, held against real ones. @module */

import assert from "node:assert/strict";
import { parseMember } from "../../src/member.ts";
import { parseStatus } from "../../src/pushgateway/api.ts";
import { readGroups } from "../../src/pushgateway/group_content.ts";
import { readPushTimes } from "../../src/pushgateway/push_times.ts";
import { showsGaugeHistograms, unpacks } from "../../src/pushgateway/versions.ts";
import type { Pushgateway } from "../../tools/pushgateway.ts";
import { request } from "../../tools/server.ts";
import { openWay, push } from "../pushgateway/read_way.ts";
import { GAUGE_HISTOGRAM_PUSH, HARD_PUSHES } from "./copied_groups.ts";
import { openGateways, startVersion, VERSIONS } from "./gateways.ts";
import { groupMetrics } from "./group_metrics.ts";
import { PACKED_AS } from "./packed_bodies.ts";

const { signal } = new AbortController();
const LATEST = "pushgateway";

async function ownVersion({ url }: Pushgateway): Promise<string> {
  const { text } = await request(`${url}/api/v1/status`);
  return parseStatus(text).build_information.version;
}

for (const version of VERSIONS) {
  Deno.test(`a gauge histogram cuts the page of ${version} or does not, as its version promises, and none is moved there that would`, async () => {
    await using pushgateway = await startVersion(version);
    await using source = await startVersion(LATEST);
    using way = await openWay();
    const own = await ownVersion(pushgateway);
    const { path, body } = GAUGE_HISTOGRAM_PUSH;
    await push(source, { path, body }, way.transport);
    const readings = await readGroups(parseMember(source.address), new Set([path]), way, signal);
    const reading = readings.get(path);
    assert(reading?.kind === "content", JSON.stringify(reading));
    const gateways = openGateways(way, { version: own });
    const refused = await gateways.merge(parseMember(pushgateway.address), reading.content, signal);
    const groups = await pushgateway.groups();
    if (showsGaugeHistograms(own)) assert.deepEqual([refused, groups.length], [undefined, 1]);
    else {
      assert.match(refused ?? "", /gauge histogram, which would cut the page of .* version 1\./);
      assert.deepEqual(groups, []);
    }

    assert.equal(await push(pushgateway, { path, body }, way.transport), 200);
    const page = await request(`${pushgateway.url}/metrics`);
    assert.equal(page.text.includes("pushgateway_build_info"), showsGaugeHistograms(own));
  });

  Deno.test(`${version} unpacks what its own word of its version promises`, async () => {
    await using pushgateway = await startVersion(version);
    const own = await ownVersion(pushgateway);
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
