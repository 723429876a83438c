import assert from "node:assert/strict";
import { gzipSync } from "node:zlib";
import { PROTOBUF_HEADERS } from "../../../src/pushgateway/group_content.ts";
import { pushedTypes } from "../../../src/pushgateway/pages/pushed_types.ts";
import { delimited, message } from "./protobuf_message.ts";

const [, PROTOBUF] = PROTOBUF_HEADERS;
const encode = (text: string) => new TextEncoder().encode(text);

function typesOf(
  body: string | Uint8Array,
  headers: { contentType?: string; contentEncoding?: string } = {},
): Record<string, string> {
  const bytes = typeof body === "string" ? encode(body) : body;
  const types = pushedTypes(bytes, {
    contentType: undefined,
    contentEncoding: undefined,
    ...headers,
  });
  return Object.fromEntries(types);
}

const TEXTS: readonly [why: string, text: string, types: Record<string, string>][] = [
  ["a type", "# TYPE m gauge\nm 1\n", { m: "gauge" }],
  ["a type in capitals", "# TYPE m Counter\nm 1\n", { m: "counter" }],
  ["a type with blanks", "#  TYPE\tm \t gauge\nm 1\n", { m: "gauge" }],
  ["a family without a type", "m 1\n", { m: "untyped" }],
  ["a family with labels alone", 'm{l="a b"} 1\n', { m: "untyped" }],
  ["a HELP, and a comment", "# HELP m TYPE x gauge\n# m 1\nm 1\n", { m: "untyped" }],
  ["a type without samples", "# TYPE m gauge\n", { m: "gauge" }],
  [
    "the parts of a histogram",
    '# TYPE h histogram\nh_bucket{le="+Inf"} 1\nh_sum 1\nh_count 1\n',
    { h: "histogram" },
  ],
  ["a name that only looks like a part", "m_sum 1\n", { m_sum: "untyped" }],
  ["several families", "# TYPE a gauge\na 1\nb 2\n# TYPE c counter\nc 1\n", {
    a: "gauge",
    b: "untyped",
    c: "counter",
  }],
  ["Windows line ends", "# TYPE m gauge\r\nm 1\r\n", { m: "gauge" }],
  ["nothing", "", {}],
  ["blank lines", "\n  \n", {}],
];
for (const [why, text, types] of TEXTS) {
  Deno.test(`of a text with ${why} the types are told`, { permissions: "none" }, () => {
    assert.deepEqual(typesOf(text), types);
    assert.deepEqual(typesOf(text, { contentType: "text/plain; version=0.0.4" }), types);
  });
}

const TYPES = ["counter", "gauge", "summary", "untyped", "histogram"];
for (const [number, type] of TYPES.entries()) {
  Deno.test(`of a protobuf push a ${type} is told`, { permissions: "none" }, () => {
    const body = delimited(message([[1, "m"], [3, number]]));
    assert.deepEqual(typesOf(body, { contentType: PROTOBUF }), { m: type });
  });
}

Deno.test(
  "a family of a protobuf push without a type is a counter",
  { permissions: "none" },
  () => {
    const body = delimited(message([[1, "m"]]), message([[1, "n"], [3, 1]]));
    assert.deepEqual(typesOf(body, { contentType: PROTOBUF }), { m: "counter", n: "gauge" });
  },
);

for (
  const [why, body, headers] of [
    ["is packed", gzipSync(encode("# TYPE m gauge\nm 1\n")), { contentEncoding: "gzip" }],
    ["breaks off", delimited(message([[1, "m"]])).subarray(0, 2), { contentType: PROTOBUF }],
    ["is no protobuf", encode("# TYPE m gauge\nm 1\n"), { contentType: PROTOBUF }],
  ] as const
) {
  Deno.test(`a push that ${why} tells no types`, { permissions: "none" }, () => {
    assert.deepEqual(typesOf(body, headers), {});
  });
}
