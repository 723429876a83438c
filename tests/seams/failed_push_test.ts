/**
 * A group whose last push has failed shows that wherever it goes: alerts compare
 * `push_failure_time_seconds` with `push_time_seconds`.
 *
 * @module
 */

import assert from "node:assert/strict";
import { waitFor } from "../../tools/wait.ts";
import { startService } from "../integration/service.ts";
import { copiesOf, type Copy, jobOf, jobsOf, pushTo } from "./groups.ts";
import { askToDrain, configOf, memberOf, startMembers, waitForAll } from "./members.ts";

const FLAGS = ["--web.enable-admin-api"];
/** No Pushgateway takes a sample with a timestamp; it keeps the time of the attempt. */
const REFUSED = "m 3 1700000000000\n";

function assertFailed({ pushTime, failureTime }: Copy): void {
  assert(failureTime > pushTime, `failed at ${failureTime}, pushed at ${pushTime}`);
}

Deno.test("a drain leaves the last push of a group a failed one", async () => {
  await using members = await startMembers(2);
  const { all, addresses } = members;
  await using service = await startService({ config: configOf(addresses), flags: FLAGS });
  await waitForAll(service, addresses);
  const [first, second] = addresses;
  const job = jobOf(first, addresses);
  const never = jobOf(first, addresses, "never");
  const push = (job: string, body: string) =>
    service.get(`/metrics/job/${job}`, { method: "PUT", body });
  assert.equal((await push(job, "m 1\n")).status, 200);
  for (const one of [job, never]) assert.equal((await push(one, REFUSED)).status, 400);
  const [before] = await copiesOf(all, job);
  assertFailed(before);

  assert.equal((await askToDrain(service, first)).status, 202);
  await waitFor(async () => (await memberOf(service, first)).drained, { what: "it to be empty" });
  const [after, ...more] = await copiesOf(all, job);
  assert.deepEqual([after.address, after.values, more], [second, { m: "1" }, []]);
  assertFailed(after);
  const [empty] = await copiesOf(all, never);
  assert.deepEqual([empty.address, empty.values, empty.pushTime], [second, {}, 0]);
  assertFailed(empty);
});

Deno.test("a push of a misplaced group leaves when the last one failed as one Pushgateway would", async () => {
  await using members = await startMembers(2);
  const { all, addresses } = members;
  const [holder] = all;
  const [, owner] = addresses;
  const [taken, refused] = jobsOf(owner, addresses, { prefix: "job", count: 2 });
  for (const job of [taken, refused]) {
    const path = `/metrics/job/${job}`;
    assert.equal(await pushTo(holder, path, { body: "m 1\n" }), 200);
    assert.equal(await pushTo(holder, path, { body: REFUSED }), 400);
  }
  const [[takenBefore], [refusedBefore]] = [
    await copiesOf(all, taken),
    await copiesOf(all, refused),
  ];
  await using service = await startService({ config: configOf(addresses) });
  await waitForAll(service, addresses);
  const push = (job: string, body: string) =>
    service.get(`/metrics/job/${job}`, { method: "PUT", body });

  assert.equal((await push(taken, "m 2\n")).status, 200);
  const gone = async () => (await copiesOf([holder], taken)).length === 0;
  await waitFor(gone, { what: "its former holder to let it go" });
  const [home] = await copiesOf(all, taken);
  assert.deepEqual([home.address, home.values], [owner, { m: "2" }]);
  assert.equal(home.failureTime, takenBefore.failureTime, "it is kept");
  assert(home.pushTime > home.failureTime, "the last push was taken");

  assert.equal((await push(refused, REFUSED)).status, 400);
  const [failed, ...more] = await copiesOf(all, refused);
  assert.deepEqual([failed.address, failed.values, more], [holder.address, { m: "1" }, []]);
  assert.equal(failed.pushTime, refusedBefore.pushTime);
  assert(failed.failureTime > refusedBefore.failureTime, "it is a later one");
});
