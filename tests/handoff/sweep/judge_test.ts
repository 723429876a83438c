/** What reads mean to membership, where discovery lists a, b and c and each holds a number of groups. @module */

import assert from "node:assert/strict";
import { createDue } from "../../../src/handoff/sweep/due.ts";
import { createJudge } from "../../../src/handoff/sweep/judge.ts";
import type { LastRead } from "../../../src/handoff/sweep/reader.ts";
import type { Member } from "../../../src/member.ts";
import type { MembershipEvent } from "../../../src/membership/membership.ts";
import { HashRing } from "../../../src/ring/hash_ring.ts";
import { consulPolicy, tell, withHandoff } from "../../membership/story.ts";
import { a, b, c } from "../plan/members.ts";
import { inventory } from "../plan/whereabouts_story.ts";

const POLICY = withHandoff(consulPolicy());
const THREE_IN = [
  "list a b c",
  ...["a", "b", "c"].flatMap((name) => [`${name} ok since ${name}`, `${name} admitted`]),
];

/** What membership was told, and when a member is read again. */
function createStory(...events: string[]) {
  let nowMs = 10_000;
  let membership = tell(events, POLICY);
  const told: MembershipEvent[] = [];
  const due = createDue(() => 1);
  const changedMs = new Map<Member, number>();
  const emptiedHere = new Set<Member>();
  const former: HashRing[] = [];
  const judge = createJudge({
    membership: () => membership,
    ringsInUse: () => [HashRing.of(membership.ring), ...former],
    due,
    isEmptiedHere: (member) => emptiedHere.has(member),
    changedMs,
    tell: (event) => told.push(event),
    clock: () => nowMs,
  });
  const reads = new Map<Member, LastRead>();

  function read(member: Member): void {
    const record = membership.records.get(member);
    if (!record) return;
    due.begins(member);
    due.wasRead(member, Infinity);
    reads.set(member, { record, beganMs: nowMs, beganAt: nowMs / 1_000, seconds: 0 });
  }

  return {
    changedMs,
    emptiedHere,
    former,
    due,
    read,
    happens: (...events: string[]) => void (membership = tell(events, POLICY, membership)),
    pass: (ms: number) => void (nowMs += ms),
    get nowMs() {
      return nowMs;
    },
    /** Reads some members that hold so many groups, compares, and says what membership was told. */
    compare(
      groups: readonly (readonly [Member, number])[],
      { stale = [], again = true }: { stale?: readonly Member[]; again?: boolean } = {},
    ): MembershipEvent[] {
      if (again) { for (const [member] of groups) read(member); }
      const inventories = new Map(groups.map(([member, count]) => {
        const ids = Array.from({ length: count }, (_, i) => [`/metrics/job/job${i}`, 1] as const);
        return [member, inventory(Object.fromEntries(ids))];
      }));
      const copies = stale.map((member) => ({ id: "/metrics/job/job0", member, newer: a }));
      judge.compared({ inventories, reads: new Map(reads), stale: copies });
      return told.splice(0);
    },
    leftMs: (member: Member) => due.leftMs([member], nowMs),
  };
}

const admits = (...members: Member[]) =>
  members.map((member) => ({ kind: "admitted" as const, member }));
const drained = (member: Member, empty: boolean) => ({ kind: "drained" as const, member, empty });

Deno.test("a joining member comes in once it was read and no stale copy is left on it", {
  permissions: "none",
}, () => {
  const story = createStory("list a b", "a ok", "b ok");
  assert.deepEqual(story.compare([[a, 1], [b, 1]], { stale: [b] }), admits(a));
  assert.deepEqual(story.compare([[a, 1], [b, 0]]), admits(a, b));
});

Deno.test("a member that is in already, or cannot come in, is told nothing of", {
  permissions: "none",
}, () => {
  const story = createStory(...THREE_IN);
  assert.deepEqual(story.compare([[a, 1], [b, 0], [c, 2]]), []);
});

Deno.test("one that failed a probe since it was read does not come in by that read", {
  permissions: "none",
}, () => {
  const story = createStory(...THREE_IN, "list a b c x", "x ok");
  story.happens("a refused", "a ok");
  story.read(a);
  story.happens("a refused", "a ok");
  assert.deepEqual(story.compare([[a, 1]], { again: false }), []);
  assert.equal(story.leftMs(a), 500, "it is read again soon");
  assert.deepEqual(story.compare([[a, 1]]), admits(a));
});

