import fc from "fast-check";
import assert from "node:assert/strict";
import { readAnnounced, showAnnounced } from "../../../src/handoff/plan/announced_ring.ts";
import { type Member, parseMember } from "../../../src/member.ts";
import { HashRing } from "../../../src/ring/hash_ring.ts";

const member = fc.oneof(
  fc.domain().map((host) => parseMember(host, 9091)),
  fc.ipV4().map((host) => parseMember(host, 9092)),
  fc.ipV6().map((host) => parseMember(host, 9093)),
);
const weights = fc.uniqueArray(fc.tuple(member, fc.integer({ min: 1, max: 3 })), {
  selector: ([member]) => member,
  maxLength: 4,
}).map((pairs) => new Map(pairs));

Deno.test("what is announced is what is read, and is told in one way only", {
  permissions: "none",
}, () => {
  fc.assert(
    fc.property(weights, fc.nat(), fc.array(fc.nat()), (weights, since, seen) => {
      const text = showAnnounced({ ring: HashRing.of(weights), since, seen });
      assert.deepEqual(readAnnounced(text), { weights, since, seen });
      const reversed = new Map([...weights].reverse());
      assert.equal(showAnnounced({ ring: HashRing.of(reversed), since, seen }), text);
    }),
    { numRuns: 50 },
  );
});

Deno.test("a weight is announced as it was given, so that all hash the ring alike", {
  permissions: "none",
}, () => {
  const weights = new Map<Member, number>([[parseMember("a:1"), 65_535]]);
  const ring = HashRing.of(weights);
  const read = readAnnounced(showAnnounced({ ring, since: 1, seen: [] }));
  assert.equal(HashRing.of(read.weights).hash, ring.hash);
});

for (
  const [what, text] of [
    ["nothing", ""],
    ["no JSON", "{"],
    ["another thing", "[]"],
    ["no members", '{"since":1,"seen":[]}'],
    ["a name that is no member", '{"members":{"http://a":1},"since":1,"seen":[]}'],
    ["a weight that is no number", '{"members":{"a:1":"1"},"since":1,"seen":[]}'],
    ["no number", '{"members":{"a:1":1},"seen":[]}'],
    ["rings that are no hashes", '{"members":{"a:1":1},"since":1,"seen":["x"]}'],
  ]
) {
  Deno.test(`a text with ${what} is no announcement`, { permissions: "none" }, () => {
    assert.throws(() => readAnnounced(text));
  });
}
