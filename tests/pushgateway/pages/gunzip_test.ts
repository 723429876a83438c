import fc from "fast-check";
import assert from "node:assert/strict";
import { gzipSync } from "node:zlib";
import { sleep } from "../../../src/concurrency/backoff.ts";
import { createGunzip } from "../../../src/pushgateway/pages/gunzip.ts";
import { cuts, pieces } from "./pieces.ts";

const TEXT = Array.from({ length: 5_000 }, (_, i) => `metric{n="${i}"} ${i * i}\n`).join("");
const packed = (text: string) => new Uint8Array(gzipSync(text));
const none = async () => {};

async function unpack(pieces: Iterable<Uint8Array>): Promise<string> {
  const decoder = new TextDecoder();
  let text = "";
  const gunzip = createGunzip(async (bytes) => {
    await sleep(0);
    text += decoder.decode(bytes, { stream: true });
  });
  for (const piece of pieces) await gunzip.write(piece);
  await gunzip.end();
  return text;
}

Deno.test("what was packed comes out, in whatever pieces it arrives, which are used again", async () => {
  const all = packed(TEXT);
  await fc.assert(
    fc.asyncProperty(cuts, async (sizes) => {
      assert.equal(await unpack(pieces(all, sizes)), TEXT);
    }),
    { numRuns: 30 },
  );
});

Deno.test("what breaks off, or is no gzip, is told", async () => {
  await assert.rejects(
    unpack([packed(TEXT).subarray(0, -9)]),
    /expected gzip, found: unexpected end of file/,
  );
  await assert.rejects(
    unpack([new TextEncoder().encode(TEXT)]),
    /expected gzip, found: incorrect header check/,
  );
  await assert.rejects(unpack([]), /expected gzip, found: unexpected end of file/);
});

Deno.test("what the taker throws reaches who writes", async () => {
  const gunzip = createGunzip(() => Promise.reject(new SyntaxError("no sample")));
  await assert.rejects(async () => {
    for (const piece of pieces(packed(TEXT), [100, 100])) await gunzip.write(piece);
    await gunzip.end();
  }, /no sample/);
  await gunzip.abort();
});

Deno.test("what the taker throws reaches who writes, also where much is still to be unpacked", async () => {
  for (const good of [0, 2]) {
    let parts = 0;
    const gunzip = createGunzip(async () => {
      await sleep(1);
      if (parts++ === good) throw new SyntaxError("no sample");
    });
    await assert.rejects(gunzip.write(packed("x".repeat(5_000_000))), /no sample/);
    await gunzip.abort();
  }
});

Deno.test("nobody waits for what is being unpacked when the rest is discarded", async () => {
  const begun = Promise.withResolvers<void>();
  const gunzip = createGunzip(async () => {
    begun.resolve();
    await sleep(1);
  });
  const writing = gunzip.write(packed("x".repeat(5_000_000))).catch(() => {});
  await begun.promise;
  await gunzip.abort();
  await writing;
});

Deno.test("text that shrinks to a thousandth comes in parts, and waits for the taker", async () => {
  const bytes = packed("x".repeat(50_000_000));
  const sizes: number[] = [];
  const taken = Promise.withResolvers<void>();
  const gunzip = createGunzip(async ({ length }) => {
    sizes.push(length);
    await taken.promise;
  });
  let isWritten = false;
  const writing = gunzip.write(bytes).then(() => isWritten = true);
  await sleep(50);
  assert.deepEqual([sizes.length, isWritten], [1, false]);
  taken.resolve();
  await writing;
  await gunzip.end();
  assert.equal(sizes.reduce((sum, size) => sum + size), 50_000_000);
  assert(Math.max(...sizes) <= 262_144);
});

Deno.test("an abort drops what is left", async () => {
  const gunzip = createGunzip(none);
  await gunzip.write(packed(TEXT).subarray(0, 100));
  await gunzip.abort();
  await assert.rejects(gunzip.write(packed(TEXT).subarray(100)));
});
