/**
 * A push of a misplaced group is taken as a whole or not at all, and nobody waits for a Pushgateway that
 * has no part in it.
 *
 * @module
 */

import assert from "node:assert/strict";
import { waitFor } from "../../tools/wait.ts";
import { startService } from "../integration/service.ts";
import { openGate } from "./gate.ts";
import { copiesOf, jobOf, pushTo } from "./groups.ts";
import { configOf, startMembers, waitForAll } from "./members.ts";

Deno.test("a PUT that the owner refuses for its types changes nothing on the former holder", async () => {
  await using members = await startMembers(2);
  const { all, addresses } = members;
  const [holder, owner] = all;
  const job = jobOf(owner.address, addresses);
  const path = `/metrics/job/${job}`;
  const gauge = (value: number) => `# TYPE m gauge\nm ${value}\n`;
  assert.equal(await pushTo(holder, path, { body: gauge(1) }), 200);
  const conflict = { body: "# TYPE m counter\nm 1\n" };
  assert.equal(await pushTo(owner, "/metrics/job/conflict", conflict), 200);
  await using service = await startService({ config: configOf(addresses) });
  await waitForAll(service, addresses);

  const { status, text } = await service.get(path, { method: "PUT", body: gauge(2) });
  assert.equal(status, 400, text);
  const [{ address, values, pushTime, failureTime }, ...more] = await copiesOf(all, job);
  assert.deepEqual([address, values, more], [holder.address, { m: "1" }, []]);
  assert(failureTime > pushTime, "its last push counts as a failed one");
});

Deno.test("a PUT that its owner alone refuses for its series is answered as it was taken", async () => {
  await using members = await startMembers(2);
  const { all, addresses } = members;
  const [holder, owner] = all;
  const job = jobOf(owner.address, addresses);
  const path = `/metrics/job/${job}`;
  assert.equal(await pushTo(holder, path, { body: 's{tag="v"} 1\n' }), 200);
  // Exposes the very series that the push is about to carry.
  assert.equal(await pushTo(owner, `${path}/tag/v`, { body: "s 1\n" }), 200);
  await using service = await startService({ config: configOf(addresses) });
  await waitForAll(service, addresses);

  const { status } = await service.get(path, { method: "PUT", body: 's{tag="v"} 2\n' });
  const copies = await copiesOf(all, job);
  const [{ address, values }, ...more] = copies.filter(({ labels }) => labels.tag === undefined);
  assert.deepEqual(values, status === 200 ? { s: "2" } : { s: "1" }, `it was answered ${status}`);
  assert.deepEqual([address, more], [holder.address, []], "the owner has no empty group of it");
});

Deno.test("a deletion does not wait for a member that hangs and is not known to hold the group", async () => {
  await using members = await startMembers(2);
  const [owner, other] = members.all;
  await using gate = openGate(other);
  const addresses = [owner.address, gate.address];
  const job = jobOf(owner.address, addresses);
  const path = `/metrics/job/${job}`;
  // Without an answer a deletion fails after ten seconds.
  const config = configOf(addresses, { more: "proxy: {timeout: 10s}" });
  await using service = await startService({ config });
  await waitForAll(service, addresses);
  assert.equal((await service.get(path, { method: "PUT", body: "m 1\n" })).status, 200);
  {
    using _hold = gate.hold(() => true);
    // Nobody can have seen this copy.
    assert.equal(await pushTo(other, path, { body: "m 1\n" }), 200);
    const { status, text } = await service.get(path, { method: "DELETE" });
    assert.equal(status, 202, text);
    gate.leadTo(other); // what is held back never arrives
  }
  await waitFor(async () => (await copiesOf(members.all, job)).length === 0, {
    what: "the group to be gone everywhere",
  });
});
