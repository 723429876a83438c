/** How far a request got, over real connections to a member that misbehaves on purpose. @module */

import assert from "node:assert/strict";
import { parseMember } from "../../../src/member.ts";
import { SendFailure } from "../../../src/pushgateway/client/connection.ts";
import { waitFor } from "../../../tools/wait.ts";
import { freePort } from "../../../tools/ports.ts";
import { answerOf, type RawConnection, rawMember } from "../raw_member.ts";
import { kindOf, LIMITS, OK, openWith, PUSH, UPSTREAM } from "./sending.ts";

function text(bytes: Uint8Array): string {
  return new TextDecoder().decode(bytes);
}

/** Reads requests and answers each with the same. */
async function answerAll(connection: RawConnection, answer: string): Promise<void> {
  while (await connection.request()) await connection.write(answer);
}

Deno.test("a request goes out as it is, with the prefix, the member's name and our credentials", async () => {
  let request = "";
  await using member = rawMember(async (connection) => {
    request = await connection.request();
    await connection.write(OK);
  });
  const basicAuth = { username: "ü", passwordFile: await Deno.makeTempFile() };
  try {
    await Deno.writeTextFile(basicAuth.passwordFile, "s3cret\n");
    using transport = openWith({ ...UPSTREAM, routePrefix: "/pg", basicAuth });
    const { status, body } = await transport.send(member.member, PUSH, { timeoutMs: 5_000 });
    assert.deepEqual({ status, body: text(body) }, { status: 200, body: "ok" });
  } finally {
    await Deno.remove(basicAuth.passwordFile);
  }
  const credentials = btoa(String.fromCharCode(...new TextEncoder().encode("ü:s3cret")));
  assert.equal(
    request,
    "PUT /pg/metrics/job/a?x=1 HTTP/1.1\r\n" +
      `host: ${member.member}\r\nx-latin: \u00e9\r\nauthorization: Basic ${credentials}\r\n` +
      "content-length: 4\r\n\r\nm 1\n",
  );
});

for (
  const [what, answer, expected] of [
    ["with a length", OK, { status: 200, body: "ok" }],
    [
      "in chunks",
      "HTTP/1.1 400 Bad\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nno\r\n1;x=y\r\n!\r\n0\r\n\r\n",
      {
        status: 400,
        body: "no!",
      },
    ],
    ["without a length, ended by the connection", "HTTP/1.0 200 OK\r\n\r\nto the end", {
      status: 200,
      body: "to the end",
    }],
    ["after a 100", `HTTP/1.1 100 Continue\r\n\r\n${OK}`, { status: 200, body: "ok" }],
    ["without a body", "HTTP/1.1 202 Accepted\r\nContent-Length: 0\r\n\r\n", {
      status: 202,
      body: "",
    }],
    ["that must have none", "HTTP/1.1 204 No Content\r\n\r\n", { status: 204, body: "" }],
  ] as const
) {
  Deno.test(`an answer ${what} is read whole, however it is cut`, async () => {
    for (const size of [answer.length, 1, 7]) {
      await using member = rawMember(async (connection) => {
        await connection.request();
        for (let i = 0; i < answer.length; i += size) {
          await connection.write(answer.slice(i, i + size));
        }
        connection.close();
      });
      using transport = openWith(UPSTREAM);
      const { status, body } = await transport.send(member.member, PUSH, { timeoutMs: 5_000 });
      assert.deepEqual({ status, body: text(body) }, expected);
    }
  });
}

Deno.test("headers of an answer come as they were, repeated ones too", async () => {
  await using member = rawMember((connection) =>
    answerAll(connection, "HTTP/1.1 200 OK\r\nX-A: 1\r\nx-a: 2\r\nContent-Length: 0\r\n\r\n")
  );
  using transport = openWith(UPSTREAM);
  const { headers } = await transport.send(member.member, PUSH, { timeoutMs: 5_000 });
  assert.deepEqual(headers, ["X-A", "1", "x-a", "2", "Content-Length", "0"]);
});

