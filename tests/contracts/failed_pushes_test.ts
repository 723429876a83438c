/**
 * When pushes of a group failed, on real Pushgateways: a copy shows it as the original does, and an
 * alert on `push_failure_time_seconds > push_time_seconds` fires or does not as before.
 *
 * @module
 */

import assert from "node:assert/strict";
import type { Gateways } from "../../src/handoff/gateways.ts";
import { type Member, parseMember } from "../../src/member.ts";
import { type GroupContent, sameContent } from "../../src/pushgateway/group_content.ts";
import { openWay, push } from "../pushgateway/read_way.ts";
import { openGateways, startVersion, VERSIONS } from "./gateways.ts";

const { signal } = new AbortController();
const ID = "/metrics/job/a";

async function contentOn(member: Member, gateways: Gateways): Promise<GroupContent> {
  const reading = await gateways.group(member, ID, signal);
  assert(reading?.kind === "content", JSON.stringify(reading));
  return reading.content;
}

for (const version of VERSIONS) {
  Deno.test(`on ${version} a push is made to fail and changes nothing else`, async () => {
    await using pushgateway = await startVersion(version);
    using way = openWay();
    const gateways = openGateways(way);
    const member = parseMember(pushgateway.address);
    await push(pushgateway, { path: ID, body: "m 1\n" }, way.transport);
    const sound = await contentOn(member, gateways);
    assert.equal(sound.failureTime, 0);

    await gateways.failPush(member, ID, signal);
    const failed = await contentOn(member, gateways);
    assert(failed.failureTime > failed.pushTime);
    assert.equal(failed.pushTime, sound.pushTime);
    assert(sameContent(failed, sound));
  });

  Deno.test(`on ${version} the time of a failure is restored exactly, and the content stays`, async () => {
    await using pushgateway = await startVersion(version);
    using way = openWay();
    const gateways = openGateways(way);
    const member = parseMember(pushgateway.address);
    await push(pushgateway, { path: ID, body: "m 1\n" }, way.transport);
    const sound = await contentOn(member, gateways);
    for (const time of [1_795_472_836.993_481_2, 12.5]) {
      await gateways.restoreFailure(member, { id: ID, time }, signal);
      const { failureTime, ...restored } = await contentOn(member, gateways);
      assert.equal(failureTime, time);
      assert(sameContent({ ...restored, failureTime }, sound));
    }
  });

  for (
    const [history, outcomes] of [
      ["that never failed", ["taken"]],
      ["whose last push failed", ["taken", "failed"]],
      ["whose last push succeeded after one that failed", ["taken", "failed", "taken"]],
      ["that no push has reached well", ["failed"]],
    ] as const
  ) {
    Deno.test(`on ${version} a copy of a group ${history} looks the same`, async () => {
      await using source = await startVersion(version);
      await using target = await startVersion(version);
      using way = openWay();
      const gateways = openGateways(way);
      const [from, to] = [source, target].map(({ address }) => parseMember(address));
      for (const outcome of outcomes) {
        if (outcome === "failed") await gateways.failPush(from, ID, signal);
        else await push(source, { path: ID, body: "m 1\n" }, way.transport);
      }
      const original = await contentOn(from, gateways);
      assert.equal(await gateways.merge(to, original, signal), undefined);

      const copy = await contentOn(to, gateways);
      assert(sameContent(copy, original));
      assert.equal(copy.pushTime > 0, original.pushTime > 0);
      const isFailing = outcomes.at(-1) === "failed";
      for (const { failureTime, pushTime } of [original, copy]) {
        assert.equal(failureTime > pushTime, isFailing);
      }
      if (!isFailing) assert.equal(copy.failureTime, original.failureTime);
    });
  }
}
