/**
 * A Pushgateway that restarts between two probes comes with what its file has: it is no different from
 * one that was away for long, as its start time tells.
 *
 * @module
 */

import assert from "node:assert/strict";
import { startPushgateway } from "../../tools/pushgateway.ts";
import { waitFor } from "../../tools/wait.ts";
import { startService } from "../integration/service.ts";
import { openGate } from "./gate.ts";
import { copiesOf, jobOf, pushTo } from "./groups.ts";
import { configOf, waitForAll } from "./members.ts";

/** The clock of a Pushgateway is known to a second or so. */
const CLOCK_SECONDS = 2;

Deno.test("a member that restarts between two probes is out of /sd until its old copies are deleted", async () => {
  await using other = await startPushgateway();
  await using before = await startPushgateway();
  await using after = await startPushgateway();
  await using gate = openGate(before);
  const addresses = [other.address, gate.address];
  const gone = jobOf(other.address, addresses);
  const kept = jobOf(gate.address, addresses);
  const body = "m 1\n";
  // What its file had: one group that has moved away since, and one that belongs to it.
  for (const job of [gone, kept]) {
    assert.equal(await pushTo(after, `/metrics/job/${job}`, { body }), 200);
  }
  const [old] = await copiesOf([after], gone);
  await using service = await startService({ config: configOf(addresses) });
  await waitForAll(service, addresses);
  await waitFor(() => Date.now() / 1_000 > old.pushTime + CLOCK_SECONDS, {
    what: "the old copy to be old enough to be judged",
  });
  const pushed = await service.get(`/metrics/job/${gone}`, { method: "PUT", body: "m 2\n" });
  assert.equal(pushed.status, 200, pushed.text);
  {
    using _hold = gate.hold(({ target }) => target === "/metrics");
    gate.leadTo(after);
    await service.waitForMembers([other.address]);
    await service.waitForLog("has restarted, and its groups are about to be read");
  }
  await service.waitForMembers(addresses);
  assert.deepEqual(await copiesOf([after], gone), []);
  const copies = [...await copiesOf([other], gone), ...await copiesOf([after], kept)];
  assert.deepEqual(copies.map(({ values }) => values), [{ m: "2" }, { m: "1" }]);
});
