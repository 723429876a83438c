/** MurmurHash3 x86 32-bit, seed 0: the hash that places keys and members on the ring. @module */

const C1 = 0xcc9e2d51;
const C2 = 0x1b873593;

/**
 * Returns the murmur3_32 hash of a text's UTF-8 bytes, unsigned.
 *
 * Constants and steps: Austin Appleby, MurmurHash3.cpp (public domain).
 *
 * @example
 * ```ts
 * import { murmur3 } from "./murmur3.ts";
 * import assert from "node:assert/strict";
 *
 * assert.equal(murmur3("hello"), 0x248bfa47);
 * ```
 */
export function murmur3(text: string): number {
  // ASCII, which nearly all keys are, is hashed directly from the string. Encoding it first doubles the time.
  const length = text.length;
  const blocksEnd = length & ~3;
  let hash = 0;
  let seen = 0;
  let i = 0;
  for (; i < blocksEnd; i += 4) {
    const a = text.charCodeAt(i);
    const b = text.charCodeAt(i + 1);
    const c = text.charCodeAt(i + 2);
    const d = text.charCodeAt(i + 3);
    seen |= a | b | c | d;
    hash = mixBlock(hash, a | (b << 8) | (c << 16) | (d << 24));
  }
  let tail = 0;
  for (let shift = 0; i < length; i++, shift += 8) {
    const code = text.charCodeAt(i);
    seen |= code;
    tail |= code << shift;
  }
  if (seen > 0x7f) return murmur3Bytes(new TextEncoder().encode(text));
  return finish(hash, tail, length);
}

function murmur3Bytes(bytes: Uint8Array): number {
  const blocksEnd = bytes.length & ~3;
  let hash = 0;
  let i = 0;
  for (; i < blocksEnd; i += 4) {
    hash = mixBlock(
      hash,
      bytes[i] | (bytes[i + 1] << 8) | (bytes[i + 2] << 16) | (bytes[i + 3] << 24),
    );
  }
  let tail = 0;
  for (let shift = 0; i < bytes.length; i++, shift += 8) tail |= bytes[i] << shift;
  return finish(hash, tail, bytes.length);
}

function scramble(block: number): number {
  const k = Math.imul(block, C1);
  return Math.imul((k << 15) | (k >>> 17), C2);
}

function mixBlock(hash: number, block: number): number {
  const h = hash ^ scramble(block);
  return (Math.imul((h << 13) | (h >>> 19), 5) + 0xe6546b64) | 0;
}

function finish(hash: number, tail: number, length: number): number {
  let h = hash ^ scramble(tail) ^ length;
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return (h ^ (h >>> 16)) >>> 0;
}
