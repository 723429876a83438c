import fc from "fast-check";
import assert from "node:assert/strict";
import { type Member, parseMember } from "../../src/member.ts";
import { HashRing, ringHash } from "../../src/ring/hash_ring.ts";
import { murmur3 } from "../../src/ring/murmur3.ts";

const KEYS = Array.from({ length: 2_000 }, (_, i) => `/metrics/job/backup/instance/host${i}`);

/** Some members, each with a weight. */
const weighted = fc.uniqueArray(
  fc.record({ host: fc.nat(9_999), weight: fc.integer({ min: 1, max: 3 }) }),
  { selector: ({ host }) => host, minLength: 1, maxLength: 8 },
).map((picks) => picks.map(({ host, weight }) => [member(host), weight] as const));

Deno.test("shares are those of many keys, and together the whole", { permissions: "none" }, () => {
  fc.assert(
    fc.property(weighted, (members) => {
      const ring = HashRing.of(new Map(members));
      const owned = new Map<Member, number>();
      for (const key of KEYS) {
        const owner = ring.ownerOf(key) ?? assert.fail("there are members");
        owned.set(owner, (owned.get(owner) ?? 0) + 1 / KEYS.length);
      }
      let sum = 0;
      for (const [member, share] of ring.shares) {
        sum += share;
        assert(Math.abs(share - (owned.get(member) ?? 0)) < 0.05, `${member}: ${share}`);
      }
      assert(Math.abs(sum - 1) < 1e-9, `together: ${sum}`);
      assert.equal(ringHash(new Map(members)), ring.hash);
    }),
    { numRuns: 20 },
  );
  assert.equal(HashRing.of(new Map()).shares.size, 0);
});

Deno.test(
  "a member that comes takes keys and moves none between the others",
  { permissions: "none" },
  () => {
    fc.assert(
      fc.property(weighted, fc.integer({ min: 1, max: 3 }), (members, weight) => {
        const newcomer = member(10_000);
        const before = HashRing.of(new Map(members));
        const after = HashRing.of(new Map([...members, [newcomer, weight]]));
        let taken = 0;
        for (const key of KEYS) {
          const owner = after.ownerOf(key);
          if (owner === newcomer) taken++;
          else assert.equal(owner, before.ownerOf(key), key);
        }
        assert(taken > 0, "the newcomer owns nothing");
      }),
      { numRuns: 30 },
    );
  },
);

Deno.test(
  "a member that goes leaves its keys to the others and moves no other key",
  { permissions: "none" },
  () => {
    fc.assert(
      fc.property(weighted, fc.nat(), (members, pick) => {
        fc.pre(members.length > 1);
        const [gone] = members[pick % members.length];
        const before = HashRing.of(new Map(members));
        const after = HashRing.of(new Map(members.filter(([member]) => member !== gone)));
        for (const key of KEYS) {
          const owner = before.ownerOf(key);
          if (owner === gone) assert.notEqual(after.ownerOf(key), gone);
          else assert.equal(after.ownerOf(key), owner, key);
        }
      }),
      { numRuns: 30 },
    );
  },
);

Deno.test("the order in which members are named does not matter", { permissions: "none" }, () => {
  const shuffled = weighted.chain((members) =>
    fc.tuple(
      fc.constant(members),
      fc.shuffledSubarray([...members], { minLength: members.length }),
    )
  );
  fc.assert(
    fc.property(shuffled, ([members, others]) => {
      const ring = HashRing.of(new Map(members));
      const other = HashRing.of(new Map(others));
      assert.deepEqual(other.members, ring.members);
      assert.equal(other.hash, ring.hash);
      for (const key of KEYS) assert.equal(other.ownerOf(key), ring.ownerOf(key), key);
    }),
    { numRuns: 30 },
  );
});

Deno.test("members in the ring's list stand in ascending order", { permissions: "none" }, () => {
  const ring = HashRing.of(new Map([member(9), member(10), member(2)].map((name) => [name, 1])));
  assert.deepEqual(ring.members, ["pg10:9091", "pg2:9091", "pg9:9091"]);
});

Deno.test(
  "no member's share of 20 is a quarter more or less than its due",
  { permissions: "none" },
  () => {
    // A share is the sum of 500 gaps, each about exponential: its standard deviation is
    // 1/√500 = 4.5 % of the due. The sample of 5,000 keys for each adds 1/√5000 = 1.4 %. 25 % is more than
    // five standard deviations, and members and keys are the same in every run.
    const members = 20;
    const due = 5_000;
    const ring = HashRing.of(
      new Map(Array.from({ length: members }, (_, i) => [member(i), 1] as const)),
    );
    const shares = countShares(ring, members * due);
    assert.equal(shares.size, members);
    for (const [name, share] of shares) {
      assert(share > due * 0.75 && share < due * 1.25, `${name} has ${share}, due are ${due}`);
    }
  },
);

for (const weight of [2, 5]) {
  Deno.test(`a weight of ${weight} multiplies a member's share`, { permissions: "none" }, () => {
    const heavy = member(0);
    const others = [1, 2, 3].map((i) => [member(i), 1] as const);
    const keys = 40_000;
    const shares = countShares(HashRing.of(new Map([[heavy, weight], ...others])), keys);
    const due = (keys * weight) / (weight + 3);
    const share = shares.get(heavy) ?? 0;
    assert(Math.abs(share - due) < due * 0.15, `it has ${share}, due are ${due}`);
  });
}

