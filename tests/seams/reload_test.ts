/**
 * A reload leaves protection on: a push of a misplaced group that comes meanwhile loses nothing, however
 * long what is under way takes to end.
 *
 * @module
 */

import assert from "node:assert/strict";
import { startConsul } from "../../tools/consul.ts";
import { startPushgateway } from "../../tools/pushgateway.ts";
import { waitFor } from "../../tools/wait.ts";
import type { RequestHead } from "../blackbox/request_splitter.ts";
import { startService } from "../integration/service.ts";
import { theOnlyCopy, waitForMisplaced } from "./families.ts";
import { openGate } from "./gate.ts";
import { jobsOf, pushTo } from "./groups.ts";
import { configOf, waitForAll } from "./members.ts";

Deno.test("a POST of a misplaced group loses nothing while a reload finds another one under way", async () => {
  await using consul = await startConsul();
  await using former = await startPushgateway();
  await using owner = await startPushgateway();
  await using gate = openGate(former);
  const addresses = [gate.address, owner.address];
  const [job, slowJob] = jobsOf(owner.address, addresses, { prefix: "job", count: 2 });
  const [path, slow] = [job, slowJob].map((job) => `/metrics/job/${job}`);
  // As a scale-out has left them.
  for (const group of [path, slow]) {
    assert.equal(await pushTo(former, group, { body: "x 1\ny 1\n" }), 200);
  }
  await using service = await startService({
    config: configOf(addresses, { consul, more: "handoff: {sweep_interval: 1s}" }),
    flags: ["--web.enable-lifecycle"],
  });
  await waitForAll(service, addresses);
  await waitForMisplaced(service, 2);

  const post = (group: string) => service.get(group, { method: "POST", body: "z 1\n" });
  let underWay: ReturnType<typeof post>;
  {
    let hasCome = false;
    const isSlow = ({ method, target }: RequestHead) => method === "POST" && target === slow;
    using _hold = gate.hold((request) => isSlow(request) && (hasCome = true));
    underWay = post(slow);
    await waitFor(() => hasCome, { what: "a POST that takes long to be under way" });
    const reloaded = await service.get("/-/reload", { method: "POST" });
    assert.equal(reloaded.status, 200, reloaded.text);

    const posted = await post(path);
    assert.equal(posted.status, 200, posted.text);
  }
  assert.equal((await underWay).status, 200);
  for (const left of [job, slowJob]) {
    assert.deepEqual(await theOnlyCopy([former, owner], left), { x: "1", y: "1", z: "1" });
  }
});
