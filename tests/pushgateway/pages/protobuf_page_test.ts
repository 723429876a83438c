import fc from "fast-check";
import assert from "node:assert/strict";
import { createProtobufPage } from "../../../src/pushgateway/pages/protobuf_page.ts";
import {
  readFields,
  readVarint,
  varintLength,
  writeVarint,
} from "../../../src/pushgateway/pages/protobuf_wire.ts";
import { cuts, pieces } from "./pieces.ts";
import { delimited, type Field, message } from "./protobuf_message.ts";

interface Family {
  readonly name: string;
  readonly help: string | undefined;
  readonly type: number | undefined;
  readonly metrics: readonly Uint8Array[];
}

function encode({ name, help, type, metrics }: Family): Uint8Array {
  const fields: Field[] = [[1, name]];
  if (help !== undefined) fields.push([2, help]);
  if (type !== undefined) fields.push([3, type]);
  for (const metric of metrics) fields.push([4, metric]);
  return message([...fields, [5, "unit"], [77, { double: 1 }]]);
}

function read(bytes: Uint8Array, sizes: readonly number[] = []): Family[] {
  const families: Family[] = [];
  let metrics: Uint8Array[] = [];
  const page = createProtobufPage({
    metric: (bytes) => void metrics.push(bytes.slice()),
    familyEnd({ name, help, type }) {
      families.push({ name, help: help && new TextDecoder().decode(help), type, metrics });
      metrics = [];
    },
  });
  for (const piece of pieces(bytes, sizes)) page.take(piece);
  page.end();
  return families;
}

const families: fc.Arbitrary<Family[]> = fc.array(fc.record({
  name: fc.string({ unit: "grapheme" }),
  help: fc.option(fc.string({ unit: "grapheme" }), { nil: undefined }),
  type: fc.option(fc.nat({ max: 300 }), { nil: undefined }),
  metrics: fc.array(fc.uint8Array({ maxLength: 300 })),
}, { noNullPrototype: true }));

Deno.test("families and their metrics come as they were, however the page is cut", {
  permissions: "none",
}, () => {
  fc.assert(
    fc.property(families, cuts, (families, sizes) => {
      assert.deepEqual(read(delimited(...families.map(encode)), sizes), families);
    }),
    { numRuns: 1_000 },
  );
});

Deno.test("an empty message is a family without anything", { permissions: "none" }, () => {
  const nothing = { name: "", help: undefined, type: undefined, metrics: [] };
  assert.deepEqual(read(Uint8Array.of(0, 0)), [nothing, nothing]);
});

for (
  const [why, bytes] of [
    ["a page that breaks off in a length", [0x80]],
    ["one that breaks off in a family", [5, 0x0a]],
    ["one that breaks off in a name", [5, 0x0a, 3, 0x61]],
    ["a field that is longer than its family", [2, 0x0a, 3, 0x61, 0x61, 0x61]],
    ["a field of a wire type that is no more", [2, 0x0b, 0x0b]],
    ["a metric of a gigabyte", [0xff, 0xff, 0xff, 0xff, 7, 0x22, 0x80, 0x80, 0x80, 0x80, 4]],
    ["a varint without an end", Array.from({ length: 11 }, () => 0xff)],
    ["a text page", [..."# HELP a b\n".repeat(20)].map((letter) => letter.charCodeAt(0))],
  ] satisfies [string, number[]][]
) {
  Deno.test(`${why} is no page of families`, { permissions: "none" }, () => {
    assert.throws(() => read(Uint8Array.from(bytes)), SyntaxError);
  });
}

Deno.test("a varint is read as it is written", { permissions: "none" }, () => {
  fc.assert(fc.property(fc.maxSafeNat(), (value) => {
    const bytes = new Uint8Array(varintLength(value));
    assert.equal(writeVarint(bytes, 0, value), bytes.length);
    const cursor = { bytes, at: 0 };
    assert.equal(readVarint(cursor), value);
    assert.equal(cursor.at, bytes.length);
    assert.equal(readVarint({ bytes: bytes.subarray(0, -1), at: 0 }), undefined);
  }));
});

Deno.test("a message that breaks off has no fields", { permissions: "none" }, () => {
  const bytes = message([[1, "abc"], [2, { double: 1 }]]);
  assert.equal(readFields(bytes).length, 2);
  for (const length of [1, 3, 6, 10]) {
    assert.throws(() => readFields(bytes.subarray(0, length)), SyntaxError);
  }
});
