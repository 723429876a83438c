import assert from "node:assert/strict";
import fc from "fast-check";
import { createAllSent, type Sent } from "../../../src/handoff/plan/sent.ts";

Deno.test("pushes are on their way until they end, in whatever order they end", {
  permissions: "none",
}, () => {
  fc.assert(
    fc.property(fc.array(fc.option(fc.nat(9), { nil: undefined })), (steps) => {
      const over: Sent[] = [];
      const sent = createAllSent((push) => over.push(push));
      const all: Sent[] = [];
      const expected = new Set<Sent>();
      for (const [i, ends] of steps.entries()) {
        if (ends === undefined) {
          const push = sent.add(`key ${i}`);
          all.push(push);
          expected.add(push);
        } else if (ends < all.length) { // perhaps once more
          const push = all[ends];
          push[Symbol.dispose]();
          expected.delete(push);
        }
        assert.deepEqual(new Set(sent.all), expected);
        assert.equal(sent.all.length, expected.size);
      }
      assert.equal(over.length, new Set(over).size, "each ends once");
      assert.deepEqual(new Set([...over, ...sent.all]), new Set(all));
    }),
  );
});
