/** Bodies that a handler reads, however they are cut. */

import assert from "node:assert/strict";
import { sleep } from "../../../src/concurrency/backoff.ts";
import { BodyFailure, Reply } from "../../../src/http/message.ts";
import { chunked, connect, get, type RawClient, request } from "./raw_client.ts";
import { echo, readText, startServer } from "./test_server.ts";

const TEXT = 'some_metric{label="value"} 3.14\n'.repeat(20);
const CHUNKED = ["Transfer-Encoding: chunked"];
const FRAMED: readonly [how: string, request: string][] = [
  ["by length", request("PUT", "/", { body: TEXT })],
  ["in chunks", request("PUT", "/", { fields: CHUNKED }) + chunked(TEXT)],
  [
    "in chunks with extensions and trailers",
    request("PUT", "/", { fields: [...CHUNKED, "Trailer: X-Sum"] }) + chunked(TEXT, {
      extension: ';a;b="c"',
      trailers: ["X-Sum: 1", "Host: other"],
    }),
  ],
];
const SENT: readonly [how: string, send: (client: RawClient, bytes: string) => Promise<void>][] = [
  ["in one piece", (client, bytes) => client.send(bytes)],
  ["byte by byte", async (client, bytes) => {
    for (const byte of bytes) await client.send(byte);
  }],
  ["in halves with a pause", async (client, bytes) => {
    const half = bytes.length >> 1;
    await client.send(bytes.slice(0, half));
    await sleep(10);
    await client.send(bytes.slice(half));
  }],
];
for (const [framed, bytes] of FRAMED) {
  for (const [sent, send] of SENT) {
    Deno.test(`a body ${framed} that comes ${sent} is read, and so is the request behind it`, {
      permissions: { net: true },
    }, async () => {
      await using server = startServer(echo);
      using client = await connect(server.port);
      for (let i = 0; i < 2; i++) {
        await send(client, bytes + get("/next"));
        assert.equal((await client.answer()).body, `PUT / ${TEXT}`);
        assert.equal((await client.answer()).body, "GET /next ");
      }
    });
  }
}

for (const partBytes of [1, 7, 100_000]) {
  Deno.test(`a large body is read by ${partBytes} bytes at once`, {
    permissions: { net: true },
  }, async () => {
    await using server = startServer(async ({ body, body: { length } }) => {
      const text = await readText(body, partBytes);
      return new Reply(200, `${length} ${text.length} ${text === "x".repeat(text.length)}`);
    });
    using client = await connect(server.port);
    const text = "x".repeat(70_000);
    await client.send(request("PUT", "/", { body: text }));
    assert.equal((await client.answer()).body, "70000 70000 true");
    const inChunks = chunked(text, { chunkLength: 1_000 });
    await client.send(request("PUT", "/", { fields: CHUNKED }) + inChunks + get("/"));
    assert.equal((await client.answer()).body, "undefined 70000 true");
    assert.equal((await client.answer()).body, "0 0 true");
  });
}

Deno.test("what has come of a body is read without waiting, and known to be there", {
  permissions: { net: true },
}, async () => {
  await using server = startServer(({ body }) => {
    const { isThere } = body;
    const part = new Uint8Array(3);
    const lengths = [body.read(part), body.read(part), body.read(part), body.isThere];
    return new Reply(200, JSON.stringify([isThere, ...lengths]));
  });
  using client = await connect(server.port);
  await client.send(request("PUT", "/", { body: "hello" }));
  assert.equal((await client.answer()).body, "[true,3,2,0,true]");
});

const BROKEN: readonly [how: string, request: string, why: RegExp][] = [
  ["breaks off", request("PUT", "/", { fields: ["Content-Length: 9"] }) + "hello", /broke off/],
  [
    "breaks off before its first byte",
    request("PUT", "/", { fields: ["Content-Length: 9"] }),
    /broke off/,
  ],
  [
    "breaks off within a chunk",
    request("PUT", "/", { fields: CHUNKED }) + "9\r\nhello",
    /broke off/,
  ],
  [
    "breaks off behind its last chunk",
    request("PUT", "/", { fields: CHUNKED }) + "5\r\nhello\r\n0\r\n",
    /broke off/,
  ],
  [
    "has a chunk without a length",
    request("PUT", "/", { fields: CHUNKED }) + "5\r\nhello\r\nno\r\n",
    /not chunked as it should be/,
  ],
  [
    "has a chunk longer than it says",
    request("PUT", "/", { fields: CHUNKED }) + "4\r\nhello\r\n0\r\n\r\n",
    /not chunked as it should be/,
  ],
  [
    "has more framing than data",
    request("PUT", "/", { fields: CHUNKED }) + `1;${"x".repeat(20_000)}\r\nh`,
    /bytes of what frames the body/,
  ],
];
for (const [how, bytes, why] of BROKEN) {
  Deno.test(`a body that ${how} fails for its handler, whose answer is the last`, {
    permissions: { net: true },
  }, async () => {
    await using server = startServer(echo);
    using client = await connect(server.port);
    await client.send(bytes);
    await client.closeWrite();
    const { status, headers, body } = await client.answer();
    assert.equal(status, 400);
    assert.match(body, why);
    assert.equal(headers.get("connection"), "close");
    assert.equal(await client.rest(), "");
  });
}

const RESET: readonly [how: string, field: string, begin: string, isAsked: boolean][] = [
  ["by length", "Content-Length: 9", "hello", true],
  ["in chunks", "Transfer-Encoding: chunked", "9\r\nhello", true],
  ["that nobody has asked for", "Content-Length: 9\r\nExpect: 100-continue", "", false],
];
for (const [how, field, begin, isAsked] of RESET) {
  Deno.test(`a body ${how} whose client is reset breaks off for its handler`, {
    permissions: { net: true },
  }, async () => {
    const isGone = Promise.withResolvers<void>();
    const failed = Promise.withResolvers<unknown>();
    await using server = startServer(async ({ target, body }) => {
      if (target === "/") return new Reply(200, "x".repeat(100));
      if (!isAsked) await isGone.promise;
      await readText(body).catch(failed.resolve);
      return new Reply(400);
    });
    {
      using client = await connect(server.port);
      await client.send(get("/") + request("PUT", "/body", { fields: [field] }) + begin);
      await sleep(50); // an answer that has come and was not read: the client is reset when it is closed
    }
    isGone.resolve();
    const failure = await failed.promise;
    assert(failure instanceof BodyFailure, String(failure));
    assert.equal(failure.message, "it broke off");
    using next = await connect(server.port);
    await next.send(get("/"));
    assert.equal((await next.answer()).status, 200);
  });
}