Deno.test("a weight of 1 and none at all place alike", { permissions: "none" }, () => {
  // Consul's Weights.Passing may be 0, and a member that is listed as healthy must own something.
  const one = HashRing.of(new Map([[member(0), 1], [member(1), 1]]));
  const none = HashRing.of(new Map([[member(0), 0], [member(1), 1]]));
  for (const key of KEYS) assert.equal(none.ownerOf(key), one.ownerOf(key), key);
});

Deno.test("a weight beyond 100 is cut to 100", { permissions: "none" }, () => {
  const cut = HashRing.of(new Map([[member(0), 65_535], [member(1), 1]]));
  const most = HashRing.of(new Map([[member(0), 100], [member(1), 1]]));
  for (const key of KEYS) assert.equal(cut.ownerOf(key), most.ownerOf(key), key);
});

Deno.test("an empty ring owns nothing", { permissions: "none" }, () => {
  const ring = HashRing.of(new Map());
  assert.equal(ring.ownerOf("/metrics/job/backup"), undefined);
  assert.deepEqual(ring.members, []);
});

Deno.test("the only member owns every key", { permissions: "none" }, () => {
  const ring = HashRing.of(new Map([[member(0), 1]]));
  for (const key of KEYS) assert.equal(ring.ownerOf(key), "pg0:9091");
});

Deno.test(
  "two points that collide belong to the later member by name",
  { permissions: "none" },
  () => {
    const early = parseMember("10.0.0.151:9091");
    const late = parseMember("10.0.0.56:9091"); // later as a text, which is what the Go tool sorts
    const key = "/metrics/job/backup760"; // lies between that point and the one before it
    assert.equal(murmur3(`96${early}`), murmur3(`481${late}`), "the points collide");
    assert.equal(HashRing.of(new Map([[early, 1]])).ownerOf(key), early);
    for (const members of [[early, late], [late, early]]) {
      const ring = HashRing.of(new Map(members.map((name) => [name, 1])));
      assert.equal(ring.ownerOf(key), late);
      assert.equal(ring.ownerWithout(key, [late]), early);
    }
  },
);

Deno.test(
  "a key that hashes to a point itself belongs to the next point",
  { permissions: "none" },
  () => {
    const members = [member(0), member(1), member(2)];
    const ring = HashRing.of(new Map(members.map((name) => [name, 1])));
    const points = members.flatMap((owner) =>
      Array.from({ length: 500 }, (_, i) => ({ text: `${i}${owner}`, owner }))
    ).sort((a, b) => murmur3(a.text) - murmur3(b.text));
    points.forEach(({ text }, i) => {
      assert.equal(ring.ownerOf(text), points[(i + 1) % points.length].owner, text);
    });
  },
);

const DIGEST_CHANGES: readonly [why: string, weights: ReadonlyMap<Member, number>][] = [
  ["another member", new Map([[member(0), 1], [member(2), 1]])],
  ["one member more", new Map([[member(0), 1], [member(1), 1], [member(2), 1]])],
  ["one member less", new Map([[member(0), 1]])],
  ["another weight", new Map([[member(0), 1], [member(1), 2]])],
];
for (const [why, weights] of DIGEST_CHANGES) {
  Deno.test(`the ring's hash tells ${why}`, { permissions: "none" }, () => {
    const ring = HashRing.of(new Map([[member(0), 1], [member(1), 1]]));
    assert.notEqual(HashRing.of(weights).hash, ring.hash);
  });
}

function member(i: number): Member {
  return parseMember(`pg${i}:9091`);
}

function countShares(ring: HashRing, keys: number): Map<Member, number> {
  const shares = new Map<Member, number>();
  for (let i = 0; i < keys; i++) {
    const owner = ring.ownerOf(`/metrics/job/job${i}/instance/host${i % 97}`);
    assert(owner);
    shares.set(owner, (shares.get(owner) ?? 0) + 1);
  }
  return shares;
}

Deno.test("the owner without some members is the owner on a ring built without them", {
  permissions: "none",
}, () => {
  fc.assert(
    fc.property(weighted, fc.infiniteStream(fc.boolean()), (members, picks) => {
      const ring = HashRing.of(new Map(members));
      const gone = members.filter(() => picks.next().value).map(([member]) => member);
      const rest = HashRing.of(new Map(members.filter(([member]) => !gone.includes(member))));
      for (const key of KEYS.slice(0, 300)) {
        assert.equal(ring.ownerWithout(key, gone), rest.ownerOf(key), key);
      }
    }),
    { numRuns: 50 },
  );
});

/** The owner of a key by what the ring is by definition: all points, looked at one by one. */
function ownerByPoints(weights: ReadonlyMap<Member, number>, keys: readonly string[]): Member[] {
  const points = [...weights].flatMap(([member, weight]) =>
    Array.from({ length: 500 * weight }, (_, i) => ({ at: murmur3(`${i}${member}`), member }))
  ).sort((a, b) => a.at - b.at || (a.member < b.member ? 1 : -1));
  return keys.map((key) => {
    const hash = murmur3(key);
    return (points.find(({ at }) => at > hash) ?? points[0]).member;
  });
}

Deno.test("a large ring is built in slices, and places as any ring does", {
  permissions: "none",
}, () => {
  const weights = new Map([0, 1, 2, 3, 4].map((i) => [member(i), 4 + 5 * i]));
  const work = HashRing.build(weights);
  let slices = 0;
  let ring: HashRing | undefined;
  while (!ring) {
    const { done, value } = work.next();
    if (done) ring = value;
    else slices++;
  }
  const points = 500 * (4 + 9 + 14 + 19 + 24);
  assert(slices > points / 4_096, String(slices));
  const keys = KEYS.slice(0, 300);
  assert.deepEqual(keys.map((key) => ring.ownerOf(key)), ownerByPoints(weights, keys));
});
