import assert from "node:assert/strict";
import { sleep } from "../../src/concurrency/backoff.ts";
import { watchAgent } from "../../src/consul/tripwire.ts";
import { freePort } from "../../tools/ports.ts";

const LOOPBACK = { hostname: "127.0.0.1" };
const permissions = { net: true };

Deno.test("an agent that closes its connections is gone", { permissions }, async () => {
  using listener = Deno.listen({ ...LOOPBACK, port: 0 });
  const gone = Promise.withResolvers<void>();
  using _watch = watchAgent({ ...LOOPBACK, port: listener.addr.port }, gone.resolve);
  (await listener.accept()).close();
  await gone.promise;
});

Deno.test("an agent that takes no connection is gone", { permissions }, async () => {
  const gone = Promise.withResolvers<void>();
  using _watch = watchAgent({ ...LOOPBACK, port: freePort() }, gone.resolve);
  await gone.promise;
});

Deno.test("an agent that stays is not gone, and who watches no more hears nothing", {
  permissions,
}, async () => {
  using listener = Deno.listen({ ...LOOPBACK, port: 0 });
  let calls = 0;
  {
    using _watch = watchAgent({ ...LOOPBACK, port: listener.addr.port }, () => calls++);
    using _connection = await listener.accept();
    await sleep(50);
    assert.equal(calls, 0);
  }
  await sleep(50);
  assert.equal(calls, 0);
});
