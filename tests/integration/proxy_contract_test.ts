/** What passing a push on promises, held against members that keep or break their side. @module */

import assert from "node:assert/strict";
import { sleep } from "../../src/concurrency/backoff.ts";
import { waitFor } from "../../tools/wait.ts";
import { pathsOf, rawRequest, standIn, startBefore } from "./stand_in.ts";

const put = (url: string, init: RequestInit = {}) =>
  fetch(url, { method: "PUT", body: "m 1\n", ...init });
const answerOf = async (response: Response) => ({
  status: response.status,
  text: await response.text(),
});

Deno.test("body, method, path and query reach the owner byte for byte, and nobody else", async () => {
  await using one = standIn();
  await using two = standIn();
  await using app = await startBefore([one, two]);
  const [, path] = pathsOf([one, two]);
  const bytes = Uint8Array.from({ length: 70_000 }, (_, i) => i % 251);
  for (const method of ["PUT", "POST"]) {
    const { status } = await answerOf(
      await fetch(`${app.url}${path}/dir@base64/L3RtcA?x=%2f`, { method, body: bytes }),
    );
    const push = (one.pushes.pop() ?? two.pushes.pop())!;
    const [head, body] = [
      push.slice(0, push.indexOf("\r\n\r\n")),
      push.slice(push.indexOf("\r\n\r\n") + 4),
    ];
    assert.equal(status, 200);
    assert(head.startsWith(`${method} ${path}/dir@base64/L3RtcA?x=%2f HTTP/1.1\r\n`), head);
    assert.match(head, /\r\ncontent-length: 70000(\r\n|$)/);
    assert.deepEqual(Uint8Array.from(body, (character) => character.charCodeAt(0)), bytes);
  }
  assert.deepEqual([one.pushes, two.pushes], [[], []]);
});

Deno.test("headers for one hop stay there, the others go on, and the client's address is added", async () => {
  await using member = standIn();
  await using app = await startBefore([member]);
  const answer = await rawRequest(app, (write) =>
    write(
      "PUT /metrics/job/a HTTP/1.1\r\nHost: front\r\nConnection: close, X-Hop\r\nX-Hop: 1\r\n" +
        "Keep-Alive: timeout=5\r\nTE: trailers\r\nProxy-Authorization: Basic eDp5\r\nUpgrade: h2c\r\n" +
        "Authorization: Bearer t\r\nContent-Encoding: gzip\r\nContent-Type: text/plain\r\n" +
        "X-Forwarded-For: 192.0.2.1\r\nX-Custom: \u00fc\r\nContent-Length: 4\r\n\r\nm 1\n",
    ));
  assert.match(answer, /^HTTP\/1\.1 200 OK\r\n/);
  const [push] = member.pushes;
  const head = push.slice(0, push.indexOf("\r\n\r\n")).split("\r\n").slice(1).sort();
  assert.deepEqual(
    head,
    [
      "authorization: Bearer t",
      "content-encoding: gzip",
      "content-length: 4",
      "content-type: text/plain",
      `host: ${member.member}`,
      "x-custom: \u00c3\u00bc", // UTF-8, each byte a character here
      "x-forwarded-for: 192.0.2.1, 127.0.0.1",
    ].sort(),
  );
});

Deno.test("status, body and headers of the answer come back as they are", async () => {
  await using member = standIn((connection) =>
    connection.write(
      "HTTP/1.1 400 Bad Request\r\nContent-Type: text/plain; charset=utf-8\r\nX-Reason: 1\r\n" +
        "Connection: keep-alive, X-Hop\r\nX-Hop: 1\r\nTransfer-Encoding: chunked\r\n\r\n" +
        "4\r\nbad\n\r\n0\r\n\r\n",
    )
  );
  await using app = await startBefore([member]);
  const response = await put(`${app.url}/metrics/job/a`);
  assert.deepEqual(await answerOf(response), { status: 400, text: "bad\n" });
  assert.equal(response.headers.get("content-type"), "text/plain; charset=utf-8");
  assert.equal(response.headers.get("x-reason"), "1");
  assert.equal(response.headers.get("x-hop"), null);
});

