import assert from "node:assert/strict";
import { createRequestSplitter, type RequestHead } from "./request_splitter.ts";

const encoder = new TextEncoder();
const REQUESTS = encoder.encode(
  "GET /metrics HTTP/1.1\r\nHost: a\r\n\r\n" +
    "POST /metrics/job/a HTTP/1.1\r\ncontent-length: 8\r\nContent-Type: text/plain\r\n\r\nGET / 1\n" +
    "PUT /metrics/job/b HTTP/1.1\r\nContent-Length: 0\r\n\r\n" +
    "DELETE /metrics/job/b HTTP/1.1\r\n\r\n",
);
const HEADS: RequestHead[] = [
  { method: "GET", target: "/metrics" },
  { method: "POST", target: "/metrics/job/a", contentType: "text/plain" },
  { method: "PUT", target: "/metrics/job/b" },
  { method: "DELETE", target: "/metrics/job/b" },
];

Deno.test("requests are found wherever their bytes are split", { permissions: "none" }, () => {
  for (let at = 0; at <= REQUESTS.length; at++) {
    const splitter = createRequestSplitter();
    const pieces = [...splitter.take(REQUESTS.slice(0, at)), ...splitter.take(REQUESTS.slice(at))];
    assert.deepEqual(pieces.flatMap(({ begins }) => begins ?? []), HEADS, `split at ${at}`);
    assert.deepEqual(pieces.flatMap(({ bytes }) => [...bytes]), [...REQUESTS], `split at ${at}`);
  }
});

for (
  const [why, text] of [
    ["is no HTTP", "hello\r\n\r\n"],
    ["has a body without a length", "PUT / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n"],
    ["has no end", `GET / HTTP/1.1\r\nA: ${"a".repeat(70_000)}`],
  ] as const
) {
  Deno.test(`what ${why} is refused`, { permissions: "none" }, () => {
    assert.throws(() => createRequestSplitter().take(encoder.encode(text)), /^\w+Error: expected/);
  });
}
