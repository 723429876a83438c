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

const NOTHING = { since: 1, seen: [], version: 1, from: 1, heard: new Map<string, number>() };
const said = fc.record({
  since: fc.nat(),
  seen: fc.array(fc.nat()),
  version: fc.nat(),
  from: fc.nat(),
  heard: fc.array(fc.tuple(fc.uuid(), fc.nat())).map((pairs) => new Map(pairs)),
  config: fc.string(),
}, { requiredKeys: ["since", "seen", "version", "from", "heard"] });

Deno.test("what is announced is what is read, and is told in one way only", {
  permissions: "none",
}, () => {
  fc.assert(
    fc.property(weights, said, (weights, said) => {
      const text = showAnnounced({ ring: HashRing.of(weights), ...said });
      assert.deepEqual(readAnnounced(text), { weights, ...said });
      const reversed = new Map([...weights].reverse());
      const heard = new Map([...said.heard].reverse());
      assert.equal(showAnnounced({ ring: HashRing.of(reversed), ...said, heard }), text);
    }),
    { numRuns: 50 },
  );
});

Deno.test("a weight is announced as it was given, so that all hash the ring alike", {
  permissions: "none",
}, () => {
  const weights = new Map<Member, number>([[parseMember("a:1"), 65_535]]);
  const ring = HashRing.of(weights);
  const read = readAnnounced(showAnnounced({ ring, ...NOTHING }));
  assert.equal(HashRing.of(read.weights).hash, ring.hash);
});

for (
  const [what, change] of [
    ["no members", { members: undefined }],
    ["a name that is no member", { members: { "http://a": 1 } }],
    ["a weight that is no number", { members: { "a:1": "1" } }],
    ["no number", { since: undefined }],
    ["rings that are no hashes", { seen: ["x"] }],
    ["no version", { version: undefined }],
    ["nothing about what was heard", { heard: undefined }],
    ["something else that was heard", { heard: { another: "x" } }],
  ] as const
) {
  Deno.test(`a text with ${what} is no announcement`, { permissions: "none" }, () => {
    const weights = new Map([[parseMember("a:1"), 1]]);
    const text = showAnnounced({ ring: HashRing.of(weights), ...NOTHING });
    assert.doesNotThrow(() => readAnnounced(text));
    assert.throws(() => readAnnounced(JSON.stringify({ ...JSON.parse(text), ...change })));
  });
}

for (const text of ["", "{", "[]"]) {
  Deno.test(`the text ${JSON.stringify(text)} is no announcement`, { permissions: "none" }, () => {
    assert.throws(() => readAnnounced(text));
  });
}
