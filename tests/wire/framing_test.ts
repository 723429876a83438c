/** What frames the chunks of a body is limited, however it is cut. @module */

import assert from "node:assert/strict";
import { FRAMING_BYTES_MAX } from "../../src/wire/request_reader.ts";
import { bytesOf, readRequests } from "./reading.ts";

const HEAD = "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n";
const END = "0\r\n\r\n";

/** The ways to cut a body in chunks, each of them in parts. */
const CUTS: Readonly<Record<string, (chunks: readonly string[]) => string[]>> = {
  "whole": (chunks) => [chunks.join("")],
  "chunk by chunk": (chunks) => [...chunks],
  "before each chunk's data": (chunks) => chunks.join("").split(/(?<=\r\n)(?=a)/),
  "behind each chunk's data": (chunks) => chunks.join("").split(/(?<=a)(?=\r\n)/),
  "byte by byte": (chunks) => chunks.join("").split(""),
};

function readChunks(chunks: readonly string[], cut: (chunks: readonly string[]) => string[]) {
  return readRequests([HEAD, ...cut([...chunks, END])].map(bytesOf));
}

for (const [name, cut] of Object.entries(CUTS)) {
  Deno.test(`chunks of one byte, cut ${name}, may be as many as one likes`, {
    permissions: "none",
  }, () => {
    const chunks = Array<string>(FRAMING_BYTES_MAX).fill("1\r\na\r\n");
    const { requests, end } = readChunks(chunks, cut);
    assert.equal(end, "between requests");
    assert.equal(requests[0].body, "a".repeat(FRAMING_BYTES_MAX));
  });

  Deno.test(`extensions, cut ${name}, have a limit for all of a body`, {
    permissions: "none",
  }, () => {
    // Of what frames a chunk, 16 bytes and twice its data are free.
    const chunk = (bytes: number) => `1;${"x".repeat(bytes - "1;\r\na\r\n".length)}\r\na\r\n`;
    const free = chunk(16 + 2 + 1);
    assert.equal(readChunks(Array(1_000).fill(free), cut).end, "between requests");
    const large = Array<string>(FRAMING_BYTES_MAX / 1_024).fill(chunk(1_024 + 19));
    const within = large.slice(1);
    assert.equal(readChunks(within, cut).end, "between requests");
    const { end } = readChunks([...large, ...large], cut);
    assert(typeof end === "object");
    assert.equal(end.refused, 400);
  });

  Deno.test(`trailers, cut ${name}, count as extensions do`, { permissions: "none" }, () => {
    const read = (bytes: number) => {
      const trailers = `X: ${"a".repeat(bytes - "0\r\nX: \r\n\r\n".length)}\r\n\r\n`;
      return readRequests([HEAD, ...cut(["0\r\n", trailers])].map(bytesOf)).end;
    };
    assert.equal(read(FRAMING_BYTES_MAX), "between requests");
    const end = read(FRAMING_BYTES_MAX + 1);
    assert(typeof end === "object");
    assert.equal(end.refused, 400);
  });
}

Deno.test("a body is read whatever the limit while its data come with little around", {
  permissions: "none",
}, () => {
  const data = "a".repeat(100_000);
  const chunks = Array<string>(20).fill(`${data.length.toString(16)}\r\n${data}\r\n`);
  const { requests, end } = readChunks(chunks, (chunks) => [chunks.join("")]);
  assert.equal(end, "between requests");
  assert.equal(requests[0].body.length, 20 * data.length);
});
