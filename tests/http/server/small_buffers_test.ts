import assert from "node:assert/strict";
import { createSmallBuffers } from "../../../src/http/server/small_buffers.ts";

const permissions = "none";
const SIZE = 16;

Deno.test("no two buffers share a byte, however they are taken and given back", {
  permissions,
}, () => {
  const buffers = createSmallBuffers(SIZE);
  const taken = Array.from({ length: 1_000 }, () => buffers.take());
  for (const one of taken.splice(100, 700)) one.free();
  for (let i = 0; i < 500; i++) taken.push(buffers.take());
  for (const [i, { bytes }] of taken.entries()) bytes.writeUInt32LE(i, SIZE - 4);
  for (const [i, { bytes }] of taken.entries()) {
    assert.equal(bytes.length, SIZE);
    assert.equal(bytes.readUInt32LE(SIZE - 4), i);
  }
});

Deno.test("memory of which nobody has a part is freed, but for one piece", { permissions }, () => {
  const buffers = createSmallBuffers(SIZE);
  const taken = Array.from({ length: 2_000 }, () => buffers.take());
  const pieces = new Set(taken.map(({ bytes }) => bytes.buffer as ArrayBuffer));
  assert(pieces.size > 2);
  for (const one of taken) one.free();
  assert.equal([...pieces].filter(({ detached }) => !detached).length, 1);
  assert.equal(buffers.take().bytes.length, SIZE);
});
