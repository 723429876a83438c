import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { gunzipSync } from "node:zlib";
import { gzip } from "../../../src/http/api/gzip.ts";

const encoder = new TextEncoder();

async function* parts(count: number, fails = false): AsyncGenerator<Uint8Array, void> {
  for (let i = 0; i < count; i++) yield encoder.encode(`part ${i}\n`.repeat(5_000));
  if (fails) throw new Error("no more");
}

for (const count of [0, 1, 50]) {
  Deno.test(`${count} parts that are packed are the same when unpacked`, async () => {
    const packed = await Array.fromAsync(gzip(parts(count)));
    const expected = await Array.fromAsync(parts(count));
    assert.deepEqual(gunzipSync(Buffer.concat(packed)), Buffer.concat(expected));
  });
}

Deno.test("what fails while it is packed is no whole gzip", async () => {
  const packed: Uint8Array[] = [];
  await assert.rejects(async () => {
    for await (const bytes of gzip(parts(50, true))) packed.push(bytes);
  }, /no more/);
  assert.throws(() => gunzipSync(Buffer.concat(packed)), /unexpected end/);
});

Deno.test("who packs is ended with who takes", async () => {
  let ended = false;
  async function* endless(): AsyncGenerator<Uint8Array, void> {
    try {
      for (;;) yield crypto.getRandomValues(new Uint8Array(50_000));
    } finally {
      ended = true;
    }
  }
  const packing = gzip(endless());
  await packing.next();
  await packing.return();
  assert(ended);
});
