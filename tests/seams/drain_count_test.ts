/** Whoever is asked tells how many groups a drain has moved, whichever instance has moved them. @module */

import assert from "node:assert/strict";
import { outputOf } from "../../tools/command.ts";
import { startConsul } from "../../tools/consul.ts";
import { type Service, serviceCommand, startService } from "../integration/service.ts";
import { jobsOf } from "./groups.ts";
import { configOf, startMembers, waitForAll } from "./members.ts";

const GROUPS = 12;

async function drainBy({ url }: Service, member: string): Promise<string> {
  const { command, args } = serviceCommand();
  return (await outputOf(command, [...args, "drain", "--url", url, member])).trim();
}

Deno.test("two instances that are asked to drain a member both tell the true number", async () => {
  await using consul = await startConsul();
  await using members = await startMembers(2);
  const { addresses } = members;
  const options = {
    config: configOf(addresses, { consul }),
    flags: ["--web.enable-admin-api"],
  };
  await using one = await startService(options);
  await using other = await startService(options);
  const both = [one, other];
  for (const service of both) await waitForAll(service, addresses);
  const [first] = addresses;
  for (const job of jobsOf(first, addresses, { prefix: "job", count: GROUPS })) {
    const pushed = await one.get(`/metrics/job/${job}`, { method: "PUT", body: "m 1\n" });
    assert.equal(pushed.status, 200, pushed.text);
  }
  const summaries = await Promise.all(both.map((service) => drainBy(service, first)));
  const expected = `${first} is empty, ${GROUPS} groups were moved: it may be stopped`;
  assert.deepEqual(summaries, [expected, expected]);
});
