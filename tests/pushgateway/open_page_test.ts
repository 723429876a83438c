/** A page that is read no faster than it is used, over real connections. @module */

import assert from "node:assert/strict";
import { gzipSync } from "node:zlib";
import { SendFailure } from "../../src/pushgateway/client/connection.ts";
import { openPage } from "../../src/pushgateway/pages/open_page.ts";
import { isPending } from "../concurrency/settled.ts";
import { answerOf, memberWith, type RawConnection, rawMember } from "./raw_member.ts";
import { openWay } from "./read_way.ts";

const REQUEST = { target: "/metrics", accept: "text/plain" };
const never = new AbortController().signal;

async function readAll(read: () => Promise<Uint8Array | undefined>): Promise<string> {
  const decoder = new TextDecoder();
  let text = "";
  for (let bytes; (bytes = await read());) text += decoder.decode(bytes, { stream: true });
  return text;
}

const TEXT = "m 1\n".repeat(100_000);
const PACKED = String.fromCharCode(...gzipSync(TEXT));
for (
  const [why, page, text] of [
    ["a page", answerOf(TEXT), TEXT],
    ["a packed page", answerOf(PACKED, { headers: "Content-Encoding: gzip\r\n" }), TEXT],
    ["an empty page", answerOf(""), ""],
  ] as const
) {
  Deno.test(`${why} is read piece by piece`, async () => {
    await using member = memberWith({ "/metrics": page });
    using way = openWay();
    const { read } = await openPage(member.member, REQUEST, { ...way, signal: never });
    assert.equal(await readAll(read), text);
    assert.equal(await read(), undefined);
  });
}

for (
  const [why, page, error] of [
    ["another status", answerOf("store damaged\n", { status: 500 }), {
      message: "expected 200 from /metrics, found 500: store damaged",
    }],
    ["no HTTP", "no\r\n\r\n", (error: unknown) => error instanceof SendFailure],
  ] as const
) {
  Deno.test(`a page that is answered with ${why} is not opened`, async () => {
    await using member = memberWith({ "/metrics": page });
    using way = openWay();
    await assert.rejects(openPage(member.member, REQUEST, { ...way, signal: never }), error);
  });
}

/** A page of which a part comes, and then what a test wants. */
function beginning(then: (connection: RawConnection) => void | Promise<void>) {
  return rawMember(async (connection) => {
    await connection.request();
    await connection.write("HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\nm 1\n");
    await then(connection);
    await connection.request(); // until it is closed
  });
}

Deno.test("a page that breaks off fails where it does", async () => {
  await using member = beginning((connection) => connection.close());
  using way = openWay();
  const { read } = await openPage(member.member, REQUEST, { ...way, signal: never });
  assert.equal(new TextDecoder().decode(await read()), "m 1\n");
  await assert.rejects(read(), /broke off/);
});

Deno.test("a page that hangs fails when its time is up", async () => {
  await using member = beginning(() => {});
  using way = openWay();
  const limits = { ...way, timeoutMs: 200, signal: never };
  const { read } = await openPage(member.member, REQUEST, limits);
  await read();
  await assert.rejects(read(), /did not come to its end within 200 ms/);
});

Deno.test("what is not read is not sent: the connection is full, and an abort ends it", async () => {
  const stop = new AbortController();
  let isSent = false;
  await using member = rawMember(async (connection) => {
    await connection.request();
    await connection.write("HTTP/1.1 200 OK\r\nContent-Length: 100000000\r\n\r\n");
    for (let i = 0; i < 1_000; i++) await connection.write("m".repeat(100_000));
    isSent = true;
  });
  using way = openWay();
  const limits = { ...way, timeoutMs: 60_000, signal: stop.signal };
  const { read } = await openPage(member.member, REQUEST, limits);
  await read();
  const next = read();
  await next;
  assert.equal(isSent, false);
  stop.abort(new Error("given up"));
  await assert.rejects(read(), /given up/);
});

Deno.test("a page that does not begin is waited for until that is given up", async () => {
  const stop = new AbortController();
  const asked = Promise.withResolvers<void>();
  await using member = rawMember(async (connection) => {
    await connection.request();
    asked.resolve();
    await connection.request();
  });
  using way = openWay();
  const opening = openPage(member.member, REQUEST, { ...way, signal: stop.signal });
  await asked.promise;
  assert.equal(await isPending(opening), true);
  stop.abort(new Error("given up"));
  await assert.rejects(opening, /given up/);
});
