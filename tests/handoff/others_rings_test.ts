import assert from "node:assert/strict";
import { createOthersRings } from "../../src/handoff/others_rings.ts";
import { openLog } from "../../src/log.ts";
import { parseMember } from "../../src/member.ts";
import type { HashRing } from "../../src/ring/hash_ring.ts";
import { readAnnounced, showAnnounced } from "../../src/handoff/plan/announced_ring.ts";
import { createRings } from "../../src/handoff/plan/rings.ts";
import { a, b, ringOf } from "./plan/members.ts";

const OTHER = { id: "other", isOwn: false, isLost: false };

/** What an instance announces that goes by a ring. */
function announces(ring: HashRing, since = 1) {
  const said = { since, seen: [], version: 1, from: 1, heard: new Map<string, number>() };
  return { text: showAnnounced({ ring, ...said }), ...OTHER };
}

/** A reader, what it logs, and the moments at which it tells that rings were built. */
function createReader() {
  const lines: string[] = [];
  const log = openLog({ level: "info", format: "logfmt", write: (line) => lines.push(line) });
  let built = Promise.withResolvers<void>();
  const reader = createOthersRings({
    log,
    onBuilt() {
      built.resolve();
      built = Promise.withResolvers();
    },
  });
  return { reader, lines, nextBuilt: () => built.promise };
}

/** A ring that takes longer to build than others may be held up: 50,000 points. */
const largeWeights = new Map([[parseMember("large:1"), 100]]);

Deno.test("until others have been asked nothing is known of them", { permissions: "none" }, () => {
  assert.equal(createReader().reader.read(undefined), "unknown");
});

Deno.test("the rings that others announce are known, in their order", {
  permissions: "none",
}, () => {
  const { reader } = createReader();
  const read = reader.read([announces(ringOf(a), 3), { ...announces(ringOf(b)), isLost: true }]);
  assert(typeof read !== "string");
  assert.deepEqual(read.map(({ ring, since, isLost }) => [ring.hash, since, isLost]), [
    [ringOf(a).hash, 3, false],
    [ringOf(b).hash, 1, true],
  ]);
});

Deno.test("a ring is built once, and not at all where it is ours", { permissions: "none" }, () => {
  const { reader } = createReader();
  const ours = ringOf(a);
  reader.add(ours);
  const rings = () => {
    const read = reader.read([announces(ringOf(a)), announces(ringOf(b))]);
    assert(typeof read !== "string");
    return read.map(({ ring }) => ring);
  };
  const [first, second] = [rings(), rings()];
  assert.equal(first[0], ours);
  assert.equal(second[0], ours);
  assert.equal(second[1], first[1]);
});

Deno.test("a ring that nobody goes by any more is forgotten in the end", {
  permissions: "none",
}, () => {
  const { reader } = createReader();
  const ours = ringOf(a);
  reader.add(ours);
  for (let i = 0; i < 20; i++) reader.read([announces(ringOf(parseMember(`m${i}:1`)))]);
  const read = reader.read([announces(ringOf(a))]);
  assert(typeof read !== "string");
  assert.notEqual(read[0].ring, ours);
  assert.equal(read[0].ring.hash, ours.hash);
});

Deno.test("a large ring is waited for, and others with it", { permissions: "none" }, async () => {
  const { reader, nextBuilt } = createReader();
  const { text } = announces(ringOf(b));
  const large = { ...JSON.parse(text), members: Object.fromEntries(largeWeights) };
  const all = [announces(ringOf(a)), { text: JSON.stringify(large), ...OTHER }];
  const built = nextBuilt();
  assert.equal(reader.read(all), "building");
  assert.equal(reader.read(all), "building", "it is not built twice");
  await built;
  const read = reader.read(all);
  assert(typeof read !== "string");
  assert.deepEqual(read[1].ring.weights, largeWeights);
});

Deno.test("who announces what cannot be read may push anywhere, which is told once", {
  permissions: "none",
}, () => {
  const { reader, lines } = createReader();
  const all = [{ text: "{", ...OTHER }, announces(ringOf(b))];
  for (let i = 0; i < 2; i++) {
    const read = reader.read(all);
    assert(typeof read !== "string");
    assert.deepEqual(read.map(({ ring }) => ring.hash), [ringOf().hash, ringOf(b).hash]);
  }
  assert.equal(lines.length, 1);
  assert.match(lines.join(), /announcement of another instance cannot be read.* text=\{/);
  for (let i = 0; i < 50; i++) reader.read([{ text: `{"version":${i}}`, ...OTHER }]);
  assert(lines.length < 4, "each reason once, though the text is another one each time");
  const before = lines.length;
  reader.read([announces(ringOf(b))]);
  assert.match(lines.slice(before).join(), /all announcements can be read again" failures=5\d /);
});

for (const since of ["{", `{"since":null}`]) {
  Deno.test(`beside ${since} nothing is free or moved, and ours can be read by others`, {
    permissions: "none",
  }, () => {
    const { reader } = createReader();
    const rings = createRings(ringOf(a), { clock: () => 0, onAnnounceable() {} });
    const others = { text: since, ...OTHER };
    let own: string | undefined;
    for (let i = 0; i < 3; i++) {
      const ours = own === undefined ? [] : [{ id: "ours", text: own, isOwn: true, isLost: false }];
      const read = reader.read([others, ...ours]);
      assert(read !== "building");
      rings.othersChanged(read, true);
      const { announceable } = rings;
      assert(announceable, "it is announced all the same");
      own = showAnnounced(announceable);
      assert.equal(readAnnounced(own).since, 1);
    }
    const { areAgreed, areAllUsed, leader } = rings;
    assert.deepEqual([rings.areKnown(), areAgreed, areAllUsed], [false, false, true]);
    assert.deepEqual([rings.isFree("/metrics/job/a"), leader.members], [false, [a]]);
  });
}