Deno.test("a member that comes back waits for reads of the others since", {
  permissions: "none",
}, () => {
  const story = createStory(...THREE_IN);
  for (const member of [b, c]) story.read(member);
  story.happens("a refused", "a ok");
  story.pass(1_000);
  story.changedMs.set(a, story.nowMs);
  story.read(a);
  assert.deepEqual(story.compare([[a, 1], [b, 1], [c, 1]], { again: false }), []);
  assert.deepEqual([story.leftMs(b), story.leftMs(c)], [0, 0], "they are read at once");
  story.read(b);
  assert.deepEqual(story.compare([[a, 1], [b, 1], [c, 1]], { again: false }), []);
  assert.deepEqual(
    story.compare([[a, 1], [b, 1]], { again: false }),
    admits(a),
    "c cannot be read",
  );
});

Deno.test("a draining member is empty for good once others had the time to learn of it", {
  permissions: "none",
}, () => {
  const story = createStory(...THREE_IN, "mark a");
  assert.deepEqual(story.compare([[a, 0]]), []);
  assert.equal(story.leftMs(a), 500, "it is looked at again soon");
  story.pass(1_999);
  assert.deepEqual(story.compare([[a, 0]]), []);
  story.pass(1);
  assert.deepEqual(story.compare([[a, 0]], { again: false }), [], "that read was before");
  assert.deepEqual(story.compare([[a, 0]]), [drained(a, true)]);
});

Deno.test("a draining member is not empty for good while some ring in use still has it", {
  permissions: "none",
}, () => {
  const story = createStory(...THREE_IN, "mark a");
  story.former.push(HashRing.of(new Map([[a, 1], [b, 1]])));
  for (let i = 0; i < 3; i++) {
    assert.deepEqual(story.compare([[a, 0]]), []);
    story.pass(5_000);
  }
  story.former.pop();
  assert.deepEqual(story.compare([[a, 0]]), []);
  story.pass(2_000);
  assert.deepEqual(story.compare([[a, 0]]), [drained(a, true)]);
});

Deno.test("a draining member that holds groups is not empty, however long it takes", {
  permissions: "none",
}, () => {
  const story = createStory(...THREE_IN, "mark a");
  for (let i = 0; i < 3; i++) {
    assert.deepEqual(story.compare([[a, 1]]), []);
    assert.equal(story.leftMs(a), 5_000);
    story.pass(5_000);
  }
  assert.deepEqual(story.compare([[a, 0]]), [drained(a, true)]);
});

Deno.test("a member that this instance empties is read by its drain alone, until it is empty", {
  permissions: "none",
}, () => {
  const story = createStory(...THREE_IN, "mark a");
  story.emptiedHere.add(a);
  assert.deepEqual(story.compare([[a, 1]]), []);
  assert.equal(story.leftMs(a), Infinity);
  assert.deepEqual(story.compare([[a, 0]]), []);
  assert.equal(story.leftMs(a), 500);
});

Deno.test("a member that was called back and drained again is waited for anew", {
  permissions: "none",
}, () => {
  const story = createStory(...THREE_IN, "mark a");
  story.compare([[a, 0]]);
  story.happens("mark");
  story.compare([[b, 1]]);
  story.happens("mark a");
  story.pass(5_000);
  assert.deepEqual(story.compare([[a, 0]]), []);
});

Deno.test("a member that is in the ring still, for want of another, is not emptied", {
  permissions: "none",
}, () => {
  const story = createStory(...THREE_IN, "mark a b c");
  story.compare([[a, 0]]);
  story.pass(5_000);
  assert.deepEqual(story.compare([[a, 0]]), []);
});

Deno.test("a departed member that holds groups again is told, once it was found empty before", {
  permissions: "none",
}, () => {
  const story = createStory(...THREE_IN, "mark a", "a empty");
  assert.deepEqual(story.compare([[a, 0]]), []);
  assert.deepEqual(story.compare([[a, 1]]), [drained(a, false)]);
});

Deno.test("a departed member that was never drained may hold what it likes", {
  permissions: "none",
}, () => {
  const story = createStory(...THREE_IN, "a refused", "list b c", "a ok");
  assert.deepEqual(story.compare([[a, 1]]), []);
});

Deno.test("once no stale copy is left on a member, the next one is waited for anew", {
  permissions: "none",
}, () => {
  const story = createStory(...THREE_IN);
  const waits = (stale: readonly Member[]) => {
    story.compare([[a, 1], [b, 1]], { stale });
    story.due.waits(b, story.nowMs);
    return story.leftMs(b);
  };
  assert.deepEqual([waits([b]), waits([b]), waits([])], [1_000, 2_000, 1_000]);
});

Deno.test("a member that nobody knows any more is no matter", { permissions: "none" }, () => {
  const story = createStory("list b", "b ok", "b admitted");
  assert.deepEqual(story.compare([[c, 1]]), []);
});
