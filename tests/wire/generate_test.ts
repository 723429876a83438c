/** What is drawn can be drawn again. */

import assert from "node:assert/strict";
import { ANYTHING, generate, PUSHES } from "./generate/generate.ts";

const SEEDS = Array.from({ length: 300 }, (_, seed) => seed);

Deno.test("generate() draws the same bytes in the same pieces for the same seed", {
  permissions: "none",
}, () => {
  for (const seed of SEEDS) assert.deepEqual(generate(seed, ANYTHING), generate(seed, ANYTHING));
});

Deno.test("generate() draws pieces that are all the bytes", { permissions: "none" }, () => {
  for (const seed of SEEDS) {
    const { pieces, sent } = generate(seed, ANYTHING);
    const bytes = pieces.flatMap((piece) => [...piece]);
    assert(bytes.length === sent.length && bytes.every((byte, i) => byte === sent.charCodeAt(i)));
  }
});

Deno.test("generate() draws nothing but PUTs to one job for a Pushgateway", {
  permissions: "none",
}, () => {
  for (const seed of SEEDS) {
    const requestLines = generate(seed, PUSHES).sent.match(/^[A-Z]+ \/\S* HTTP\/1\.[01]$/gm) ?? [];
    for (const line of requestLines) assert.match(line, /PUT \/metrics\/job\/wire\/instance\/\d+ /);
  }
});
