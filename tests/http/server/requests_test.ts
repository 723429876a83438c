/** What requests look like on the wire, and the order of their answers. */

import assert from "node:assert/strict";
import { connect, get, request } from "./raw_client.ts";
import { echo, ignoreBody, startServer } from "./test_server.ts";
import { Reply } from "../../../src/http/message.ts";
import { sleep } from "../../../src/concurrency/backoff.ts";

Deno.test("pipelined requests are answered in order, whatever each takes", {
  permissions: { net: true },
}, async () => {
  await using server = startServer(async ({ target }) => {
    if (target.endsWith("0")) await sleep(5);
    return new Reply(200, target);
  });
  using client = await connect(server.port);
  const targets = Array.from({ length: 100 }, (_, i) => `/${i}`);
  await client.send(targets.map(get).join(""));
  for (const target of targets) assert.equal((await client.answer()).body, target);
});

Deno.test("what is pipelined behind a request that cannot be read is not answered", {
  permissions: { net: true },
}, async () => {
  await using server = startServer(ignoreBody);
  using client = await connect(server.port);
  await client.send(get("/1") + "(no request)\r\n\r\n" + get("/2"));
  assert.equal((await client.answer()).body, "GET /1");
  assert.equal((await client.answer()).status, 400);
  await client.closeWrite();
  assert.equal(await client.rest(), "");
});

const TEXTS: readonly [what: string, body: string | Uint8Array, length: number][] = [
  ["text", "hello", 5],
  ["text beyond ASCII", "grüß ✓", 10],
  ["bytes", new Uint8Array(20_000), 20_000],
  ["nothing", "", 0],
];
for (const [what, body, length] of TEXTS) {
  Deno.test(`the answer to HEAD has the length of ${what}, and no body`, {
    permissions: { net: true },
  }, async () => {
    await using server = startServer(() => new Reply(200, body));
    using client = await connect(server.port);
    await client.send(request("HEAD", "/") + get("/"));
    const { headers } = await client.answer({ isHead: true });
    assert.equal(headers.get("content-length"), String(length));
    assert.equal((await client.answer()).body.length, length);
  });
}

Deno.test("an answer without a body by its status says no length, and the connection goes on", {
  permissions: { net: true },
}, async () => {
  await using server = startServer(({ target }) => new Reply(target === "/" ? 204 : 200, "hello"));
  using client = await connect(server.port);
  await client.send(get("/") + get("/next"));
  const { status, headers } = await client.answer();
  assert.equal(status, 204);
  assert(!headers.has("content-length") && !headers.has("transfer-encoding"));
  assert.equal((await client.answer()).body, "hello");
});

Deno.test("HTTP/1.0 ends with the answer", { permissions: { net: true } }, async () => {
  await using server = startServer(ignoreBody);
  using client = await connect(server.port);
  await client.send(request("GET", "/", { version: "1.0" }));
  const { headers, body } = await client.answer();
  assert.equal(headers.get("connection"), "close");
  assert.equal(body, "GET /");
  assert.equal(await client.rest(), "");
});

Deno.test("HTTP/1.0 needs no Host", { permissions: { net: true } }, async () => {
  await using server = startServer(ignoreBody);
  using client = await connect(server.port);
  await client.send("GET / HTTP/1.0\r\n\r\n");
  assert.equal((await client.answer()).body, "GET /");
});

Deno.test("HTTP/1.0 goes on where it asks for that, and is told so", {
  permissions: { net: true },
}, async () => {
  await using server = startServer(echo);
  using client = await connect(server.port);
  for (const body of ["1", "2"]) {
    const fields = ["Connection: Keep-Alive"];
    await client.send(request("PUT", "/", { version: "1.0", fields, body }));
    const answer = await client.answer();
    assert.equal(answer.headers.get("connection"), "keep-alive");
    assert.equal(answer.body, `PUT / ${body}`);
  }
});

Deno.test("`Connection: close` is the last request, whatever comes behind it", {
  permissions: { net: true },
}, async () => {
  await using server = startServer(echo);
  for (const field of ["Connection: close", "connection: TE, Close"]) {
    using client = await connect(server.port);
    await client.send(request("PUT", "/1", { fields: [field], body: "a" }) + get("/2"));
    const { headers, body } = await client.answer();
    assert.equal(headers.get("connection"), "close");
    assert.equal(body, "PUT /1 a");
    await client.closeWrite();
    assert.equal(await client.rest(), "");
  }
});

