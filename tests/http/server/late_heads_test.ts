/** Heads that take their time: in real time, all at once. */

import assert from "node:assert/strict";
import { sleep } from "../../../src/concurrency/backoff.ts";
import { connect, get, type RawClient } from "./raw_client.ts";
import { ignoreBody, startServer } from "./test_server.ts";

const LIMIT_MS = 10_000;

/** Sends byte by byte until it is over, or it is answered. */
async function drip(client: RawClient, text: string, everyMs: number): Promise<void> {
  let isAnswered = false;
  const answered = client.receive().finally(() => isAnswered = true);
  for (const byte of text) {
    if (isAnswered) break;
    await client.send(byte);
    await sleep(everyMs);
  }
  assert.match(await answered, /^HTTP\/1\.1 408 [^]*\r\nconnection: close\r\n[^]*within 10 s\n$/);
}

const LATE: readonly [how: string, run: (client: RawClient) => Promise<void>][] = [
  ["begins and brings nothing more", async (client) => {
    await client.send("GET / HT");
    assert.equal((await client.answer()).status, 408);
    await client.send("TP/1.1\r\nHost: here\r\n\r\n");
  }],
  ["comes byte by byte for too long", (client) => drip(client, get(`/${"x".repeat(300)}`), 50)],
  ["begins with empty lines only", (client) => drip(client, "\r\n".repeat(200), 50)],
  ["is the second one, behind another", async (client) => {
    await client.send(get("/") + "GET /");
    assert.equal((await client.answer()).status, 200);
    assert.equal((await client.answer()).status, 408);
  }],
];

Deno.test(
  "a head that does not come within 10 s is refused with 408, in time and for the last time",
  {
    permissions: { net: true },
  },
  async () => {
    await using server = startServer(ignoreBody);
    await Promise.all(LATE.map(async ([how, run]) => {
      using client = await connect(server.port);
      const beganMs = performance.now();
      await run(client);
      const ms = performance.now() - beganMs;
      assert(ms > LIMIT_MS, `a head that ${how}: ${ms} ms`);
      await client.closeWrite();
      assert.equal(await client.rest(), "", how);
    }));
    assert.deepEqual(server.refusals, LATE.map(() => 408));
  },
);

Deno.test("a head that comes byte by byte, in time, is answered", {
  permissions: { net: true },
}, async () => {
  await using server = startServer(ignoreBody);
  using client = await connect(server.port);
  for (let i = 0; i < 2; i++) {
    for (const byte of get("/slow")) {
      await client.send(byte);
      await sleep(5);
    }
    assert.equal((await client.answer()).body, "GET /slow");
  }
});
