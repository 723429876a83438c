import assert from "node:assert/strict";
import { type Forecast, forecast } from "../../../src/handoff/plan/forecast.ts";
import { type Member, parseMember } from "../../../src/member.ts";
import { HashRing } from "../../../src/ring/hash_ring.ts";

const [a, b, c] = ["a", "b", "c"].map((name) => parseMember(name, 9091));
const ringOf = (...members: Member[]) => HashRing.of(new Map(members.map((one) => [one, 1])));
const ids = Array.from({ length: 200 }, (_, i) => `/metrics/job/job${i}`);

function read(held: readonly [Member, readonly string[]][], before: HashRing, after: HashRing) {
  const inventories = held.map(([member, ids]) =>
    [
      member,
      { times: new Map(ids.map((id) => [id, 1])), clockAhead: { min: 0, max: 0 } },
    ] as const
  );
  const work = forecast(new Map(inventories), { before, after });
  for (;;) {
    const { done, value } = work.next();
    if (done) return value as Forecast;
  }
}

Deno.test("the same ring moves nothing", { permissions: "none" }, () => {
  const { groups, moving, moves, balance } = read([[a, ids]], ringOf(a, b), ringOf(a, b));
  assert.deepEqual([groups, moving, moves], [200, 0, []]);
  for (const { before, after } of balance) assert.equal(before, after);
});

Deno.test("a member that comes takes groups of all others, and those of nobody else move", {
  permissions: "none",
}, () => {
  const { moving, moves, balance } = read([[a, ids]], ringOf(a, b), ringOf(a, b, c));
  assert(moving > 20 && moving < 120, String(moving));
  assert.deepEqual(moves.map(({ from, to }) => [from, to]), [[a, c], [b, c]]);
  assert.deepEqual(balance.map(({ member }) => member), [a, b, c]);
  assert.deepEqual([balance[2].before, balance[2].after], [0, moving]);
});

Deno.test("a member that goes leaves all of its groups to others", { permissions: "none" }, () => {
  const { moving, moves, balance } = read([[a, ids]], ringOf(a, b), ringOf(a));
  assert.deepEqual(moves, [{ from: b, to: a, groups: moving }]);
  assert.deepEqual(balance[0].after, 200);
  assert.deepEqual(balance[1], { member: b, before: moving, after: 0 });
});

Deno.test("a group that lies on several members counts once", { permissions: "none" }, () => {
  const held: [Member, string[]][] = [[a, ids], [b, ids], [c, ids.slice(0, 5)]];
  assert.equal(read(held, ringOf(a), ringOf(b)).groups, 200);
});

Deno.test("without a ring nothing moves", { permissions: "none" }, () => {
  const { groups, moving } = read([[a, ids]], ringOf(), ringOf(a));
  assert.deepEqual([groups, moving], [200, 0]);
});
