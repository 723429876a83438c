/**
 * A Pushgateway from before this service may hold a group with an explicit empty `instance`. It exposes
 * the same series as the group without: beside one another they make its `/metrics` fail.
 *
 * @module
 */

import assert from "node:assert/strict";
import { waitFor } from "../../tools/wait.ts";
import { type Service, startService } from "../integration/service.ts";
import { copiesOf, jobOf, pushTo, scrapeStatus } from "./groups.ts";
import { configOf, type Members, startMembers, waitForAll } from "./members.ts";

/** How a group is spelled that has the label, and has it empty. */
const explicitPath = (job: string) => `/metrics/job/${job}/instance@base64/=`;
const pathOf = (job: string) => `/metrics/job/${job}`;

/** Two Pushgateways of which the first holds a group so, and the service before them. */
async function startHolding(
  job: string,
  members: Members,
  mode: "proxy" | "redirect" = "proxy",
): Promise<Service> {
  const { all: [holder], addresses } = members;
  assert.equal(await pushTo(holder, explicitPath(job), { body: "kept 1\nm 1\n" }), 200);
  const service = await startService({ config: configOf(addresses, { mode }) });
  await waitForAll(service, addresses);
  return service;
}

async function assertScrapable({ all }: Members): Promise<void> {
  for (const one of all) assert.equal(await scrapeStatus(one), 200, one.address);
}

for (const mode of ["proxy", "redirect"] as const) {
  Deno.test(`in ${mode} mode a push goes to the spelling that its Pushgateway has`, async () => {
    await using members = await startMembers(2);
    const { all, addresses } = members;
    const [owner] = all;
    const job = jobOf(owner.address, addresses);
    await using service = await startHolding(job, members, mode);

    const send = async (job: string, method: string) => {
      const answer = await fetch(`${service.url}${pathOf(job)}`, { method, body: "m 2\n" });
      return { status: answer.status, text: await answer.text() };
    };
    const { status, text } = await send(job, "POST");
    assert.equal(status, 200, text);
    await assertScrapable(members);
    const copies = await copiesOf(all, job);
    assert.deepEqual(
      copies.map(({ address, labels, values }) => ({ address, labels, values })),
      [{
        address: owner.address,
        labels: { instance: "", job },
        values: { kept: "1", m: "2" },
      }],
    );
    assert.equal((await send("other", "PUT")).status, 200, "no other push is refused for it");
  });
}

Deno.test("a deletion reaches both spellings, wherever they are", async () => {
  await using members = await startMembers(2);
  const { all, addresses } = members;
  const [, owner] = all;
  const job = jobOf(owner.address, addresses);
  assert.equal(await pushTo(owner, pathOf(job), { body: "m 3\n" }), 200);
  await using service = await startHolding(job, members);
  assert.equal((await service.get(pathOf(job), { method: "DELETE" })).status, 202);
  await waitFor(async () => (await copiesOf(all, job)).length === 0, {
    what: "the group to be gone",
    msMax: 10_000,
  });
});

for (const method of ["PUT", "POST"]) {
  Deno.test(`a ${method} brings such a group home, without the label, and leaves nothing of it`, async () => {
    await using members = await startMembers(2);
    const { all, addresses } = members;
    const [holder, owner] = all;
    const job = jobOf(owner.address, addresses);
    await using service = await startHolding(job, members);
    const pushed = await service.get(pathOf(job), { method, body: "m 2\n" });
    assert.equal(pushed.status, 200, pushed.text);
    await assertScrapable(members);
    await waitFor(async () => (await copiesOf([holder], job)).length === 0, {
      what: "its former holder to let it go",
      msMax: 10_000,
    });
    const [{ address, labels, values }, ...more] = await copiesOf(all, job);
    assert.deepEqual([address, labels, more], [owner.address, { job }, []]);
    assert.deepEqual(values, method === "PUT" ? { m: "2" } : { kept: "1", m: "2" });
    await assertScrapable(members);
  });
}
