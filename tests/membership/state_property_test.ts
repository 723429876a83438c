import fc from "fast-check";
import assert from "node:assert/strict";
import { type Membership, UNKNOWN_MEMBERSHIP } from "../../src/membership/membership.ts";
import { nextMembership } from "../../src/membership/state.ts";
import { consulPolicy, event, ring, states, STATIC_POLICY, tell } from "./story.ts";

const names = ["a", "b", "c", "x"];
const node = fc.constantFrom("n", "m");
const listing = fc.tuple(
  fc.constantFrom(...names),
  fc.boolean(),
  fc.integer({ min: 1, max: 3 }),
  fc.option(node),
).map(([name, critical, weight, node]) =>
  `${name}${critical ? "!" : ""}*${weight}${node ? `@${node}` : ""}`
);
const nodes = fc.option(fc.subarray(["n", "m"], { minLength: 1 }));
const lookUp = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.tuple(fc.uniqueArray(listing, { selector: (text) => text[0] }), nodes).map((
      [words, nodes],
    ) => ["list", ...words, ...nodes ? ["/", ...nodes] : []].join(" ")),
  },
  { weight: 1, arbitrary: fc.constant("look-up fails") },
);
const outcome = fc.constantFrom("ok", "ok", "ok since 1", "ok since 2", "refused", "fails");
const probe = fc.tuple(fc.constantFrom(...names), outcome).map((words) => words.join(" "));
const insists = fc.subarray(names).map((names) => ["insists", ...names].join(" "));
const events = fc.array(
  fc.oneof(
    { weight: 3, arbitrary: lookUp },
    { weight: 9, arbitrary: probe },
    { weight: 1, arbitrary: insists },
  ),
  { maxLength: 25 },
);
const policies = fc.constantFrom(consulPolicy(), consulPolicy(""), STATIC_POLICY);

/** Holds for each step of any sequence of events. */
function always(
  sentence: string,
  holds: (
    next: Membership,
    step: { previous: Membership; text: string; secondOpinion: boolean },
  ) => void,
): void {
  Deno.test(sentence, { permissions: "none" }, () => {
    fc.assert(
      fc.property(events, policies, (texts, policy) => {
        let previous = UNKNOWN_MEMBERSHIP;
        for (const text of texts) {
          const next = nextMembership(previous, event(text), policy);
          holds(next, { previous, text, secondOpinion: policy.secondOpinion });
          previous = next;
        }
      }),
      { numRuns: 300 },
    );
  });
}

always("a ring once there is never emptied", ({ ring }, { previous }) => {
  assert(previous.ring.size === 0 || ring.size > 0);
});

always("the ring has a basis exactly when it has members", ({ ring, ringBasis }) => {
  assert.equal(ring.size > 0, ringBasis !== "none");
});

always(
  "an active ring is made of the active members and their weights, and of forgotten ones that never left it",
  (next, { previous }) => {
    if (next.ringBasis !== "active") return;
    const active = [...next.records].filter(([, { state }]) => state === "active");
    for (const [member, { listing }] of active) {
      assert.equal(next.ring.get(member), listing?.weight);
    }
    for (const [member, weight] of next.ring) {
      const { state, departure, verdict } = next.records.get(member)!;
      if (state === "active") continue;
      assert.deepEqual([departure, verdict, previous.ring.get(member)], [
        "forgotten",
        "up",
        weight,
      ]);
    }
  },
);

always(
  "a member is active exactly when both opinions are good, or the bad one is not believed",
  (next) => {
    for (const { state, listing, verdict, contested, aliasOf } of next.records.values()) {
      const healthy = listing !== undefined && (listing.healthy || contested === true);
      const good = healthy && !aliasOf && (verdict === "up" || next.probesDistrusted);
      assert.equal(state === "active", good);
    }
  },
);

always(
  "a member is contested only while discovery calls it unhealthy and it answers our probe",
  (next) => {
    for (const { listing, verdict, contested } of next.records.values()) {
      if (contested) assert.deepEqual([listing?.healthy, verdict], [false, "up"]);
    }
  },
);

always(
  "two members that answer for one process are never both in a ring of active members",
  (next) => {
    if (next.ringBasis !== "active") return;
    const processes = [...next.ring.keys()].flatMap((member) => {
      const record = next.records.get(member);
      return record?.verdict === "up" && record.started ? [record.started] : [];
    });
    assert.equal(new Set(processes).size, processes.length);
  },
);

always(
  "a ring that is kept is the former one, the first, or, with our probes alone, all that are listed",
  ({ ring, ringBasis, records, known }, { previous, secondOpinion }) => {
    if (ringBasis !== "kept" || previous.ring.size === 0 || ring === previous.ring) return;
    assert(!secondOpinion || !known);
    const listed = [...records].flatMap(([name, { listing }]) =>
      listing ? [[name, listing.weight]] : []
    );
    assert.deepEqual([...ring], listed);
  },
);

always("where a member is active, an active ring stays active", (next, { previous }) => {
  const someActive = [...next.records.values()].some(({ state }) => state === "active");
  if (previous.ringBasis === "active" && someActive) assert.equal(next.ringBasis, "active");
});

always(
  "a failed look-up changes neither ring nor states once there are members",
  (next, { previous, text }) => {
    if (text !== "look-up fails" || previous.records.size === 0) return;
    assert.equal(next.discovery, "failed");
    assert.equal(ring(next), ring(previous));
    assert.equal(states(next), states(previous));
  },
);

always(
  "a member departs when discovery no longer lists it, and only then",
  (next, { previous, text }) => {
    const listed = text.startsWith("list") ? text.split(" ").slice(1).map((word) => word[0]) : null;
    for (const [member, { state, listing, departure }] of next.records) {
      assert.equal(state === "departed", listing === undefined);
      assert.equal(state === "departed", departure !== undefined);
      if (listed) assert.equal(state !== "departed", listed.includes(member[0]), member);
      else if (state === "departed") assert.equal(previous.records.get(member)?.state, "departed");
    }
  },
);

always("no member skips joining", (next, { previous }) => {
  for (const [member, { state }] of next.records) {
    const before = previous.records.get(member)?.state;
    if (state === "suspect") assert(before === "active" || before === "suspect", before);
  }
});

always("probes are distrusted only where there is a second opinion", (next, { secondOpinion }) => {
  assert(secondOpinion || !next.probesDistrusted);
});

always(
  "a probe changes nobody's listing and only its member's verdict",
  (next, { previous, text }) => {
    if (text.startsWith("list") || text === "look-up fails") return;
    for (const [member, record] of next.records) {
      const before = previous.records.get(member);
      assert.equal(record.listing, before?.listing);
      if (!member.startsWith(text[0])) assert.equal(record.verdict, before?.verdict);
    }
  },
);

Deno.test("once every opinion is good and told, all that are listed make the ring", {
  permissions: "none",
}, () => {
  fc.assert(
    fc.property(events, policies, (texts, policy) => {
      const settled = tell([...texts, "list a b*2", "a ok since 8", "b ok since 9"], policy);
      // What Consul had forgotten stays until it is registered again or fails.
      const forgotten = [...settled.records].filter(([, { departure }]) =>
        departure === "forgotten"
      );
      const gone = forgotten.map(([name]) => `${name.slice(0, name.indexOf(":"))} refused`);
      const end = tell(gone, policy, settled);
      assert.equal(ring(end), "active: a b*2");
      assert.equal(end.probesDistrusted, false);
    }),
    { numRuns: 300 },
  );
});
