/** What is understood of each request, and what is not. @module */

import assert from "node:assert/strict";
import { createRequestReader, HEAD_BYTES_MAX } from "../../src/wire/request_reader.ts";
import { bytesOf, readRequests, readWhole, type Seen } from "./reading.ts";
import { BAD, BAD_CHUNKS, GOOD, request } from "./requests.ts";

function statusOf({ requests, end }: Seen): number {
  assert(typeof end === "object", `expected a refusal, found ${end}: ${JSON.stringify(requests)}`);
  return end.refused;
}

for (const [what, text, { body = "", ...expected }] of GOOD) {
  Deno.test(`a reader understands ${what}`, { permissions: "none" }, () => {
    const { requests, end } = readWhole(text);
    assert.equal(end, "between requests");
    assert.equal(requests.length, 1);
    assert.deepEqual({ ...requests[0].head, ...expected }, requests[0].head);
    assert.equal(requests[0].body, body);
  });
}

for (const [what, status, text] of BAD) {
  Deno.test(`a reader refuses ${what} with ${status}`, { permissions: "none" }, () => {
    const seen = readWhole(text);
    assert.equal(statusOf(seen), status);
    assert.deepEqual(seen.requests, []);
  });
}

for (const [what, chunks, before] of BAD_CHUNKS) {
  Deno.test(`a reader refuses a body with ${what}`, { permissions: "none" }, () => {
    const seen = readWhole(request({ isChunked: true }, chunks));
    assert.equal(statusOf(seen), 400);
    assert.equal(seen.requests[0].body, before);
  });
}

Deno.test("requests that come together are read one after the other", {
  permissions: "none",
}, () => {
  const reader = createRequestReader();
  const bodies = ["", "1\r\na\r\n0\r\n\r\n", ""];
  const heads = [request(), request({ isChunked: true }), request({ line: "PUT /x HTTP/1.1" })];
  let rest = bytesOf(heads.map((head, i) => head + bodies[i]).join(""));
  for (const [i, head] of heads.entries()) {
    const found = reader.readHead(rest);
    assert(found && "method" in found);
    assert.equal(reader.taken, head.length);
    assert.equal(reader.headBytes, 0);
    rest = rest.subarray(reader.taken);
    if (bodies[i] === "") continue;
    assert.equal(reader.readChunks(rest, () => {}), true);
    assert.equal(reader.taken, bodies[i].length);
    rest = rest.subarray(reader.taken);
  }
  assert.equal(rest.length, 0);
});

Deno.test("the bytes of a head count until it is over", { permissions: "none" }, () => {
  const reader = createRequestReader();
  const text = request({ line: "GET /\xe4 HTTP/1.1" });
  for (let at = 0; at < text.length; at++) {
    assert(reader.headBytes >= at, `${reader.headBytes} after ${at} bytes`);
    reader.readHead(bytesOf(text[at]));
  }
  assert.equal(reader.headBytes, 0);
  reader.readHead(bytesOf("GE"));
  assert.equal(reader.headBytes, 2);
  reader.reset();
  assert.equal(reader.headBytes, 0);
});

Deno.test("a reader stands before a request wherever it is told to forget one", {
  permissions: "none",
}, () => {
  const text = request(
    { line: "PUT /\xe4 HTTP/1.1", isChunked: true },
    "3;a\r\nabc\r\n0\r\nX: y\r\n\r\n",
  );
  const whole = readWhole(text);
  const reader = createRequestReader();
  for (const begun of [text, request({ line: "GET /\xff HTTP/9.9" })]) {
    for (let end = 0; end <= begun.length; end++) {
      readRequests([bytesOf(begun.slice(0, end))], { reader });
      reader.reset();
      assert.deepEqual(readRequests([bytesOf(text)], { reader }), whole);
      reader.reset();
    }
  }
});

/** A head of so many bytes. */
function headOf(bytes: number, line?: string): string {
  const length = bytes - request({ line, fields: "X: " }).length;
  return request({ line, fields: `X: ${"a".repeat(length)}` });
}

/** In pieces of so many bytes. */
function* cut(text: string, bytes: number) {
  for (let at = 0; at < text.length; at += bytes) yield bytesOf(text.slice(at, at + bytes));
}

for (const piece of [16_384, 65_536, 100_001, 2 * HEAD_BYTES_MAX]) {
  Deno.test(`a head has a limit, where it comes ${piece} bytes at a time`, {
    permissions: "none",
  }, () => {
    for (const line of ["GET / HTTP/1.1", "GET /\xe4 HTTP/1.1"]) {
      const { requests, end } = readRequests(cut(headOf(HEAD_BYTES_MAX, line), piece));
      assert.equal(end, "between requests");
      assert.match(requests[0].head.headers[3], /^a+$/);
      const above = headOf(HEAD_BYTES_MAX + 1, line);
      assert.equal(statusOf(readRequests(cut(above, piece))), 431);
    }
    for (
      const endless of [
        "\r\n".repeat(HEAD_BYTES_MAX),
        `GET /${"a".repeat(HEAD_BYTES_MAX)}`,
        `GET /${"\xe4".repeat(HEAD_BYTES_MAX)}`,
        `GET / HTTP/1.1\r\n${"X".repeat(HEAD_BYTES_MAX)}`,
        `GET / HTTP/1.1\r\nX: ${" ".repeat(HEAD_BYTES_MAX)}`,
        `GET / HTTP/1.1\r\n${"X:\r\n".repeat(HEAD_BYTES_MAX / 4)}`,
      ]
    ) assert.equal(statusOf(readRequests(cut(endless, piece))), 431);
  });
}

Deno.test("a head has as many headers as it has room for", { permissions: "none" }, () => {
  const names = Array.from({ length: 100_000 }, (_, i) => `x${i}`);
  const { requests } = readWhole(request({ fields: names.map((name) => `${name}:`).join("\r\n") }));
  assert.deepEqual(requests[0].head.headers, ["host", "a", ...names.flatMap((name) => [name, ""])]);
});

Deno.test("a length that no body has is still a number", { permissions: "none" }, () => {
  const { requests, end } = readWhole(request({ length: "18446744073709551615" }));
  assert.equal(requests[0].head.bodyLength, 2 ** 64);
  assert.equal(end, "in a body");
});
