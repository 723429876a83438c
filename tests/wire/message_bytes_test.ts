/** What is written is what is to be read. @module */

import { Buffer } from "node:buffer";
import fc from "fast-check";
import assert from "node:assert/strict";
import {
  asciiBytes,
  chunkBytes,
  isBodiless,
  LAST_CHUNK,
  messageBytes,
  type ReplyFrame,
  replyHead,
  writeAscii,
} from "../../src/wire/message_bytes.ts";
import { createAnswerReader } from "../../src/pushgateway/client/answer.ts";

const DATE = "Sun, 29 Nov 2026 10:00:00 GMT";

for (
  const [what, status, headers, frame, expected] of [
    ["says its length", 200, [], { length: 3 }, `200 OK|date: ${DATE}|content-length: 3`],
    ["has an empty body", 404, [], { length: 0 }, `404 Not Found|date: ${DATE}|content-length: 0`],
    ["comes in chunks", 200, ["x", "y"], {
      length: "chunked",
    }, `200 OK|x: y|date: ${DATE}|transfer-encoding: chunked`],
    ["has no body", 204, [], {}, `204 No Content|date: ${DATE}`],
    ["closes", 400, [], {
      length: 0,
      connection: "close",
    }, `400 Bad Request|date: ${DATE}|connection: close|content-length: 0`],
    ["keeps alive", 200, [], {
      length: 0,
      connection: "keep-alive",
    }, `200 OK|date: ${DATE}|connection: keep-alive|content-length: 0`],
    ["was made elsewhere", 202, ["date", "then", "x", "", "x", "y"], {
      length: 0,
    }, "202 Accepted|date: then|x: |x: y|content-length: 0"],
    [
      "has a status without a phrase",
      299,
      [],
      { length: 0 },
      `299 |date: ${DATE}|content-length: 0`,
    ],
  ] satisfies [string, number, string[], Omit<ReplyFrame, "date">, string][]
) {
  Deno.test(`the head of an answer that ${what} says so`, { permissions: "none" }, () => {
    const head = replyHead(status, headers, { date: DATE, ...frame });
    assert.equal(head, `HTTP/1.1 ${expected.replaceAll("|", "\r\n")}\r\n\r\n`);
  });
}

Deno.test("an answer has no body with 204 and 304", { permissions: "none" }, () => {
  const bodiless = [200, 202, 204, 205, 304, 307, 404].filter(isBodiless);
  assert.deepEqual(bodiless, [204, 304]);
});

const latin1 = fc.string({
  unit: fc.integer({ min: 0, max: 255 }).map((n) => String.fromCharCode(n)),
});
const bytes = fc.uint8Array({ maxLength: 50 });

Deno.test("a head has a byte for each of its characters, and the body is behind it", {
  permissions: "none",
}, () => {
  fc.assert(fc.property(latin1, fc.option(bytes, { nil: undefined }), (head, body) => {
    const expected = Buffer.concat([Buffer.from(head, "latin1"), body ?? new Uint8Array()]);
    assert.deepEqual(Buffer.from(messageBytes(head, body)), expected);
  }));
});

Deno.test("the value of a header goes through as it came from a member", {
  permissions: "none",
}, () => {
  using reader = createAnswerReader({ bytesMax: 100, beyond: "error" });
  const location = "/\xc3\xa4/\xff\xa0";
  const head = replyHead(307, ["location", location], { date: DATE, length: 1 });
  const answer = reader.take(Buffer.from(messageBytes(head, new Uint8Array([0xe4]))));
  assert.deepEqual(answer?.headers.slice(0, 2), ["location", location]);
  assert.deepEqual([...answer.body], [0xe4]);
});

Deno.test("texts are ASCII, or are not written as such", { permissions: "none" }, () => {
  fc.assert(
    fc.property(
      fc.oneof(fc.string({ unit: "binary-ascii" }), latin1, fc.string({ unit: "binary" })),
      (text) => {
        const expected = /^[\0-\x7f]*$/.test(text) ? Buffer.from(text) : undefined;
        const found = asciiBytes(text);
        assert.deepEqual(found && Buffer.from(found), expected);
      },
    ),
  );
});

Deno.test("a text is written as ASCII where there is room for it", { permissions: "none" }, () => {
  for (
    const [text, room, isWritten] of [
      ["abc", 3, true],
      ["abc", 9, true],
      ["abc", 2, false],
      ["", 0, true],
      ["ab\xe4", 9, false],
      ["\xe4bc", 3, false],
    ] as const
  ) {
    const into = new Uint8Array(room);
    assert.equal(writeAscii(text, into), isWritten, `${text} into ${room}`);
    if (isWritten) assert.equal(Buffer.from(into.subarray(0, text.length)).toString(), text);
  }
});

Deno.test("a body in chunks is read as what was written", { permissions: "none" }, () => {
  fc.assert(fc.property(fc.array(bytes.filter(({ length }) => length > 0)), (parts) => {
    using reader = createAnswerReader({ bytesMax: 10_000, beyond: "error" });
    const head = messageBytes(replyHead(200, [], { date: DATE, length: "chunked" }));
    const answer = reader.take(Buffer.concat([head, ...parts.map(chunkBytes), LAST_CHUNK]));
    assert.deepEqual(answer?.body, Buffer.concat(parts));
    assert(reader.reusable);
  }));
  assert.equal(Buffer.from(chunkBytes(new Uint8Array(0x1ab))).toString("latin1", 0, 5), "1ab\r\n");
});
