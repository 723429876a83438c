/** Our own probes, on members from the file: what they take out, and what stays. @module */

import assert from "node:assert/strict";
import { startPushgateway } from "../../tools/pushgateway.ts";
import { waitFor } from "../../tools/wait.ts";
import { startService } from "./service.ts";

Deno.test("a member that hangs leaves the ring and returns when it answers again", async () => {
  await using first = await startPushgateway();
  await using second = await startPushgateway();
  const all = [first.address, second.address];
  await using service = await startService({
    config: `pushgateway: {servers: [${quoted(all)}]}\n`,
  });
  await service.waitForMembers(all);

  second.kill("SIGSTOP");
  await service.waitForMembers([first.address]);
  await service.waitForLog("no answer within 1000 ms");
  assert.equal(await service.metric('dynamic_sharding_members{state="suspect"}'), 1);
  second.kill("SIGCONT");
  await service.waitForMembers(all);
});

Deno.test("a member that cannot join is told with the reason", async () => {
  const options = { hostname: "127.0.0.1", port: 0, onListen() {} };
  await using elsewhere = Deno.serve(options, () => new Response(null, { status: 404 }));
  const members = [`127.0.0.1:${elsewhere.addr.port}`, "no-such-host.invalid:9091"];
  await using service = await startService({
    config: `pushgateway: {servers: [${quoted(members)}]}\n`,
  });
  await service.waitForLog(
    `"member cannot join" member=${members[0]} reason="answers its probe with 404"`,
  );
  await service.waitForLog(`"member cannot join" member=${members[1]} reason="no connection: `);
});

Deno.test("when the last member dies the ring stays, and readiness says why", async () => {
  await using gateway = await startPushgateway();
  const config = `pushgateway: {servers: [${quoted([gateway.address])}]}\n`;
  await using service = await startService({ config });
  await service.waitUntilReady();
  await gateway.kill9();
  await waitFor(async () => (await service.get("/-/ready")).status === 503, { what: "not ready" });
  const { text } = await service.get("/-/ready");
  assert.equal(text, "none of 1 listed members is active; the last ring is kept\n");
  assert.deepEqual(await service.members(), [gateway.address]);
  assert.equal(await service.ownerOf("/metrics/job/a"), gateway.address);
  await gateway.start();
  await service.waitUntilReady();
});

Deno.test("pushes are answered 503 with Retry-After until a member is known", async () => {
  await using service = await startService({
    // Nobody listens there, and no server is named: nothing can ever be known.
    config: 'consul_server: {addr: "127.0.0.1:9"}\n',
  });
  const { status, headers, text } = await service.get("/metrics/job/a", {
    method: "PUT",
    body: "m 1\n",
  });
  assert.deepEqual(
    { status, retryAfter: headers.get("retry-after"), text },
    { status: 503, retryAfter: "1", text: "no Pushgateway is known yet\n" },
  );
  assert.equal((await service.get("/sd")).status, 503);
  assert.equal((await service.get("/-/ready")).status, 503);
  assert.equal((await service.get("/-/healthy")).status, 200);
});

function quoted(addresses: readonly string[]): string {
  return addresses.map((address) => JSON.stringify(address)).join(", ");
}
