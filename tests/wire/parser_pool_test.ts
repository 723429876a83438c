/** Parsers live in memory that nothing collects: they are given back, and used again. @module */

import assert from "node:assert/strict";
import { createRequestReader } from "../../src/wire/request_reader.ts";
import { bytesOf, readRequests } from "./reading.ts";

const REQUEST =
  "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n";

Deno.test("a reader that was disposed of reads no more", { permissions: "none" }, () => {
  const reader = createRequestReader();
  reader[Symbol.dispose]();
  reader[Symbol.dispose]();
  assert.throws(() => reader.readHead(bytesOf(REQUEST)), /released/);
});

Deno.test("wherever a reader was when it was disposed of, the next one begins anew", {
  permissions: "none",
}, () => {
  const whole = readRequests([bytesOf(REQUEST)]);
  for (const text of [REQUEST, "GET /\xff", "GET / HTTP/9.9\r\n"]) {
    for (let end = 0; end <= text.length; end++) {
      {
        using reader = createRequestReader();
        readRequests([bytesOf(text.slice(0, end))], { reader });
      }
      using reader = createRequestReader();
      assert.deepEqual(readRequests([bytesOf(REQUEST)], { reader }), whole);
    }
  }
});

Deno.test("readers that live at the same time have nothing in common", {
  permissions: "none",
}, () => {
  const whole = readRequests([bytesOf(REQUEST)]);
  using one = createRequestReader();
  using other = createRequestReader();
  for (const byte of bytesOf(REQUEST.slice(0, 40))) {
    assert.equal(one.readHead(bytesOf(String.fromCharCode(byte))), undefined);
    assert.equal(other.readHead(bytesOf(String.fromCharCode(byte))), undefined);
  }
  for (const reader of [one, other]) {
    assert.deepEqual(readRequests([bytesOf(REQUEST.slice(40))], { reader }), whole);
  }
});
