/** Clients that wait to be told that they may send. */

import assert from "node:assert/strict";
import { sleep } from "../../../src/concurrency/backoff.ts";
import { Reply } from "../../../src/http/message.ts";
import { connect, get, request } from "./raw_client.ts";
import { echo, ignoreBody, readText, startServer } from "./test_server.ts";

const EXPECT = "Expect: 100-continue";
const head = (fields: readonly string[]) => request("PUT", "/", { fields: [EXPECT, ...fields] });
const CONTINUE = "HTTP/1.1 100 Continue\r\n\r\n";

const FRAMES: readonly [how: string, field: string, body: string][] = [
  ["by length", "Content-Length: 5", "hello"],
  ["in chunks", "Transfer-Encoding: chunked", "5\r\nhello\r\n0\r\n\r\n"],
];
for (const [how, field, body] of FRAMES) {
  Deno.test(`a client with a body ${how} is told to send when the handler reads, and not before`, {
    permissions: { net: true },
  }, async () => {
    const asked = Promise.withResolvers<void>();
    const mayRead = Promise.withResolvers<void>();
    await using server = startServer(async (incoming) => {
      asked.resolve();
      await mayRead.promise;
      return await echo(incoming);
    });
    using client = await connect(server.port);
    await client.send(head([field]));
    await asked.promise;
    let isTold = false;
    const told = client.receive().finally(() => isTold = true);
    await sleep(20);
    assert(!isTold);
    mayRead.resolve();
    assert.equal(await told, CONTINUE);
    await client.send(body + get("/next"));
    assert.equal((await client.answer()).body, "PUT / hello");
    assert.equal((await client.answer()).body, "GET /next ");
  });

  Deno.test(
    `a client with a body ${how} that is not read is answered at once, and for the last time`,
    {
      permissions: { net: true },
    },
    async () => {
      await using server = startServer(ignoreBody);
      using client = await connect(server.port);
      await client.send(head([field]));
      const { status, headers } = await client.answer();
      assert.equal(status, 200);
      assert.equal(headers.get("connection"), "close");
      await client.send(body + get("/next"));
      await client.closeWrite();
      assert.equal(await client.rest(), "");
    },
  );

  Deno.test(`a client with a body ${how} may send without being told to`, {
    permissions: { net: true },
  }, async () => {
    await using server = startServer(echo);
    using client = await connect(server.port);
    await client.send(head([field]) + body + get("/next"));
    let { status, body: answered } = await client.answer();
    if (status === 100) ({ status, body: answered } = await client.answer());
    assert.equal(answered, "PUT / hello");
    assert.equal((await client.answer()).body, "GET /next ");
  });
}

Deno.test("a client is told to send once, however often the handler reads", {
  permissions: { net: true },
}, async () => {
  await using server = startServer(async ({ body }) => new Reply(200, await readText(body, 1)));
  using client = await connect(server.port);
  await client.send(head(["Content-Length: 5"]));
  assert.equal(await client.receive(), CONTINUE);
  for (const byte of "hello") await client.send(byte);
  assert.equal((await client.answer()).body, "hello");
});

Deno.test("a client that has nothing to send, or speaks HTTP/1.0, is not told to", {
  permissions: { net: true },
}, async () => {
  await using server = startServer(echo);
  using client = await connect(server.port);
  await client.send(head([]) + head(["Content-Length: 0"]));
  for (let i = 0; i < 2; i++) assert.equal((await client.answer()).body, "PUT / ");
  using old = await connect(server.port);
  await old.send(request("PUT", "/", { version: "1.0", fields: [EXPECT], body: "hello" }));
  assert.equal((await old.answer()).body, "PUT / hello");
});

Deno.test("a client that goes away before it is told to does no harm", {
  permissions: { net: true },
}, async () => {
  const failed = Promise.withResolvers<string>();
  await using server = startServer(async (incoming) => {
    const reply = await echo(incoming);
    if (incoming.method === "PUT") failed.resolve(String(reply.body));
    return reply;
  });
  using client = await connect(server.port);
  await client.send(head(["Content-Length: 5"]));
  await client.closeWrite();
  assert.equal(await failed.promise, "it broke off");
  using next = await connect(server.port);
  await next.send(get("/"));
  assert.equal((await next.answer()).status, 200);
});

Deno.test("whoever expects anything else is refused with 417", {
  permissions: { net: true },
}, async () => {
  await using server = startServer(echo);
  using client = await connect(server.port);
  await client.send(request("PUT", "/", { fields: ["Expect: the-best"], body: "hello" }));
  const { status, headers } = await client.answer();
  assert.equal(status, 417);
  assert.equal(headers.get("connection"), "close");
  await client.closeWrite();
  assert.equal(await client.rest(), "");
  assert.deepEqual(server.refusals, [417]);
});
