import assert from "node:assert/strict";
import { forwardAnswer, forwardHeaders } from "../../../src/http/push/forwarding.ts";

const CLIENT = { client: "192.0.2.9", credentials: "client" } as const;

for (
  const [what, headers, expected] of [
    ["nothing but the client's address", {}, []],
    ["what the client sent", { "x-a": "1", "content-type": "text/plain" }, [
      "content-type",
      "text/plain",
      "x-a",
      "1",
    ]],
    ["nothing that Connection names", { a: "1", connection: "close, A , b", b: "2", c: "b" }, [
      "c",
      "b",
    ]],
    ["the client's credentials", { authorization: "Bearer t" }, ["authorization", "Bearer t"]],
  ] as [string, Record<string, string>, string[]][]
) {
  Deno.test(`forwardHeaders() passes on ${what}`, { permissions: "none" }, () => {
    const forwarded = forwardHeaders([...new Headers(headers)].flat(), CLIENT);
    assert.deepEqual(forwarded, [...expected, "x-forwarded-for", "192.0.2.9"]);
  });
}

Deno.test("forwardHeaders() keeps the client's credentials back where ours are sent", {
  permissions: "none",
}, () => {
  const headers = ["authorization", "Bearer t"];
  assert.deepEqual(forwardHeaders(headers, { ...CLIENT, credentials: "own" }), [
    "x-forwarded-for",
    "192.0.2.9",
  ]);
});

Deno.test("forwardHeaders() adds the client to those before it, as IPv4 where it is that", {
  permissions: "none",
}, () => {
  const headers = ["x-forwarded-for", "a", "x-forwarded-for", "b"];
  const forwarded = (client: string) => forwardHeaders(headers, { ...CLIENT, client })[1];
  assert.equal(forwarded("::ffff:192.0.2.9"), "a, b, 192.0.2.9");
  assert.equal(forwarded("::1"), "a, b, ::1");
});

for (
  const [what, headers, expected] of [
    ["its headers", ["Date", "today", "X-A", "1"], ["date", "today", "x-a", "1"]],
    ["headers that come twice, apart", ["Set-Cookie", "a", "Date", "today", "set-cookie", "b"], [
      ...["set-cookie", "a", "date", "today", "set-cookie", "b"],
    ]],
    ["headers with the names of properties", ["__proto__", "a", "constructor", "b", "1", "c"], [
      ...["__proto__", "a", "constructor", "b", "1", "c"],
    ]],
    ["nothing for one hop", [
      "Connection",
      "x-hop",
      "X-Hop",
      "1",
      "Content-Length",
      "0",
      "Keep-Alive",
      "2",
    ], []],
  ] as [string, string[], string[]][]
) {
  Deno.test(`forwardAnswer() gives back ${what}`, { permissions: "none" }, () => {
    const reply = forwardAnswer({ status: 202, headers, body: new Uint8Array() });
    assert.equal(reply.status, 202);
    assert.deepEqual(reply.headers, expected);
  });
}

for (
  const [what, status, headers, body] of [
    ["has a status that HTTP does not have", 999, [], ""],
    ["is none yet", 102, [], ""],
    ["has a body where there may be none", 204, [], "x"],
    ["has a header that is more than one", 200, ["x-a", "1\r\nx-b: 2"], ""],
  ] as const
) {
  Deno.test(`forwardAnswer() throws where an answer ${what}`, { permissions: "none" }, () => {
    const answer = { status, headers, body: new TextEncoder().encode(body) };
    assert.throws(() => forwardAnswer(answer), RangeError);
  });
}

Deno.test("forwardAnswer() makes one reply of an answer that comes again as the same object", {
  permissions: "none",
}, () => {
  const answer = { status: 200, headers: ["date", "today"], body: new Uint8Array() };
  assert.equal(forwardAnswer(answer), forwardAnswer(answer));
  assert.notEqual(forwardAnswer(answer), forwardAnswer({ ...answer }));
});