for (
  const [what, head] of [
    ["of a status that has no body, and has one", "HTTP/1.1 205 Reset Content\r\n"],
    ["of no status that HTTP knows", "HTTP/1.1 999 Odd\r\n"],
    ["with a header that is none", "HTTP/1.1 200 OK\r\nX: a\0b\r\n"],
  ] as const
) {
  Deno.test(`an answer ${what} is 502 and counted, and the next push is answered`, async () => {
    let isOdd = true;
    await using member = standIn((connection) =>
      connection.write(`${isOdd ? head : "HTTP/1.1 200 OK\r\n"}Content-Length: 2\r\n\r\nok`)
    );
    await using app = await startBefore([member]);
    const { status, text } = await answerOf(await put(`${app.url}/metrics/job/a`));
    assert.equal(status, 502);
    assert(text.startsWith(`${member.member}: `), text);
    const page = await (await fetch(`${app.url}/metrics`)).text();
    assert(page.includes(`upstream_failures_total{member="${member.member}",kind="broken"} 1\n`));
    isOdd = false;
    assert.equal((await answerOf(await put(`${app.url}/metrics/job/a`))).status, 200);
  });
}

Deno.test("a refusal beyond what an answer may have is passed on cut, with its status", async () => {
  const body = "bad series\n".repeat(200_000);
  await using member = standIn((connection) =>
    connection.write(`HTTP/1.1 400 Bad Request\r\nContent-Length: ${body.length}\r\n\r\n${body}`)
  );
  await using app = await startBefore([member]);
  const { status, text } = await answerOf(await put(`${app.url}/metrics/job/a`));
  assert.deepEqual([status, text], [400, body.slice(0, 1_048_576)]);
});

Deno.test("a body in chunks goes on whole, with a length", async () => {
  await using member = standIn();
  await using app = await startBefore([member]);
  const body = new ReadableStream({
    start(controller) {
      for (const text of ["a 1\n", "b 2\n"]) controller.enqueue(new TextEncoder().encode(text));
      controller.close();
    },
  });
  assert.equal((await answerOf(await put(`${app.url}/metrics/job/a`, { body }))).status, 200);
  assert.match(member.pushes[0], /\r\ncontent-length: 8\r\n\r\na 1\nb 2\n$/);
  assert.doesNotMatch(member.pushes[0], /transfer-encoding/i);
});

Deno.test("a client that expects a 100 gets it, and a 413 without sending a body that is too large", async () => {
  await using member = standIn();
  await using app = await startBefore([member], "mode: proxy\nproxy: {body_size_limit: 1KB}");
  const head = (length: number) =>
    `PUT /metrics/job/a HTTP/1.1\r\nHost: x\r\nConnection: close\r\nExpect: 100-continue\r\n` +
    `Content-Length: ${length}\r\n\r\n`;
  const small = await rawRequest(app, async (write) => {
    await write(head(4));
    await write("m 1\n");
  });
  assert.match(small, /^HTTP\/1\.1 100 Continue\r\n\r\nHTTP\/1\.1 200 OK\r\n/);
  assert.doesNotMatch(member.pushes[0], /expect/i);
  const large = await rawRequest(app, (write) => write(head(1_025)), "limit of 1024 bytes\n");
  assert.match(large, /HTTP\/1\.1 413 /);
  assert.equal(member.pushes.length, 1);
});

Deno.test("a body beyond the limit is 413 with a reason, however it comes, and reaches nobody", async () => {
  await using member = standIn();
  await using app = await startBefore([member], "mode: proxy\nproxy: {body_size_limit: 1KB}");
  const url = `${app.url}/metrics/job/a`;
  const expected = { status: 413, text: "the body is larger than the limit of 1024 bytes\n" };
  const body = new Uint8Array(1_025);
  assert.deepEqual(await answerOf(await put(url, { body })), expected);
  const stream = new Blob([body]).stream();
  assert.deepEqual(await answerOf(await put(url, { body: stream })), expected);
  assert.equal((await answerOf(await put(url, { body: body.subarray(1) }))).status, 200);
  assert.equal(member.pushes.length, 1);
});

