/** Requests over Node's TLS: how far each got, to members that misbehave on purpose. @module */

import assert from "node:assert/strict";
import type { UpstreamConfig } from "../../src/config/upstream.ts";
import { openCertificates } from "../../tools/certificates.ts";
import { freePort } from "../../tools/ports.ts";
import { temporaryDirectory } from "../../tools/server.ts";
import { parseMember } from "../../src/member.ts";
import { kindOf, LIMITS, OK, openWith, PUSH, UPSTREAM } from "../pushgateway/client/sending.ts";
import { answerOf, type RawConnection, rawMember } from "../pushgateway/raw_member.ts";

const UNCHECKED: UpstreamConfig = {
  ...UPSTREAM,
  scheme: "https",
  tls: { insecureSkipVerify: true },
};
const decoder = new TextDecoder();

/** A certificate that is its own authority, and its key. */
async function ownCertificate(): Promise<Deno.TlsCertifiedKeyPem> {
  const { path, remove } = await temporaryDirectory("certificate");
  try {
    const { cert, key } = await (await openCertificates(path)).authority("self");
    return { cert: await Deno.readTextFile(cert), key: await Deno.readTextFile(key) };
  } finally {
    await remove();
  }
}

const tlsMember = async (handle: Parameters<typeof rawMember>[0]) =>
  rawMember(handle, await ownCertificate());

Deno.test("over Node's TLS connections are kept, and large bodies come whole", async () => {
  const large = "x".repeat(2_000_000);
  await using member = await tlsMember(async (connection) => {
    for (let request; (request = await connection.request());) {
      await connection.write(request.startsWith("GET") ? answerOf(large) : OK);
    }
  });
  using transport = openWith(UNCHECKED, {
    idleMax: 2,
    answers: { bytesMax: 3_000_000, beyond: "error" },
  });
  const send = (request = PUSH) => transport.send(member.member, request, { timeoutMs: 20_000 });
  assert.equal(decoder.decode((await send()).body), "ok");
  const body = new Uint8Array(2_000_000);
  assert.equal((await send({ ...PUSH, body })).status, 200);
  const { body: page } = await send({ method: "GET", target: "/metrics", headers: [] });
  assert.equal(page.length, large.length);
  assert.equal(member.accepted, 1);
});

Deno.test("over Node's TLS a body is handed over in parts", async () => {
  await using member = await tlsMember(async (connection) => {
    while (await connection.request()) await connection.write(answerOf("x".repeat(1_000_000)));
  });
  using transport = openWith(UNCHECKED);
  let [bytes, parts] = [0, 0];
  await transport.send(member.member, PUSH, {
    timeoutMs: 10_000,
    onBody(part) {
      bytes += part.length;
      parts++;
    },
  });
  assert.equal(bytes, 1_000_000);
  assert(parts > 1);
});

Deno.test("an answer before the whole body was sent counts over Node's TLS, too", async () => {
  await using member = await tlsMember(async (connection) => {
    await connection.write("HTTP/1.1 413 Too Large\r\nContent-Length: 4\r\n\r\nbig\n");
    await connection.request(); // what is left unread would turn the close into a reset
  });
  using transport = openWith(UNCHECKED);
  const body = new Uint8Array(20_000_000);
  const answer = await transport.send(member.member, { ...PUSH, body }, { timeoutMs: 5_000 });
  assert.deepEqual([answer.status, decoder.decode(answer.body)], [413, "big\n"]);
});

const FAILURES: readonly [
  how: string,
  handle: (connection: RawConnection) => Promise<void>,
  kind: string,
][] = [
  ["ends before an answer", async (connection) => {
    await connection.request();
    connection.close();
  }, "reset"],
  ["breaks off in its answer", async (connection) => {
    await connection.request();
    await connection.write("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf");
    connection.close();
  }, "broken"],
  ["is silent", async (connection) => {
    await connection.request();
    await connection.request();
  }, "timeout"],
];
for (const [how, handle, kind] of FAILURES) {
  Deno.test(`a request to a member that ${how} fails over Node's TLS as it does without`, async () => {
    await using member = await tlsMember(handle);
    using transport = openWith(UNCHECKED);
    assert.equal(await kindOf(transport.send(member.member, PUSH, { timeoutMs: 500 })), kind);
  });
}

Deno.test("over Node's TLS it is told where nobody listens", async () => {
  const nobody = parseMember(`127.0.0.1:${freePort()}`);
  using transport = openWith(UNCHECKED);
  assert.equal(await kindOf(transport.send(nobody, PUSH, { timeoutMs: 5_000 })), "refused");
});

Deno.test("a member that speaks no TLS is unreachable over Node's", async () => {
  await using member = rawMember((connection) => connection.write(OK));
  using transport = openWith(UNCHECKED, LIMITS);
  assert.equal(
    await kindOf(transport.send(member.member, PUSH, { timeoutMs: 5_000 })),
    "unreachable",
  );
});

Deno.test("an abort ends a request over Node's TLS", async () => {
  const asked = Promise.withResolvers<void>();
  await using member = await tlsMember(async (connection) => {
    await connection.request();
    asked.resolve();
    await connection.request();
  });
  using transport = openWith(UNCHECKED);
  const stop = new AbortController();
  const sending = transport.send(member.member, PUSH, { timeoutMs: 20_000, signal: stop.signal });
  await asked.promise;
  stop.abort();
  await assert.rejects(sending);
});
