/**
 * A stop is ordered: the process that ends answers what it has begun with all that protects it, while
 * the next one serves and looks for stale copies already.
 *
 * @module
 */

import assert from "node:assert/strict";
import { startConsul } from "../../tools/consul.ts";
import { waitFor } from "../../tools/wait.ts";
import { type Service, startService } from "../integration/service.ts";
import { theOnlyCopy, waitForMisplaced } from "./families.ts";
import { jobOf, pushTo } from "./groups.ts";
import { keepConnection, pushOf } from "./kept_connection.ts";
import { configOf, startMembers, waitForAll } from "./members.ts";

Deno.test("a blue/green restart loses nothing of a group that is pushed through the process that ends", async () => {
  await using consul = await startConsul();
  await using members = await startMembers(2);
  const { addresses, all } = members;
  const [former, owner] = all;
  const job = jobOf(owner.address, addresses);
  const path = `/metrics/job/${job}`;
  assert.equal(await pushTo(former, path, { body: "x 1\ny 1\n" }), 200); // as a scale-out has left it
  // Each has a port of its own, so that it is known whom a request goes to.
  const options = {
    config: configOf(addresses, { consul, more: "handoff: {sweep_interval: 1s}" }),
    flags: ["--web.reuse-port"],
  };
  await using blue = await startService(options);
  await using green = await startService(options);
  for (const service of [blue, green]) {
    await waitForAll(service, addresses);
    await waitForMisplaced(service, 1);
  }

  using kept = await keepConnection(blue);
  await kept.send("GET /-/healthy HTTP/1.1\r\nHost: x\r\n\r\n");
  assert.equal(await kept.answer(), "HTTP/1.1 200 OK");
  blue.process.kill("SIGTERM");
  await waitUntilClosed(blue);
  await kept.send(pushOf(path, "z 1\n").join(""));
  if (await kept.answer() === "closed") {
    // As a client does: over another connection.
    assert.equal((await green.get(path, { method: "POST", body: "z 1\n" })).status, 200);
  }
  assert.equal((await blue.process.exited).code, 0);
  assert.deepEqual(await theOnlyCopy(all, job), { x: "1", y: "1", z: "1" });
});

Deno.test("a push whose body is still coming when its process is stopped is taken", async () => {
  await using members = await startMembers(1);
  const { addresses, all } = members;
  await using service = await startService({ config: configOf(addresses) });
  await waitForAll(service, addresses);
  using client = await keepConnection(service);
  const [head, body] = pushOf("/metrics/job/j", "z 1\n");
  await client.send(head);
  await service.get("/-/healthy"); // so the head has been read
  service.process.kill("SIGTERM");
  await waitUntilClosed(service);
  await client.send(body);
  assert.equal(await client.answer(), "HTTP/1.1 200 OK");
  assert.equal((await service.process.exited).code, 0);
  assert.deepEqual(await theOnlyCopy(all, "j"), { z: "1" });
});

/** Waits until a service takes no more connections: it is about to end. */
async function waitUntilClosed({ url }: Service): Promise<void> {
  const { hostname, port } = new URL(url);
  await waitFor(async () => {
    try {
      (await Deno.connect({ hostname, port: Number(port) })).close();
      return false;
    } catch (error) {
      return error instanceof Deno.errors.ConnectionRefused;
    }
  }, { what: "the service to listen no more" });
}
