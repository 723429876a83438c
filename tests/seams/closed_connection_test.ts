/** Pushgateway 1.11.0 closes the connection instead of refusing a push. @module */

import assert from "node:assert/strict";
import { ensureComponents } from "../../tools/components.ts";
import { startService } from "../integration/service.ts";
import { openGate } from "./gate.ts";
import { copiesOf, jobOf, pushTo } from "./groups.ts";
import { configOf, startMembers, waitForAll } from "./members.ts";

const gauge = (value: number) => `# TYPE m gauge\nm ${value}\n`;
const CONFLICT = { body: "# TYPE m counter\nm 1\n" };

async function startOld(count: number) {
  const { "pushgateway-1.11.0": component } = await ensureComponents(["pushgateway-1.11.0"]);
  return await startMembers(count, { component });
}

Deno.test("a push that is refused by a closed connection is sent once more and no oftener, and its sender is told why", async () => {
  await using members = await startOld(1);
  const [owner] = members.all;
  await using gate = openGate(owner);
  assert.equal(await pushTo(owner, "/metrics/job/conflict", CONFLICT), 200);
  await using service = await startService({ config: configOf([gate.address]) });
  await waitForAll(service, [gate.address]);
  const path = "/metrics/job/refused";
  const { status, text } = await service.get(path, { method: "PUT", body: gauge(1) });
  assert.equal(status, 502, text);
  assert.equal(gate.passed.filter(({ target }) => target === path).length, 2);
  assert.match(text, /as Pushgateway 1\.11\.0 does to refuse a push/);
});

Deno.test("a misplaced PUT that is refused so leaves the group as it was, and no empty one on its owner", async () => {
  await using members = await startOld(2);
  const { all, addresses } = members;
  const [holder, owner] = all;
  const job = jobOf(owner.address, addresses);
  const path = `/metrics/job/${job}`;
  assert.equal(await pushTo(holder, path, { body: gauge(1) }), 200);
  assert.equal(await pushTo(owner, "/metrics/job/conflict", CONFLICT), 200);
  await using service = await startService({ config: configOf(addresses) });
  await waitForAll(service, addresses);
  const { status } = await service.get(path, { method: "PUT", body: gauge(2) });
  assert.equal(status, 502);
  const [{ address, values }, ...more] = await copiesOf(all, job);
  assert.deepEqual([address, values, more], [holder.address, { m: "1" }, []]);
});