for (
  const [what, length] of [["small", "Content-Length: 10"], [
    "large",
    "Content-Length: 100000",
  ], ["chunked", "Transfer-Encoding: chunked"]]
) {
  Deno.test(`a ${what} body that does not come in time is 408, and one that breaks off harms nobody`, async () => {
    await using member = standIn();
    await using app = await startBefore([member], "mode: proxy\nproxy: {timeout: 1s}");
    const head = `PUT /metrics/job/a HTTP/1.1\r\nHost: x\r\n${length}\r\n\r\n3\r\nm 1`;
    const slow = await rawRequest(app, (write) => write(head), "within 1 s\n");
    assert.match(slow, /^HTTP\/1\.1 408 [\s\S]*the body did not come within 1 s\n$/);

    const { hostname, port } = new URL(app.url);
    for (let i = 0; i < 20; i++) {
      const connection = await Deno.connect({ hostname, port: Number(port) });
      await connection.write(new TextEncoder().encode(head));
      connection.close();
    }
    assert.equal((await answerOf(await put(`${app.url}/metrics/job/a`))).status, 200);
    assert.equal(member.pushes.length, 1);
  });
}

Deno.test("a small body that comes after its head, bit by bit, goes on whole", async () => {
  await using member = standIn();
  await using app = await startBefore([member]);
  const answer = await rawRequest(app, async (write) => {
    await write(
      "PUT /metrics/job/a HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 4\r\n\r\n",
    );
    for (const part of ["m", " 1", "\n"]) {
      await sleep(20);
      await write(part);
    }
  });
  assert.match(answer, /^HTTP\/1\.1 200 OK\r\n/);
  assert.match(member.pushes[0], /\r\ncontent-length: 4\r\n\r\nm 1\n$/);
});