Deno.test("a connection is used again, unless the member closes it", async () => {
  await using kept = rawMember((connection) => answerAll(connection, OK));
  await using closing = rawMember((connection) =>
    answerAll(connection, "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 0\r\n\r\n")
  );
  await using talkative = rawMember((connection) => answerAll(connection, `${OK}${OK}`));
  using transport = openWith(UPSTREAM);
  for (let i = 0; i < 5; i++) {
    for (const { member } of [kept, closing, talkative]) {
      await transport.send(member, PUSH, { timeoutMs: 5_000 });
    }
  }
  assert.deepEqual([kept.accepted, closing.accepted, talkative.accepted], [1, 5, 5]);
});

Deno.test("a request whose signal has aborted before opens no connection", async () => {
  await using member = rawMember(async (connection) => {
    while (await connection.request()) await connection.write(OK);
  });
  using transport = openWith(UPSTREAM);
  const limits = { timeoutMs: 5_000, signal: AbortSignal.abort() };
  await assert.rejects(transport.send(member.member, PUSH, limits), SendFailure);
  assert.equal(member.accepted, 0);
});

Deno.test("requests at once have connections of their own, of which some are kept", async () => {
  const all = Promise.withResolvers<void>();
  let waiting = 0;
  await using member = rawMember(async (connection) => {
    while (await connection.request()) {
      if (++waiting === 4) all.resolve();
      await all.promise;
      await connection.write(OK);
    }
  });
  using transport = openWith(UPSTREAM);
  const four = () =>
    Promise.all([1, 2, 3, 4].map(() => transport.send(member.member, PUSH, { timeoutMs: 5_000 })));
  await four();
  assert.equal(member.accepted, 4);
  await four();
  assert.equal(member.accepted, 4 + 4 - LIMITS.idleMax);
});

Deno.test("nobody listens: refused", async () => {
  using transport = openWith(UPSTREAM);
  const member = parseMember(`127.0.0.1:${freePort()}`);
  assert.equal(await kindOf(transport.send(member, PUSH, { timeoutMs: 5_000 })), "refused");
});

Deno.test("no such host: unreachable", async () => {
  using transport = openWith(UPSTREAM);
  const member = parseMember("no-such-host.invalid:9091");
  assert.equal(await kindOf(transport.send(member, PUSH, { timeoutMs: 5_000 })), "unreachable");
});