const TARGETS: readonly [inRequest: string, forHandler: string][] = [
  ["http://other:9091/metrics/job/a?b=%20", "/metrics/job/a?b=%20"],
  ["HTTPS://other", "/"],
  ["http://other?a", "/?a"],
  ["/a//b/../c%2F;d", "/a//b/../c%2F;d"],
  ["/gr\xfc\xdf", "/gr%FC%DF"],
];
for (const [inRequest, forHandler] of TARGETS) {
  Deno.test(`the target ${JSON.stringify(inRequest)} is read as ${forHandler}`, {
    permissions: { net: true },
  }, async () => {
    await using server = startServer(ignoreBody);
    using client = await connect(server.port);
    await client.send(get(inRequest) + get("/next"));
    assert.equal((await client.answer()).body, `GET ${forHandler}`);
    assert.equal((await client.answer()).body, "GET /next");
  });
}

const UPGRADE = ["Connection: Upgrade, HTTP2-Settings", "Upgrade: h2c", "HTTP2-Settings: AAMAAABk"];
Deno.test("an offered upgrade is ignored, with and without a body", {
  permissions: { net: true },
}, async () => {
  await using server = startServer(echo);
  using client = await connect(server.port);
  for (let i = 0; i < 2; i++) {
    const inChunks = request("PUT", "/2", { fields: [...UPGRADE, "Transfer-Encoding: chunked"] });
    await client.send(
      request("GET", "/0", { fields: UPGRADE }) +
        request("PUT", "/1", { fields: UPGRADE, body: "hello" }) +
        `${inChunks}5\r\nhello\r\n0\r\n\r\n` + get("/3"),
    );
    for (const expected of ["GET /0 ", "PUT /1 hello", "PUT /2 hello", "GET /3 "]) {
      assert.equal((await client.answer()).body, expected);
    }
  }
});

Deno.test("empty lines before a request are passed over", {
  permissions: { net: true },
}, async () => {
  await using server = startServer(echo);
  using client = await connect(server.port);
  for (let i = 0; i < 2; i++) {
    const put = request("PUT", "/1", { body: "hello" });
    await client.send(`\r\n${get("/0")}\r\n${put}\r\n\r\n${get("/2")}\r\n`);
    for (const expected of ["GET /0 ", "PUT /1 hello", "GET /2 "]) {
      assert.equal((await client.answer()).body, expected);
    }
  }
});

Deno.test("a request behind an empty line lends its line to no head that comes later", {
  permissions: { net: true },
}, async () => {
  await using server = startServer(ignoreBody);
  using client = await connect(server.port);
  await client.send("\r\n" + get("/"));
  assert.equal((await client.answer()).status, 200);
  await client.send("GET /other HTTP/1.1\r\n" + get("/"));
  assert.equal((await client.answer()).status, 400);
});

Deno.test("a client that has ended its side gets its answers", {
  permissions: { net: true },
}, async () => {
  await using server = startServer(async ({ target }) => {
    await sleep(20);
    return new Reply(200, target);
  });
  using client = await connect(server.port);
  await client.send(get("/1") + get("/2"));
  await client.closeWrite();
  assert.equal((await client.answer()).body, "/1");
  assert.equal((await client.answer()).body, "/2");
  assert.equal(await client.rest(), "");
});

Deno.test("headers reach the handler as they came, in lower case and in order", {
  permissions: { net: true },
}, async () => {
  await using server = startServer(({ headers }) => new Reply(200, JSON.stringify(headers)));
  using client = await connect(server.port);
  for (let i = 0; i < 2; i++) {
    await client.send(request("GET", "/", { fields: ["X-A:  1 \t", "x-b:", "X-A: \xfc"] }));
    const { body } = await client.answer();
    const text = new TextDecoder().decode(Uint8Array.from(body, (byte) => byte.charCodeAt(0)));
    assert.deepEqual(JSON.parse(text), ["host", "here", "x-a", "1", "x-b", "", "x-a", "\xfc"]);
  }
});