for (
  const [what, status, reason, treat] of [
    ["goes away in the middle of its answer", 502, ": the answer broke off", "cut"],
    [
      "ends each connection without an answer",
      502,
      " closed the connection without an answer",
      "end",
    ],
    ["does not answer in time", 504, ": no answer within", "hang"],
  ] as const
) {
  Deno.test(`a member that ${what} is ${status}, and no other member gets the push`, async () => {
    await using bad = standIn(async (connection) => {
      if (treat === "cut") await connection.write("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nx");
      if (treat !== "hang") connection.close();
    });
    await using good = standIn();
    await using app = await startBefore([bad, good], "mode: proxy\nproxy: {timeout: 1s}");
    const [path, other] = pathsOf([bad, good]);
    const answer = await answerOf(await put(`${app.url}${path}`));
    assert.equal(answer.status, status);
    assert(answer.text.startsWith(bad.member + reason), answer.text);
    assert.equal(good.pushes.length, 0);
    assert.equal((await answerOf(await put(`${app.url}${other}`))).status, 200);
    const page = await (await fetch(`${app.url}/metrics`)).text();
    const kind = { cut: "broken", end: "closed", hang: "timeout" }[treat];
    const counted = `upstream_failures_total{member="${bad.member}",kind="${kind}"} 1\n`;
    assert(page.includes(counted), page.match(/.*failures_total\{.*/g)?.join("\n"));
  });
}

Deno.test("a member that is gone is suspect with the first push that it refuses, which goes to the next", async () => {
  const gone = standIn();
  await using left = standIn();
  await using app = await startBefore([gone, left]);
  const [path] = pathsOf([gone, left]);
  await gone[Symbol.asyncDispose]();
  assert.equal((await answerOf(await put(`${app.url}${path}`))).status, 200);
  assert.equal(left.pushes.length, 1);
  await waitFor(async () => {
    const page = await (await fetch(`${app.url}/metrics`)).text();
    return page.includes('members{state="suspect"} 1\n');
  }, { what: "the member to be suspect" });
});

Deno.test("where nobody can be reached a push is 503 with Retry-After and the members tried", async () => {
  const one = standIn();
  const two = standIn();
  await using app = await startBefore([one, two]);
  await one[Symbol.asyncDispose]();
  await two[Symbol.asyncDispose]();
  for (const method of ["PUT", "DELETE"]) {
    const response = await put(`${app.url}/metrics/job/a`, { method });
    assert.equal(response.headers.get("retry-after"), "1");
    const { status, text } = await answerOf(response);
    assert.equal(status, 503);
    assert(text.includes(one.member) && text.includes(two.member), text);
  }
});

Deno.test("a DELETE reaches every member and is answered as a Pushgateway does", async () => {
  const accepted = "HTTP/1.1 202 Accepted\r\nContent-Length: 0\r\n\r\n";
  await using one = standIn((connection) => connection.write(accepted));
  await using two = standIn((connection) => connection.write(accepted));
  await using three = standIn((connection) => connection.write(accepted));
  await using app = await startBefore([one, two, three]);
  const plain = "/metrics/job/a/env/b";
  for (
    const [path, targets] of [
      ["/metrics/job/a/instance/b", ["/metrics/job/a/instance/b"]],
      // A member may store a group without an instance with an empty one.
      [plain, [plain, `${plain}/instance@base64/=`]],
    ] as const
  ) {
    const answer = await answerOf(await fetch(`${app.url}${path}`, { method: "DELETE" }));
    assert.deepEqual(answer, { status: 202, text: "" });
    for (const { pushes } of [one, two, three]) {
      const heads = pushes.splice(0).map((push) => push.slice(0, push.indexOf("\r\n")));
      assert.deepEqual(heads.sort(), targets.map((target) => `DELETE ${target} HTTP/1.1`));
    }
  }
});

Deno.test("a DELETE that one member does not take says so", async () => {
  await using good = standIn((connection) =>
    connection.write("HTTP/1.1 202 Accepted\r\nContent-Length: 0\r\n\r\n")
  );
  await using bad = standIn(() => Promise.resolve());
  await using app = await startBefore([good, bad], "mode: proxy\nproxy: {timeout: 1s}");
  const { status, text } = await answerOf(
    await fetch(`${app.url}/metrics/job/a`, { method: "DELETE" }),
  );
  assert.equal(status, 504);
  assert(text.startsWith(`${bad.member}: `), text);
});

/** A member that answers pushes from one moment on. */
function stuckMember() {
  const released = Promise.withResolvers<void>();
  const member = standIn(async (connection) => {
    await released.promise;
    await connection.write("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
  });
  return Object.assign(member, { release: released.resolve });
}

Deno.test("pushes beyond what a member may have at once wait, and hold up no other member", async () => {
  await using stuck = stuckMember();
  await using free = standIn();
  await using app = await startBefore([stuck, free], "mode: proxy\nproxy: {max_in_flight: 3}");
  const [path, other] = pathsOf([stuck, free]);
  const sending = [1, 2, 3, 4, 5].map(() => put(`${app.url}${path}`));
  await waitFor(() => stuck.pushes.length === 3, { what: "three pushes to wait" });
  const page = await (await fetch(`${app.url}/metrics`)).text();
  assert(page.includes(`upstream_in_flight{member="${stuck.member}"} 3\n`));
  for (let i = 0; i < 10; i++) {
    assert.equal((await answerOf(await put(`${app.url}${other}`))).status, 200);
  }
  assert.equal(stuck.pushes.length, 3);
  stuck.release();
  for (const response of await Promise.all(sending)) {
    assert.equal((await answerOf(response)).status, 200);
  }
  assert.equal(stuck.pushes.length, 5);
});

Deno.test("a push whose turn does not come is 503, and was not sent", async () => {
  await using stuck = stuckMember();
  const limits = "mode: proxy\nproxy: {max_in_flight: 1, timeout: 2s}";
  await using app = await startBefore([stuck], limits);
  const first = put(`${app.url}/metrics/job/a`);
  await waitFor(() => stuck.pushes.length === 1, { what: "a push to wait for its answer" });
  const refused = await put(`${app.url}/metrics/job/a`);
  assert.equal(refused.headers.get("retry-after"), "1");
  assert.deepEqual(await answerOf(refused), {
    status: 503,
    text: `${stuck.member} has too many pushes to answer\n`,
  });
  assert.equal((await answerOf(await first)).status, 504);
  assert.equal(stuck.pushes.length, 1);
  stuck.release();
});

Deno.test("a burst of 1,000 pushes to one member is taken, every one", async () => {
  await using member = standIn();
  await using app = await startBefore([member]);
  const pushes = Array.from({ length: 1_000 }, (_, i) => put(`${app.url}/metrics/job/job${i}`));
  const counts = new Map<number, number>();
  for (const response of await Promise.all(pushes)) {
    const { status } = await answerOf(response);
    counts.set(status, (counts.get(status) ?? 0) + 1);
  }
  assert.deepEqual(counts, new Map([[200, 1_000]]));
});

Deno.test("bodies that wait for one member leave memory for those of another", async () => {
  await using stuck = stuckMember();
  await using free = standIn();
  const limits = "mode: proxy\n" +
    "proxy: {max_in_flight: 1, body_size_limit: 400KiB, body_memory_limit: 800KiB, timeout: 20s}";
  await using app = await startBefore([stuck, free], limits);
  const [path, other] = pathsOf([stuck, free]);
  const body = new Uint8Array(100 * 1_024);
  const sending = put(`${app.url}${path}`, { body });
  await waitFor(() => stuck.pushes.length === 1, { what: "a push to wait for its answer" });
  const waiting = Array.from({ length: 6 }, () => put(`${app.url}${path}`, { body }));
  const refused = new Set<number>();
  for (const response of waiting) {
    void response.then(({ status }) => status === 503 && refused.add(refused.size)).catch(() => {});
  }
  await waitFor(() => refused.size === 4, { what: "what is beyond a quarter to be refused" });
  assert.equal((await answerOf(await put(`${app.url}${other}`, { body }))).status, 200);
  stuck.release();
  const statuses = await Promise.all(
    [sending, ...waiting].map(async (response) => (await answerOf(await response)).status),
  );
  assert.deepEqual(statuses.toSorted(), [200, 200, 200, 503, 503, 503, 503]);
});

Deno.test("bodies that come slowly have so much memory together, and no more", async () => {
  await using member = standIn();
  const limits = "mode: proxy\nproxy: {body_size_limit: 1MiB, body_memory_limit: 1MiB}";
  await using app = await startBefore([member], limits);
  const head = (length: number) =>
    `PUT /metrics/job/a HTTP/1.1\r\nHost: h\r\nConnection: close\r\nContent-Length: ${length}\r\n\r\n`;
  await using stack = new AsyncDisposableStack();
  const done = Promise.withResolvers<void>();
  const slow = [1, 2].map(() =>
    rawRequest(app, async (write) => {
      await write(head(400_000) + "m".repeat(399_000));
      await done.promise;
      await write("m".repeat(1_000));
    })
  );
  stack.defer(async () => {
    done.resolve();
    await Promise.all(slow);
  });
  await waitFor(async () => {
    const page = await (await fetch(`${app.url}/metrics`)).text();
    return page.includes("dynamic_sharding_body_memory_bytes 798000\n");
  }, { what: "what has come of the slow bodies to be in memory" });
  const body = new Uint8Array(400_000);
  const refused = await put(`${app.url}/metrics/job/b`, { body });
  assert.equal(refused.headers.get("retry-after"), "1");
  assert.deepEqual(await answerOf(refused), {
    status: 503,
    text: "the bodies of other pushes take all of proxy.body_memory_limit\n",
  });
  assert.equal((await answerOf(await put(`${app.url}/metrics/job/b`))).status, 200, "a small one");
  done.resolve();
  for (const answer of await Promise.all(slow)) assert.match(answer, /^HTTP\/1\.1 200 OK\r\n/);
  assert.equal((await answerOf(await put(`${app.url}/metrics/job/b`, { body }))).status, 200);
});
