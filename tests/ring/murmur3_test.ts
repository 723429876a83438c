import fc from "fast-check";
import assert from "node:assert/strict";
import { murmur3 } from "../../src/ring/murmur3.ts";

/** Published values of murmur3_32 with seed 0, each with where it is published. */
const PUBLISHED: readonly [text: string, hash: number, source: string][] = [
  ["", 0, "the empty text"],
  ["!", 0x72661cf4, "a tail of 1 byte"],
  ["!C", 0xa0f7b07a, "a tail of 2 bytes"],
  ["!Ce", 0x7e4a8634, "a tail of 3 bytes"],
  ["\0", 0x514e28b7, "1 zero byte"],
  ["\0\0", 0x30f4c306, "2 zero bytes"],
  ["\0\0\0", 0x85f0b427, "3 zero bytes"],
  ["\0\0\0\0", 0x2362f9de, "4 zero bytes: one block, no tail"],
  ["test", 0xba6bd213, "one block of ASCII"],
  ["hello", 0x248bfa47, "a block and a tail of 1 byte"],
  ["hello, world", 0x149bbb7f, "three blocks"],
  ["Hello, world!", 0xc0363e43, "three blocks and a tail of 1 byte"],
  ["19 Jan 2038 at 3:14:07 AM", 0xe31e8a70, "six blocks and a tail of 1 byte"],
  ["The quick brown fox jumps over the lazy dog", 0x2e4ff723, "a tail of 3 bytes after 10 blocks"],
  ["The quick brown fox jumps over the lazy dog.", 0xd5c48bfc, "11 blocks"],
  ["My hovercraft is full of eels.", 2953494853, "a tail of 2 bytes after 7 blocks"],
  ["吉 星 高 照", 3435142074, "characters of 3 bytes"],
  ["My 🚀 is full of 🦎.", 1818098979, "surrogate pairs, 4 bytes each"],
];

for (const [text, hash, why] of PUBLISHED) {
  Deno.test(`murmur3() gives the published hash of ${why}`, { permissions: "none" }, () => {
    assert.equal(murmur3(text), hash);
  });
}

Deno.test("murmur3() of ASCII is that of its bytes", { permissions: "none" }, () => {
  const ascii = fc.string({ unit: "binary-ascii", maxLength: 40 });
  fc.assert(fc.property(ascii, (text) => murmur3(text) === slowMurmur3(text)));
});

Deno.test("murmur3() of any text is that of its UTF-8 bytes", { permissions: "none" }, () => {
  const text = fc.string({ unit: "binary", maxLength: 40 });
  fc.assert(fc.property(text, (text) => murmur3(text) === slowMurmur3(text)));
});

Deno.test(
  "murmur3() sees one character beyond ASCII at any place of a text",
  { permissions: "none" },
  () => {
    for (let length = 1; length <= 9; length++) {
      for (let at = 0; at < length; at++) {
        const text = "a".repeat(at) + "é" + "a".repeat(length - at - 1);
        assert.equal(murmur3(text), slowMurmur3(text), `é at ${at} of ${length}`);
      }
    }
  },
);

/** The algorithm as its author describes it, in big integers and without any short cut. */
function slowMurmur3(text: string): number {
  const bytes = new TextEncoder().encode(text);
  const word = (n: bigint) => BigInt.asUintN(32, n);
  const rotate = (n: bigint, by: bigint) => word(n << by) | (n >> (32n - by));
  const scramble = (k: bigint) => word(rotate(word(k * 0xcc9e2d51n), 15n) * 0x1b873593n);
  const blocks = Math.floor(bytes.length / 4);
  const read = (from: number, to: number) =>
    bytes.slice(from, to).reduceRight((sum, byte) => sum * 256n + BigInt(byte), 0n);
  let h = 0n;
  for (let block = 0; block < blocks; block++) {
    h = word(rotate(h ^ scramble(read(block * 4, block * 4 + 4)), 13n) * 5n + 0xe6546b64n);
  }
  h ^= scramble(read(blocks * 4, bytes.length)) ^ BigInt(bytes.length);
  h = word((h ^ (h >> 16n)) * 0x85ebca6bn);
  h = word((h ^ (h >> 13n)) * 0xc2b2ae35n);
  return Number(h ^ (h >> 16n));
}
