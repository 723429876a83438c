import { Buffer } from "node:buffer";
import assert from "node:assert/strict";
import fc from "fast-check";
import { snappyCompress } from "hysnappy";
import { createUnsnappy } from "../../../src/http/push/snappy.ts";
import { snappy, snappyChecksum, snappyChunk } from "../../contracts/packed_bodies.ts";

const unsnappy = createUnsnappy();
const unpack = (packed: Uint8Array) => Buffer.concat([...unsnappy(packed)]).toString();
const bytes = (text: string) => new TextEncoder().encode(text);
const IDENTIFIER = snappyChunk(0xff, bytes("sNaPpY"));
/** A chunk of `m 1`, packed, with its checksum. */
const [CHECKSUM, BLOCK] = [snappyChecksum(bytes("m 1\n")), snappyCompress(bytes("m 1\n"))];
const CHUNK = snappyChunk(0, Buffer.concat([CHECKSUM, BLOCK]));
const PLAIN = snappyChunk(1, Buffer.concat([CHECKSUM, bytes("m 1\n")]));

Deno.test("whatever was packed with snappy is unpacked as it was", { permissions: "none" }, () => {
  fc.assert(fc.property(
    fc.uint8Array({ maxLength: 300 }),
    fc.integer({ min: 1, max: 800 }),
    (part, times) => {
      const plain = Buffer.concat(Array(times).fill(part));
      assert.deepEqual(Buffer.concat([...unsnappy(snappy(plain))]), plain);
    },
  ));
});

for (
  const [what, parts, text] of [
    ["nothing at all", [], ""],
    ["an identifier alone", [IDENTIFIER], ""],
    ["a chunk that is not packed", [IDENTIFIER, PLAIN], "m 1\n"],
    ["streams one behind the other", [IDENTIFIER, CHUNK, IDENTIFIER, CHUNK], "m 1\nm 1\n"],
    ["padding and chunks that may be skipped", [
      IDENTIFIER,
      snappyChunk(0xfe, new Uint8Array(9)),
      CHUNK,
      snappyChunk(0x80, bytes("?")),
    ], "m 1\n"],
  ] as const
) {
  Deno.test(`snappy is unpacked that has ${what}`, { permissions: "none" }, () => {
    assert.equal(unpack(Buffer.concat(parts)), text);
  });
}

for (
  const [what, packed, why] of [
    ["no identifier", CHUNK, /no identifier/],
    ["an identifier of something else", snappyChunk(0xff, bytes("sNaPpy")), /of type 255/],
    ["a block without frames", BLOCK, /no identifier/],
    ["a chunk that breaks off", [IDENTIFIER, CHUNK.subarray(0, -1)], /broke off/],
    ["a head that breaks off", [IDENTIFIER, CHUNK.subarray(0, 3)], /broke off/],
    ["a checksum that breaks off", [IDENTIFIER, snappyChunk(0, bytes("m"))], /broke off/],
    ["a checksum of something else", [
      IDENTIFIER,
      snappyChunk(0, Buffer.concat([snappyChecksum(bytes("m 2\n")), BLOCK])),
    ], /wrong checksum/],
    ["a chunk of an unknown type", [IDENTIFIER, snappyChunk(2, bytes("?"))], /of type 2/],
    ["a block that breaks off", [
      IDENTIFIER,
      snappyChunk(0, Buffer.concat([CHECKSUM, BLOCK.subarray(0, -1)])),
    ], /cannot be unpacked/],
    ["a block that promises more than a chunk may hold", [
      IDENTIFIER,
      snappyChunk(0, Buffer.concat([CHECKSUM, snappyCompress(new Uint8Array(65_537))])),
    ], /cannot be unpacked/],
    ["a block without an end of its length", [
      IDENTIFIER,
      snappyChunk(0, Buffer.concat([CHECKSUM, new Uint8Array(12).fill(0xff)])),
    ], /cannot be unpacked/],
  ] as const
) {
  Deno.test(`snappy with ${what} is refused`, { permissions: "none" }, () => {
    const whole = packed instanceof Uint8Array ? packed : Buffer.concat(packed);
    assert.throws(() => unpack(whole), { name: "TypeError", message: why });
  });
}
