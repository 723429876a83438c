/** Our histogram tells what prom-client's tells. @module */

import fc from "fast-check";
import assert from "node:assert/strict";
import { Histogram as Expected, Registry } from "prom-client";
import { Histogram } from "../../src/metrics/histogram.ts";

const BOUNDS = [0.0001, 0.5, 1, 60];
const values = fc.oneof(
  fc.constantFrom(0, ...BOUNDS, 60.0001),
  fc.double({ min: 0, max: 100, noNaN: true }),
);

Deno.test("whatever is observed, the page is that of prom-client", {
  permissions: "none",
}, async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(values, { maxLength: 50 }), async (observed) => {
      const registers = [new Registry()];
      const expected = new Expected({ name: "a", help: "B c.", buckets: BOUNDS, registers });
      const histogram = new Histogram("a", "B c.", BOUNDS);
      for (const value of observed) {
        expected.observe(value);
        histogram.observe(value);
      }
      assert.equal(histogram.text(), await registers[0].metrics());
    }),
    { numRuns: 500 },
  );
});
