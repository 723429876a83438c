/**
 * The mark of a partial group on real Pushgateways: it is there for as long as nothing has replaced the
 * group, and no scrape shows it.
 *
 * @module
 */

import assert from "node:assert/strict";
import type { Gateways } from "../../src/handoff/gateways.ts";
import { type Member, parseMember } from "../../src/member.ts";
import { PARTIAL_FAMILY } from "../../src/pushgateway/partial.ts";
import { request } from "../../tools/server.ts";
import { openWay, push } from "../pushgateway/read_way.ts";
import { openGateways, startVersion, VERSIONS } from "./gateways.ts";

const { signal } = new AbortController();
const [MARKED, OTHER] = ["/metrics/job/marked", "/metrics/job/other"];

async function markedOn(member: Member, gateways: Gateways): Promise<string[]> {
  return [...(await gateways.traits(member, signal)).partial].sort();
}

async function markOn(member: Member, { gateways, id }: { gateways: Gateways; id: string }) {
  assert.equal(await gateways.markPartial(member, id, signal), undefined);
}

for (const version of VERSIONS) {
  Deno.test(`on ${version} a POST keeps the mark of a partial group, a PUT or a DELETE erases it`, async () => {
    await using pushgateway = await startVersion(version);
    using way = openWay();
    const gateways = openGateways(way);
    const member = parseMember(pushgateway.address);
    const send = (method: string, path: string, body = "m 1\n") =>
      push(pushgateway, { method, path, body }, way.transport);
    await send("PUT", OTHER);
    await markOn(member, { gateways, id: MARKED });
    assert.deepEqual(await markedOn(member, gateways), [MARKED], "a group that was not there");
    await markOn(member, { gateways, id: OTHER });
    assert.deepEqual(await markedOn(member, gateways), [MARKED, OTHER]);

    assert.equal(await send("POST", MARKED), 200);
    assert.equal(await send("POST", MARKED, "m 2\nn 2\n"), 200);
    assert.equal(await send("POST", MARKED, "# TYPE m counter\n# TYPE n gauge\nn 3\n"), 200);
    assert.equal(await send("POST", MARKED, "not a metric\n"), 400);
    assert.deepEqual(await markedOn(member, gateways), [MARKED, OTHER]);

    assert.equal(await send("PUT", MARKED), 200);
    assert.deepEqual(await markedOn(member, gateways), [OTHER]);

    assert.equal(await send("DELETE", OTHER), 202);
    // Deletions are queued, and a push that is answered comes after them.
    assert.equal(await send("POST", OTHER), 200);
    assert.deepEqual(await markedOn(member, gateways), []);
  });

  Deno.test(`on ${version} only the API shows the mark`, async () => {
    await using pushgateway = await startVersion(version);
    using way = openWay();
    const gateways = openGateways(way);
    const member = parseMember(pushgateway.address);
    await push(pushgateway, { path: MARKED, body: "m 1\n" }, way.transport);
    const pageBefore = await familiesOf(pushgateway.url);
    await markOn(member, { gateways, id: MARKED });
    await markOn(member, { gateways, id: OTHER });

    assert.deepEqual(await familiesOf(pushgateway.url), pageBefore);
    assert(pageBefore.includes("m"));
    const accept = "application/vnd.google.protobuf;" +
      "proto=io.prometheus.client.MetricFamily;encoding=delimited";
    const { text } = await request(`${pushgateway.url}/metrics`, { headers: { accept } });
    assert(text.includes("push_time_seconds") && !text.includes(PARTIAL_FAMILY));
    const api = await request(`${pushgateway.url}/api/v1/metrics`);
    assert.equal(api.text.split(`"${PARTIAL_FAMILY}"`).length - 1, 2);
  });

  Deno.test(`on ${version} the mark outlives a restart and goes along with a copy`, async () => {
    const persistenceFile = await Deno.makeTempFile({ prefix: "pushgateway-" });
    await Deno.remove(persistenceFile);
    try {
      await using pushgateway = await startVersion(version, { persistenceFile });
      await using target = await startVersion(version);
      using way = openWay();
      const gateways = openGateways(way);
      const [from, to] = [pushgateway, target].map(({ address }) => parseMember(address));
      await push(pushgateway, { path: MARKED, body: "m 1\n" }, way.transport);
      await markOn(from, { gateways, id: MARKED });
      await pushgateway.stop();
      await pushgateway.start();
      assert.deepEqual(await markedOn(from, gateways), [MARKED]);

      const reading = await gateways.group(from, MARKED, signal);
      assert(reading?.kind === "content" && reading.content.partial);
      assert.equal(await gateways.merge(to, reading.content, signal), undefined);
      assert.deepEqual(await markedOn(to, gateways), [MARKED]);
      assert((await familiesOf(target.url)).includes("m"));
    } finally {
      await Deno.remove(persistenceFile);
    }
  });
}

/** The families of the page. */
async function familiesOf(url: string): Promise<string[]> {
  const { status, text } = await request(`${url}/metrics`);
  assert.equal(status, 200);
  return [...text.matchAll(/^# TYPE (\S+)/gm)].map(([, name]) => name);
}
