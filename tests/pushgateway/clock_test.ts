import fc from "fast-check";
import assert from "node:assert/strict";
import { bothBounds, clockAhead } from "../../src/pushgateway/clock.ts";

Deno.test("the truth lies between the bounds, which are as wide as the answer took and a second", {
  permissions: "none",
}, () => {
  const ms = fc.nat({ max: 10_000 });
  fc.assert(
    fc.property(
      fc.integer({ min: -9e6, max: 9e6 }),
      ms,
      ms,
      ms,
      (aheadMs, sentAt, until, after) => {
        sentAt += 1.7e12;
        const answeredAt = sentAt + until + after;
        const date = new Date(sentAt + until + aheadMs).toUTCString(); // cuts the milliseconds off
        const { min, max } = clockAhead(date, { sentAt, answeredAt });
        assert(min <= aheadMs / 1_000 + 1e-6 && max >= aheadMs / 1_000 - 1e-6);
        assert(Math.abs(max - min - (1 + (until + after) / 1_000)) < 1e-6);
      },
    ),
  );
});

for (const date of [undefined, "", "soon"]) {
  Deno.test(`the date ${date} tells nothing`, { permissions: "none" }, () => {
    const times = { sentAt: 0, answeredAt: 1 };
    assert.deepEqual(clockAhead(date, times), { min: -Infinity, max: Infinity });
  });
}

Deno.test("two answers tell more than one; where they contradict, the later counts", {
  permissions: "none",
}, () => {
  assert.deepEqual(bothBounds({ min: 0, max: 2 }, { min: 1, max: 3 }), { min: 1, max: 2 });
  assert.deepEqual(bothBounds({ min: 0, max: 2 }, { min: 3, max: 4 }), { min: 3, max: 4 });
});