for (
  const [what, answer, kind] of [
    ["no answer comes in time", undefined, "timeout"],
    ["an answer breaks off", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nok", "broken"],
    ["the head of an answer breaks off", "HTTP/1.1 200 OK\r\nConte", "broken"],
    ["the answer is no HTTP", "SSH-2.0-OpenSSH_9.2\r\n\r\n", "broken"],
    ["the answer is too large", "HTTP/1.1 200 OK\r\nContent-Length: 2000000\r\n\r\n", "broken"],
  ] as const
) {
  Deno.test(`${what}: ${kind}`, async () => {
    await using member = rawMember(async (connection) => {
      await connection.request();
      if (answer === undefined) return;
      await connection.write(answer);
      if (answer.includes("2000000")) await connection.write("x".repeat(1_100_000));
      connection.close();
    });
    using transport = openWith(UPSTREAM);
    const timeoutMs = kind === "timeout" ? 200 : 10_000;
    assert.equal(await kindOf(transport.send(member.member, PUSH, { timeoutMs })), kind);
    assert.equal(member.accepted, 1, "it may have been taken");
  });
}

Deno.test("idle connections that the member has let go of do no harm", async () => {
  await using member = rawMember(async (connection, index) => {
    await connection.request();
    await connection.write(OK);
    if (index === 0) connection.close();
    else await answerAll(connection, OK);
  });
  using transport = openWith(UPSTREAM);
  for (let i = 0; i < 3; i++) {
    assert.equal((await transport.send(member.member, PUSH, { timeoutMs: 5_000 })).status, 200);
  }
  assert.equal(member.accepted, 2);
});

Deno.test("what comes over a connection while nothing is asked is no answer to the next request", async () => {
  let ended = 0;
  await using member = rawMember(async (connection) => {
    await connection.request();
    await connection.write(OK);
    await connection.write("HTTP/1.1 408 Request Timeout\r\nContent-Length: 0\r\n\r\n");
    if (await connection.request() === "") ended++;
  });
  using transport = openWith(UPSTREAM);
  for (let i = 1; i <= 3; i++) {
    const { status, body } = await transport.send(member.member, PUSH, { timeoutMs: 5_000 });
    assert.deepEqual([status, text(body)], [200, "ok"]);
    await waitFor(() => ended === i, { what: "the connection to be closed" });
    assert.equal(member.accepted, i);
  }
});

Deno.test("an answer beyond the limit is cut where that is asked for, with its status", async () => {
  await using member = rawMember((connection) =>
    answerAll(connection, answerOf("no".repeat(5_000), { status: 400 }))
  );
  using transport = openWith(UPSTREAM, {
    idleMax: 2,
    answers: { bytesMax: 7_001, beyond: "cut" },
  });
  for (let i = 1; i <= 2; i++) {
    const { status, body } = await transport.send(member.member, PUSH, { timeoutMs: 5_000 });
    assert.deepEqual([status, text(body)], [400, "no".repeat(5_000).slice(0, 7_001)]);
    assert.equal(member.accepted, i, "nothing else can be read from it");
  }
});

for (const [whose, tls] of [["Deno's", {}], ["Node's", { insecureSkipVerify: true }]] as const) {
  Deno.test(`a member whose handshakes with ${whose} TLS hang gets a few, and more once it has ended them`, async () => {
    const held: RawConnection[] = [];
    await using member = rawMember((connection) => {
      held.push(connection);
      return Promise.resolve();
    });
    using transport = openWith({ ...UPSTREAM, scheme: "https", tls });
    const send = () => kindOf(transport.send(member.member, PUSH, { timeoutMs: 50 }));
    for (let i = 0; i < 12; i++) assert.equal(await send(), "unreachable");
    assert.equal(member.accepted, 8);
    for (const connection of held.splice(0)) connection.close();
    await waitFor(async () => await send() === "unreachable" && member.accepted > 8, {
      what: "another connection to be tried",
    });
    for (const connection of held.splice(0)) connection.close();
  });
}

Deno.test("a body of any size arrives whole, and its connection is used again", async () => {
  const sizes = [0, 10, 65_536, 65_537, 9_000_000]; // the last one takes more than one write
  const bodyOf = (size: number) => "0123456789".repeat(Math.ceil(size / 10)).slice(0, size);
  const received: string[] = [];
  await using member = rawMember(async (connection) => {
    for (;;) {
      const request = await connection.request();
      if (request === "") return;
      received.push(request.slice(request.indexOf("\r\n\r\n") + 4));
      await connection.write(OK);
    }
  });
  using transport = openWith(UPSTREAM);
  for (const size of [...sizes, ...sizes]) {
    const body = new TextEncoder().encode(bodyOf(size));
    await transport.send(member.member, { ...PUSH, body }, { timeoutMs: 10_000 });
    assert(received.pop() === bodyOf(size), `a body of ${size} bytes`);
  }
  assert.equal(member.accepted, 1);
});

Deno.test("an answer that comes before the whole body was sent counts", async () => {
  await using member = rawMember(async (connection) => {
    await connection.write("HTTP/1.1 413 Too Large\r\nContent-Length: 4\r\n\r\nbig\n");
    await connection.request(); // what is left unread would turn the close into a reset
  });
  using transport = openWith(UPSTREAM);
  const body = new Uint8Array(20_000_000);
  const answer = await transport.send(member.member, { ...PUSH, body }, { timeoutMs: 5_000 });
  assert.deepEqual([answer.status, text(answer.body)], [413, "big\n"]);
});

const PAGE = "HTTP/1.1 200 OK\r\nX-A: b\r\nTransfer-Encoding: chunked\r\n\r\n";

Deno.test("a body is handed over as it comes, with the headers, and none is left in the answer", async () => {
  const taken = Promise.withResolvers<void>();
  await using member = rawMember(async (connection) => {
    await connection.request();
    await connection.write(`${PAGE}3\r\none\r\n`);
    await taken.promise;
    await connection.write("3\r\ntwo\r\n0\r\n\r\n");
    await answerAll(connection, OK);
  });
  using transport = openWith(UPSTREAM);
  const parts: string[] = [];
  const answer = await transport.send(member.member, PUSH, {
    timeoutMs: 5_000,
    onBody(chunk, headers) {
      parts.push(text(chunk));
      assert.equal(headers[1], "b");
      taken.resolve();
    },
  });
  assert.deepEqual(parts, ["one", "two"]);
  assert.deepEqual([answer.status, answer.body.length, answer.headers[1]], [200, 0, "b"]);
  const next = await transport.send(member.member, PUSH, { timeoutMs: 5_000 });
  assert.deepEqual([text(next.body), member.accepted], ["ok", 1]);
});

Deno.test("a body that is handed over may be of any size, and nothing is read meanwhile", async () => {
  const size = 5 * LIMITS.answers.bytesMax;
  await using member = rawMember(async (connection) => {
    await connection.request();
    await connection.write(`HTTP/1.1 200 OK\r\nContent-Length: ${size}\r\n\r\n`);
    await connection.write("x".repeat(size));
  });
  using transport = openWith(UPSTREAM);
  let [taken, running] = [0, 0];
  await transport.send(member.member, PUSH, {
    timeoutMs: 20_000,
    async onBody(chunk) {
      assert.equal(++running, 1);
      await new Promise((resolve) => setImmediate(resolve));
      assert(chunk.every((byte) => byte === 0x78));
      taken += chunk.length;
      running--;
    },
  });
  assert.equal(taken, size);
});

Deno.test("the body of an answer that is no 200 is gathered, so that its error is known", async () => {
  await using member = rawMember((connection) =>
    answerAll(connection, "HTTP/1.1 500 No\r\nContent-Length: 4\r\n\r\noops")
  );
  using transport = openWith(UPSTREAM);
  const onBody = () => assert.fail("no body was asked for");
  const answer = await transport.send(member.member, PUSH, { timeoutMs: 5_000, onBody });
  assert.deepEqual([answer.status, text(answer.body)], [500, "oops"]);
});

for (
  const [what, failure] of [
    ["an error", new RangeError("enough")],
    ["a failure of its own sending", new SendFailure("reset", "elsewhere")],
  ] as const
) {
  Deno.test(`${what} in taking a body ends the connection, and is what is told`, async () => {
    await using member = rawMember((connection) => answerAll(connection, OK));
    using transport = openWith(UPSTREAM);
    const onBody = () => Promise.reject(failure);
    const sending = transport.send(member.member, PUSH, { timeoutMs: 5_000, onBody });
    await assert.rejects(sending, (error) => error === failure);
    assert.equal(member.accepted, 1, "no body begins twice");
    await transport.send(member.member, PUSH, { timeoutMs: 5_000 });
    assert.equal(member.accepted, 2);
  });
}

for (
  const [what, kind] of [["breaks off", "broken"], ["stops", "timeout"]] as const
) {
  Deno.test(`a body that ${what} while it is handed over: ${kind}`, async () => {
    await using member = rawMember(async (connection) => {
      await connection.request();
      await connection.write(`${PAGE}3\r\none\r\n`);
      if (kind === "broken") connection.close();
    });
    using transport = openWith(UPSTREAM);
    const parts: string[] = [];
    const sending = transport.send(member.member, PUSH, {
      timeoutMs: kind === "timeout" ? 200 : 10_000,
      onBody: (chunk) => void parts.push(text(chunk)),
    });
    assert.equal(await kindOf(sending), kind);
    assert.deepEqual([parts, member.accepted], [["one"], 1]);
  });
}

for (const isKept of [false, true]) {
  const how = isKept ? "a kept" : "a fresh";
  Deno.test(`a member that takes nothing of a large push over ${how} connection ends nothing but that`, async () => {
    const done = Promise.withResolvers<void>();
    await using member = rawMember(async (connection) => {
      if (isKept && await connection.request()) await connection.write(OK);
      await done.promise;
    });
    using transport = openWith(UPSTREAM);
    if (isKept) await transport.send(member.member, PUSH, { timeoutMs: 5_000 });
    const large = { ...PUSH, body: new Uint8Array(16_777_216) };
    const sending = transport.send(member.member, large, { timeoutMs: 200 });
    assert.equal(await kindOf(sending), "timeout");
    done.resolve();
  });
}
