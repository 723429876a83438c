/** The request that two servers do not agree about is found behind those that they do. */

import assert from "node:assert/strict";
import { readChunked } from "./chunked_text.ts";
import { requestBehind } from "./request_text.ts";

const REST = "GET /rest HTTP/1.1\r\nHost: here\r\n\r\nand more";
const BEFORE: readonly (readonly [string, text: string, length?: number])[] = [
  ["a body of a length", "PUT / HTTP/1.1\r\nContent-Length: 3\r\n\r\nabc", 3],
  ["a body of which nothing was said", "HEAD / HTTP/1.1\r\nContent-Length: 3\r\n\r\nabc"],
  ["no body", "GET / HTTP/1.1\r\n\r\n", 0],
  [
    "chunks with extensions and trailers",
    "PUT / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n3;a=b\r\n\r\n\r\r\n0\r\nX: y\r\n\r\n",
    3,
  ],
  ["lines that end in LF", "PUT / HTTP/1.1\nTransfer-Encoding: chunked\n\n1\nx\r\n0\n\n", 1],
  ["empty lines", "\r\n\r\nPUT / HTTP/1.1\r\nContent-Length: 1\r\n\r\nx", 1],
];
for (const [what, text, length] of BEFORE) {
  Deno.test(`requestBehind() finds what is behind ${what}`, { permissions: "none" }, () => {
    const agreed = length === undefined ? {} : { length };
    const { request, previous } = requestBehind(text + REST, [agreed]);
    assert.equal(request.line, "GET /rest HTTP/1.1");
    assert.equal(request.after, "and more");
    assert.deepEqual(request.fields, [["host", " here"]]);
    assert(previous?.line.endsWith(" / HTTP/1.1"));
  });
}

const CHUNKED: readonly (readonly [string, fault: string | undefined])[] = [
  ["5\r\nhello\r\n0\r\n\r\n", undefined],
  ["5;a=b\r\nhello\r\n0;c\r\nX: y\r\n\r\nGET /", undefined],
  ["5 \r\nhello\r\n0\r\n\r\n", "chunk"],
  ["5\nhello\r\n0\r\n\r\n", "chunk"],
  ["5\r\nhello\n0\r\n\r\n", "chunk"],
  ["\r\n5\r\nhello\r\n0\r\n\r\n", "chunk"],
  ["0\r\nX : y\r\n\r\n", "trailers"],
  ["0\r\nX: y\n\r\n", "trailers"],
  ["5\r\nhel", "cut off"],
  ["5\r\nhello\r\n", "cut off"],
  ["0\r\nX: y\r\n", "cut off"],
];
for (const [text, fault] of CHUNKED) {
  Deno.test(`readChunked() of ${JSON.stringify(text)} finds ${fault ?? "no fault"}`, {
    permissions: "none",
  }, () => {
    assert.equal(readChunked(text).fault, fault);
  });
}
