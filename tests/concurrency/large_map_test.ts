import fc from "fast-check";
import assert from "node:assert/strict";
import { LargeMap } from "../../src/concurrency/large_map.ts";

const key = fc.oneof(fc.string(), fc.integer({ min: 0, max: 99 }).map((n) => `/metrics/job/a${n}`));
const change = fc.record({ key, value: fc.option(fc.integer(), { nil: undefined }) });

Deno.test("a large map holds what a Map does, whatever is set and deleted", {
  permissions: "none",
}, () => {
  fc.assert(fc.property(fc.array(change, { maxLength: 200 }), key, (changes, other) => {
    const [large, plain] = [new LargeMap<number>(), new Map<string, number>()];
    for (const { key, value } of changes) {
      if (value === undefined) assert.equal(large.delete(key), plain.delete(key));
      else assert.equal(large.set(key, value), large);
      if (value !== undefined) plain.set(key, value);
    }
    assert.equal(large.size, plain.size);
    assert.deepEqual(new Map(large), plain);
    assert.deepEqual(new Map(large.entries()), plain);
    assert.deepEqual(new Set(large.keys()), new Set(plain.keys()));
    assert.deepEqual([...large.values()].sort(), [...plain.values()].sort());
    const each = new Map<string, number>();
    large.forEach((value, key) => each.set(key, value));
    assert.deepEqual(each, plain);
    for (const asked of [other, ...plain.keys()]) {
      assert.equal(large.has(asked), plain.has(asked));
      assert.equal(large.get(asked), plain.get(asked));
    }
  }));
});
