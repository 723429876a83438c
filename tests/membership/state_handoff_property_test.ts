import fc from "fast-check";
import assert from "node:assert/strict";
import { type Membership, UNKNOWN_MEMBERSHIP } from "../../src/membership/membership.ts";
import { nextMembership } from "../../src/membership/state.ts";
import { consulPolicy, event, ring, STATIC_POLICY, tell, withHandoff } from "./story.ts";

const names = ["a", "b", "c", "x"];
const name = fc.constantFrom(...names);
const listing = fc.tuple(
  name,
  fc.constantFrom("", "", "", "!", "~"),
  fc.integer({ min: 1, max: 3 }),
)
  .map(([name, mark, weight]) => `${name}${mark}*${weight}`);
const lookUp = fc.oneof(
  { weight: 4, arbitrary: fc.uniqueArray(listing, { selector: (text) => text[0] }) },
  { weight: 1, arbitrary: fc.constant(undefined) },
).map((words) => words ? ["list", ...words].join(" ") : "look-up fails");
const told = (...words: string[]) =>
  fc.tuple(name, fc.constantFrom(...words)).map((words) => words.join(" "));
const marks = fc.subarray(names).map((names) => ["mark", ...names].join(" "));
const events = fc.array(
  fc.oneof(
    { weight: 2, arbitrary: lookUp },
    { weight: 6, arbitrary: told("ok", "ok", "ok", "refused", "fails") },
    { weight: 4, arbitrary: told("admitted", "admitted", "empty", "holds groups") },
    { weight: 1, arbitrary: marks },
  ),
  { maxLength: 40, size: "max" },
);
const policies = fc.constantFrom(
  ...[consulPolicy(), consulPolicy(""), STATIC_POLICY].map(withHandoff),
);

/** Holds for each step of any sequence of events. */
function always(
  sentence: string,
  holds: (next: Membership, step: { previous: Membership; text: string }) => void,
): void {
  Deno.test(sentence, { permissions: "none" }, () => {
    fc.assert(
      fc.property(events, policies, (texts, policy) => {
        let previous = UNKNOWN_MEMBERSHIP;
        for (const text of texts) {
          const next = nextMembership(previous, event(text), policy);
          holds(next, { previous, text });
          previous = next;
        }
      }),
      { numRuns: 500 },
    );
  });
}

always("with handoff a ring once there is never emptied", ({ ring }, { previous }) => {
  assert(previous.ring.size === 0 || ring.size > 0);
});

always(
  "no member that could be swept enters an active ring unswept where there is a ring",
  ({ ring, ringBasis, records }, { previous }) => {
    if (previous.ring.size === 0 || ringBasis !== "active") return;
    for (const member of ring.keys()) {
      if (previous.ring.has(member)) continue;
      const { admitted, verdict } = records.get(member)!;
      assert(admitted || verdict !== "up", member);
    }
  },
);

always(
  "a member is active only where it was swept, or cannot be",
  ({ records }) => {
    for (const { state, admitted, verdict } of records.values()) {
      assert(state !== "active" || admitted || verdict !== "up");
    }
  },
);

always("a leaving member is in no active ring", ({ ring, ringBasis, records, marked }) => {
  if (ringBasis !== "active") return;
  for (const member of ring.keys()) {
    const { state, departure } = records.get(member)!;
    assert(!marked.has(member), member);
    assert(state === "active" || state === "joining" || departure === "forgotten", state);
  }
});

always(
  "an active ring keeps its members that only wait for their sweep",
  (next, { previous }) => {
    if (previous.ringBasis !== "active" || next.ringBasis !== "active") return;
    for (const member of previous.ring.keys()) {
      const record = next.records.get(member);
      const good = record?.listing?.healthy === true && record.verdict === "up";
      if (good && !next.marked.has(member)) assert(next.ring.has(member), member);
    }
  },
);

always("what is emptied answers us", ({ records }) => {
  for (const { state, verdict, drained } of records.values()) {
    if (state === "draining") assert.deepEqual([verdict, drained], ["up", undefined]);
  }
});

always(
  "whatever is marked, withdrawn or in maintenance is leaving, and nothing else that is listed",
  ({ records, marked }) => {
    for (const [member, { state, listing, departure }] of records) {
      const leaving = marked.has(member) || departure === "withdrawn" ||
        listing?.maintenance === true;
      const leaves = state === "draining" || state === "departed";
      assert.equal(leaves, leaving || !listing);
    }
  },
);

always(
  "a sweep says nothing of a member that does not answer",
  (next, { previous, text }) => {
    if (!/admitted|empty|holds/.test(text)) return;
    const [found] = [...previous.records].filter(([member]) => member.startsWith(text[0]));
    if (found?.[1].verdict !== "up") assert.equal(next, previous);
  },
);

always("a member that fails is no longer known to be empty", ({ records }) => {
  for (const { verdict, drained } of records.values()) {
    if (verdict === "down") assert.equal(drained, undefined);
  }
});

always("a member that is marked is remembered", ({ records, marked }) => {
  for (const member of marked) assert(records.has(member), member);
});

Deno.test("where all members are marked, the ring of a known membership stays as it is", {
  permissions: "none",
}, () => {
  fc.assert(
    fc.property(events, (texts) => {
      const policy = withHandoff(consulPolicy());
      const before = tell(["list a b c", ...texts], policy);
      const after = tell([["mark", ...names].join(" ")], policy, before);
      if (before.ring.size > 0) assert.deepEqual(after.ring, before.ring);
    }),
    { numRuns: 500 },
  );
});

Deno.test("once every opinion is good and all are swept, all that are listed make the ring", {
  permissions: "none",
}, () => {
  fc.assert(
    fc.property(events, policies, (texts, policy) => {
      const settled = tell(
        [...texts, "mark", "list a b*2", "a ok", "b ok", "a admitted", "b admitted"],
        policy,
      );
      // What Consul had forgotten stays until it is registered again or fails.
      const gone = ["c", "x"].map((name) => `${name} refused`);
      assert.equal(ring(tell(gone, policy, settled)), "active: a b*2");
    }),
    { numRuns: 500 },
  );
});
