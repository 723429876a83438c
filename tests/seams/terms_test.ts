/**
 * Each configuration is opened once, used once and closed once, however close to each other reloads
 * come; and a reload that has been answered is in force.
 *
 * @module
 */

import assert from "node:assert/strict";
import { type ConsulAgent, startConsul } from "../../tools/consul.ts";
import { waitFor } from "../../tools/wait.ts";
import { standIn } from "../integration/stand_in.ts";
import { type Service, startService } from "../integration/service.ts";
import { jobOf } from "./groups.ts";
import { configOf, startMembers, waitForAll } from "./members.ts";

const flags = ["--web.enable-lifecycle"];
/** How close the reloads of one round come to each other is chance. */
const ROUNDS = 5;
const PUSHES = 20;

const sources: Readonly<
  Record<string, (stack: AsyncDisposableStack) => Promise<ConsulAgent | undefined>>
> = {
  "the file": () => Promise.resolve(undefined),
  "Consul": async (stack) => stack.use(await startConsul()),
};

async function reload(service: Service): Promise<void> {
  const { status, text } = await service.get("/-/reload", { method: "POST" });
  assert.equal(status, 200, text);
}

/** Waits until the members have been read: the configuration in force does its work. */
async function waitUntilSwept(service: Service): Promise<void> {
  const plan = "/api/v1/plan?add=127.0.0.1:1";
  await waitFor(async () => (await service.get(plan)).status === 200, {
    what: "the members to be swept",
  });
}

for (const [source, start] of Object.entries(sources)) {
  Deno.test(`pushes keep their connections after reloads at once, with members from ${source}`, async () => {
    await using stack = new AsyncDisposableStack();
    const consul = await start(stack);
    await using member = standIn(); // for it counts its connections
    const addresses = [member.member];
    await using service = await startService({ config: configOf(addresses, { consul }), flags });
    await waitForAll(service, addresses);
    const push = async () => {
      const { status } = await service.get("/metrics/job/j", { method: "PUT", body: "m 1\n" });
      assert.equal(status, 200);
    };
    for (let round = 0; round < ROUNDS; round++) {
      await Promise.all([reload(service), reload(service), reload(service)]);
      await waitUntilSwept(service);
      await push();
      const before = member.accepted;
      for (let i = 0; i < PUSHES; i++) await push();
      const opened = member.accepted - before;
      // Probes and sweeps may open some of their own.
      assert(
        opened < PUSHES / 2,
        `expected kept connections, found ${opened} for ${PUSHES} pushes`,
      );
    }
  });

  Deno.test(`a reload is answered when its members are in force, with members from ${source}`, async () => {
    await using stack = new AsyncDisposableStack();
    const consul = await start(stack);
    await using members = await startMembers(2);
    const { addresses } = members;
    const [first, second] = addresses;
    const ofFirst = `/metrics/job/${jobOf(first, addresses)}`;
    const ofSecond = `/metrics/job/${jobOf(second, addresses)}`;
    await using service = await startService({ config: configOf([first], { consul }), flags });
    await waitForAll(service, [first]);

    await service.configure(configOf(addresses, { consul }));
    await reload(service);
    assert.equal(await service.ownerOf(ofSecond), second, "who was put in is in");
    await service.configure(configOf([second], { consul }));
    await reload(service);
    assert.equal(await service.ownerOf(ofFirst), second, "who was taken out is out");
  });
}
