/** Bodies that no handler reads, or not all of: the client gets its answer all the same. */

import assert from "node:assert/strict";
import { type Handler, Reply } from "../../../src/http/message.ts";
import { chunked, connect, get, type RawClient, request } from "./raw_client.ts";
import { ignoreBody, readText, startServer } from "./test_server.ts";

const CHUNKED = ["Transfer-Encoding: chunked"];
/** More than the buffers of the kernel hold. */
const LARGE = "x".repeat(16_000_000);

/** Reads a part of the body only. */
const readSome: Handler = async ({ method, target, body }) => {
  await body.read(new Uint8Array(2));
  return new Reply(200, `${method} ${target}`);
};

const FRAMES: readonly [how: string, put: (body: string) => string][] = [
  ["by length", (body) => request("PUT", "/", { body })],
  [
    "in chunks",
    (body) => request("PUT", "/", { fields: CHUNKED }) + chunked(body, { chunkLength: 10_000 }),
  ],
];
const HANDLERS: readonly [how: string, handler: Handler][] = [
  ["nothing", ignoreBody],
  ["a part", readSome],
];

/** Sends all before it looks for an answer; takes that, and the end. */
async function sendAll(client: RawClient, bytes: string) {
  await client.send(bytes);
  const answer = await client.answer();
  await client.closeWrite();
  assert.equal(await client.rest(), "");
  return answer;
}

for (const [framed, put] of FRAMES) {
  for (const [read, handler] of HANDLERS) {
    Deno.test(`the connection goes on behind a small body ${framed} of which ${read} is read`, {
      permissions: { net: true },
    }, async () => {
      await using server = startServer(handler);
      using client = await connect(server.port);
      for (const body of ["", "hello", "x".repeat(1_000), "x".repeat(200_000)]) {
        await client.send(put(body) + get("/next"));
        assert.equal((await client.answer()).body, "PUT /");
        assert.equal((await client.answer()).body, "GET /next");
      }
    });

    Deno.test(
      `a client sends all of a large body ${framed} of which ${read} is read, and is answered`,
      {
        permissions: { net: true },
      },
      async () => {
        await using server = startServer(handler);
        using client = await connect(server.port);
        const { status, body, headers } = await sendAll(client, put(LARGE));
        assert.deepEqual({ status, body }, { status: 200, body: "PUT /" });
        // Where no length is told it is too late to say so.
        assert.equal(headers.get("connection"), framed === "by length" ? "close" : undefined);
      },
    );
  }
}

Deno.test("a small body that comes late is passed over", {
  permissions: { net: true },
}, async () => {
  await using server = startServer(ignoreBody);
  using client = await connect(server.port);
  await client.send(request("PUT", "/", { fields: ["Content-Length: 10"] }) + "hello");
  assert.equal((await client.answer()).body, "PUT /");
  await client.send("world" + get("/next"));
  assert.equal((await client.answer()).body, "GET /next");
});

Deno.test("a large answer comes whole to a client that is still sending", {
  permissions: { net: true },
}, async () => {
  await using server = startServer(() => new Reply(200, LARGE));
  using client = await connect(server.port);
  const sent = client.send(request("PUT", "/", { body: LARGE }));
  const { body } = await client.answer();
  assert.equal(body.length, LARGE.length);
  await sent;
  await client.closeWrite();
  assert.equal(await client.rest(), "");
});

Deno.test(
  "a client whose unread body is not chunked as it should be gets its answer, and no reset",
  {
    permissions: { net: true },
  },
  async () => {
    await using server = startServer(ignoreBody);
    using client = await connect(server.port);
    const { body } = await sendAll(
      client,
      request("PUT", "/", { fields: CHUNKED }) + "no length\r\n" + LARGE,
    );
    assert.equal(body, "PUT /");
  },
);

Deno.test("a handler that still waits for a part of the body when it answers loses it", {
  permissions: { net: true },
}, async () => {
  let waiting: number | Promise<number> = 0;
  const bodies: string[] = [];
  await using server = startServer(({ body }) => {
    waiting = body.read(new Uint8Array(10));
    return new Reply(200, "early");
  });
  for (const [, put] of FRAMES) {
    using client = await connect(server.port);
    const [head, framed] = put("hello").split(/(?<=\r\n\r\n)/);
    await client.send(head);
    const { headers, body } = await client.answer();
    assert.equal(headers.get("connection"), "close");
    bodies.push(body);
    await client.send(framed + get("/next"));
    await client.closeWrite();
    assert.equal(await client.rest(), "");
    assert.equal(await waiting, 5);
  }
  assert.deepEqual(bodies, ["early", "early"]);
});

Deno.test("a body is not to be read once its request has been answered", {
  permissions: { net: true },
}, async () => {
  let last = () => Promise.resolve("");
  await using server = startServer(({ body }) => {
    last = () => readText(body);
    return new Reply(200, "early");
  });
  using client = await connect(server.port);
  await client.send(request("PUT", "/", { body: "hello" }));
  await client.answer();
  await assert.rejects(() => last(), /its request has been answered/);
});
