/** What is no request: its client is told so, and told so for certain. */

import assert from "node:assert/strict";
import { connect, get, request } from "./raw_client.ts";
import { ignoreBody, startServer } from "./test_server.ts";
import { HEAD_BYTES_MAX } from "../../../src/wire/request_reader.ts";

const fields = (...fields: readonly string[]) => request("PUT", "/", { fields });
const REFUSED: readonly [what: string, bytes: string, status: number][] = [
  ["no HTTP at all", "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n", 400],
  ["HTTP/0.9", "GET /\r\n\r\n", 400],
  ["no Host", "GET / HTTP/1.1\r\n\r\n", 400],
  ["two Hosts", fields("Host: other"), 400],
  ["a Host that is none", "GET / HTTP/1.1\r\nHost: a b\r\n\r\n", 400],
  ["a target that is no path", get("metrics"), 400],
  ["two lengths", fields("Content-Length: 1", "Content-Length: 2"), 400],
  ["a length that is none", fields("Content-Length: -1"), 400],
  ["a length and chunks", fields("Content-Length: 1", "Transfer-Encoding: chunked"), 400],
  ["white space before a colon", fields("X-A : 1"), 400],
  ["a field on two lines", fields("X-A: 1\r\n 2", "X-B\r\n : 3"), 400],
  ["a bare line feed", "GET / HTTP/1.1\nHost: here\n\n", 400],
  ["a bare line feed behind the request line", "GET / HTTP/1.1\nHost: here\r\n\r\n", 400],
  ["a NUL in a value", fields("X-A: \0"), 400],
  ["another transfer coding", fields("Transfer-Encoding: gzip, chunked"), 501],
  ["CONNECT", "CONNECT here:80 HTTP/1.1\r\nHost: here:80\r\n\r\n", 501],
  ["a method that nobody knows", request("BREW", "/"), 501],
  ["a later version", request("GET", "/", { version: "2.0" }), 505],
  ["an HTTP/2 preface", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505],
  ["a head that is too long", fields(`X-A: ${"x".repeat(HEAD_BYTES_MAX)}`), 431],
];
for (const [what, bytes, status] of REFUSED) {
  Deno.test(`${what} is refused with ${status}`, { permissions: { net: true } }, async () => {
    await using server = startServer(ignoreBody);
    using client = await connect(server.port);
    await client.send(bytes);
    const { status: found, headers, body } = await client.answer();
    assert.equal(found, status, body);
    assert.equal(headers.get("connection"), "close");
    assert.match(headers.get("content-type") ?? "", /^text\/plain/);
    await client.send(get("/next"));
    await client.closeWrite();
    assert.equal(await client.rest(), "");
    assert.deepEqual(server.refusals, [status]);
  });
}

const STILL_SENDING = "x".repeat(16_000_000);
for (const [what, bytes, status] of REFUSED.slice(-3)) {
  Deno.test(`${what} is refused with ${status} for a client that sends all before it looks`, {
    permissions: { net: true },
  }, async () => {
    await using server = startServer(ignoreBody);
    using client = await connect(server.port);
    await client.send(bytes);
    await client.send(STILL_SENDING);
    assert.equal((await client.answer()).status, status);
    await client.closeWrite();
    assert.equal(await client.rest(), "");
  });
}

Deno.test("a client that is refused and goes away at once does no harm", {
  permissions: { net: true },
}, async () => {
  await using server = startServer(ignoreBody);
  for (let i = 0; i < 20; i++) {
    using client = await connect(server.port);
    await client.send("(no request)\r\n\r\n");
  }
  using client = await connect(server.port);
  await client.send(get("/"));
  assert.equal((await client.answer()).status, 200);
});
