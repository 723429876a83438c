/** How the server ends while its connections are at something. */

import assert from "node:assert/strict";
import { sleep } from "../../../src/concurrency/backoff.ts";
import { type Handler, type Parts, Reply } from "../../../src/http/message.ts";
import { waitFor } from "../../../tools/wait.ts";
import { connect, get, type RawClient, request, untilFree } from "./raw_client.ts";
import { echo, ignoreBody, startServer, type TestServer } from "./test_server.ts";

/** For what is in flight when the server ends. */
const DRAIN_MS = 10_000;

interface Asked {
  readonly server: TestServer;
  readonly client: RawClient;
  /** The request has reached its handler. */
  readonly asked: Promise<void>;
}

async function within(run: (asked: Asked) => Promise<void>, handler: Handler): Promise<void> {
  const asked = Promise.withResolvers<void>();
  await using server = startServer((incoming) => {
    asked.resolve();
    return handler(incoming);
  });
  using client = await connect(server.port);
  await run({ server, client, asked: asked.promise });
}

Deno.test("a request whose body is half there when the server ends is answered, as the last", {
  permissions: { net: true },
}, () =>
  within(async ({ server, client, asked }) => {
    await client.send(request("PUT", "/", { fields: ["Content-Length: 10"] }) + "hello");
    await asked;
    const stopped = server.stop();
    await untilFree(server.port);
    await sleep(50); // the server may learn after us that its address is free
    await client.send("world" + get("/next"));
    const { headers, body } = await client.answer();
    assert.equal(body, "PUT / helloworld");
    assert.equal(headers.get("connection"), "close");
    await client.closeWrite();
    assert.equal(await client.rest(), "");
    await stopped;
  }, echo));

Deno.test(
  "the one of many pipelined requests that is in flight when the server ends is answered",
  {
    permissions: { net: true },
  },
  async () => {
    const answer = Promise.withResolvers<Reply>();
    await within(async ({ server, client, asked }) => {
      await client.send(get("/1") + get("/2") + get("/3"));
      await asked;
      const stopped = server.stop();
      await untilFree(server.port);
      await sleep(50);
      answer.resolve(new Reply(200, "1"));
      const { headers, body } = await client.answer();
      assert.equal(body, "1");
      assert.equal(headers.get("connection"), "close");
      await client.closeWrite();
      assert.equal(await client.rest(), "");
      await stopped;
    }, () => answer.promise);
  },
);

Deno.test("connections without a request are closed at once when the server ends", {
  permissions: { net: true },
}, () =>
  within(async ({ server, client }) => {
    using begun = await connect(server.port);
    using silent = await connect(server.port);
    await client.send(get("/"));
    await client.answer();
    await begun.send("GET / HT");
    await server.stop();
    for (const { rest } of [client, begun, silent]) assert.equal(await rest(), "");
  }, ignoreBody));

Deno.test("a client that is let go of has an end when the server ends", {
  permissions: { net: true },
}, () =>
  within(async ({ server, client }) => {
    await client.send("(no request)\r\n\r\n");
    assert.equal((await client.answer()).status, 400);
    const stopped = server.stop();
    await client.send("more");
    assert.equal(await client.rest(), "");
    await stopped;
  }, ignoreBody));

Deno.test("the server has no connection left when it ends while many are at anything", {
  permissions: { net: true },
}, async () => {
  await using server = startServer(echo);
  const clients = new DisposableStack();
  for (let i = 0; i < 50; i++) {
    const client = clients.use(await connect(server.port));
    const sent = ["", "GET /", get("/"), get("/") + "GET", "(none)\r\n\r\n"][i % 5];
    await client.send(sent);
  }
  const stopped = server.stop();
  clients.dispose();
  await stopped;
});

/** Makes parts for as long as they are taken. */
function endless(onEnd: () => void): Parts {
  const value = new Uint8Array(100_000);
  return {
    next: () => Promise.resolve({ value }),
    return() {
      onEnd();
      return Promise.resolve({ done: true, value: undefined });
    },
  };
}

const STUCK: readonly [how: string, request: string][] = [
  ["takes nothing of its answer", get("/")],
  ["sends no more of its body", request("PUT", "/", { fields: ["Content-Length: 9"] }) + "hello"],
  [
    "sends no more of a body that nobody reads",
    request("PUT", "/unread", { fields: ["Content-Length: 9"] }) + "hello",
  ],
];
Deno.test("a client that holds up the end does so for 10 s, and then until it goes away", {
  permissions: { net: true },
}, async () => {
  await Promise.all(STUCK.map(async ([how, bytes]) => {
    let isEnded = false;
    const asked = Promise.withResolvers<void>();
    const server = startServer(async (incoming) => {
      asked.resolve();
      if (incoming.target === "/unread") return ignoreBody(incoming);
      if (incoming.method === "GET") return new Reply(200, endless(() => isEnded = true));
      const reply = await echo(incoming);
      isEnded = true;
      return reply;
    });
    const client = await connect(server.port);
    await client.send(bytes);
    await asked.promise;
    const beganMs = performance.now();
    await server.stop();
    const ms = performance.now() - beganMs;
    assert(ms >= DRAIN_MS, `a client that ${how}: ${ms} ms`);
    client[Symbol.dispose]();
    if (!bytes.includes("unread")) await waitFor(() => isEnded, { what: `${how}: the end` });
  }));
});
