/** What may still be on its way: pushes without a lock, and redirects that were given by a former ring. @module */

import assert from "node:assert/strict";
import { REDIRECT_MS, type Rings } from "../../../src/handoff/plan/rings.ts";
import { a, b, c } from "./members.ts";
import { A, announces, B, C, createStory, KEY, NONE, OWN_ID, usedIn } from "./rings_story.ts";

const announceableRing = ({ announceable }: Rings) => announceable?.ring;
const OWN = announces(A, 1, { own: true });

Deno.test("a push on its way protects its group on its member, until it has been answered", {
  permissions: "none",
}, () => {
  const { rings } = createStory();
  const sent = rings.sends(b, KEY);
  using _twice = rings.sends(a, KEY);
  assert.deepEqual(usedIn(rings), [a, b]);
  assert.equal(rings.isUsed(b, "/metrics/job/other"), false);
  sent[Symbol.dispose]();
  assert.deepEqual(usedIn(rings), [a]);
});

Deno.test(
  "a push for which no lock can be had may be anywhere, and no ring is followed meanwhile",
  {
    permissions: "none",
  },
  () => {
    const story = createStory();
    const { rings } = story;
    rings.othersChanged([OWN], true);
    story.pass(REDIRECT_MS);
    assert.equal(announceableRing(rings), A);
    const sent = rings.sendsAlone(KEY);
    assert.deepEqual(usedIn(rings), [a, b, c]);
    assert.equal(rings.isUsed(b, "/metrics/job/other"), false);
    rings.ringChanged(B);
    assert.equal(announceableRing(rings), A);
    sent[Symbol.dispose]();
    assert.deepEqual([story.freed, announceableRing(rings), usedIn(rings)], [1, B, [a]]);
  },
);

Deno.test("a former ring is in use for as long as its redirects are followed", {
  permissions: "none",
}, () => {
  const { rings, pass } = createStory();
  rings.ringChanged(B);
  assert.deepEqual([rings.present, rings.inUse, usedIn(rings)], [B, [A], [a]]);
  assert.equal(rings.leftMs, REDIRECT_MS);
  pass(REDIRECT_MS - 1);
  assert.deepEqual([rings.inUse, rings.leftMs], [[A], 1]);
  pass(1);
  assert.deepEqual([rings.inUse, usedIn(rings), rings.leftMs], [[], [], Infinity]);
});

Deno.test("groups keep their owner for as long as clients follow redirects to it", {
  permissions: "none",
}, async (t) => {
  await t.step("one instance", () => {
    const { rings, pass } = createStory(NONE);
    rings.ringChanged(A);
    rings.ringChanged(B);
    assert.deepEqual([rings.leader, rings.isFree(KEY)], [A, false]);
    pass(REDIRECT_MS);
    rings.othersChanged("none", true);
    assert.deepEqual([rings.leader, rings.isFree(KEY), usedIn(rings)], [B, true, []]);
  });
  await t.step("two instances, of which neither pushes to the next owner without a lock", () => {
    const { rings, pass } = createStory(NONE);
    rings.ringChanged(A);
    rings.othersChanged([OWN, announces(A, 2)], true);
    pass(REDIRECT_MS); // they know each other
    rings.othersChanged([OWN, announces(A, 2)], true);
    rings.ringChanged(B);
    const own = announces(B, 3, { own: true, seen: [A] });
    rings.othersChanged([own, announces(B, 4, { seen: [A] })], true);
    assert.deepEqual(rings.announceable?.seen, [A.hash]);
    assert.deepEqual([rings.leader, rings.isUsed(b, KEY)], [A, false]);
    pass(REDIRECT_MS);
    rings.othersChanged([own, announces(B, 4, { seen: [A] })], true);
    assert.deepEqual([rings.leader, usedIn(rings), rings.isFree(KEY)], [B, [], false]);
  });
  await t.step(
    "of which all know the former ring, if not yet who announces the next one first",
    () => {
      const { rings, pass } = createStory(NONE);
      rings.ringChanged(A);
      const formerly = [OWN, announces(A, 2)];
      rings.othersChanged(formerly, true);
      assert.equal(rings.announceable?.version, 1);
      pass(REDIRECT_MS);
      rings.othersChanged(formerly, true);
      rings.ringChanged(B);
      const heard = { [OWN_ID]: 1 };
      const own = { ...announces(B, 4, { own: true, seen: [A] }), from: 2 };
      const first = { ...announces(B, 3, { seen: [A], heard }), from: 2 };
      const third = {
        ...announces(B, 4, { seen: [A], heard: { ...heard, [first.id]: 1 } }),
        id: "third",
      };
      rings.othersChanged([own, first, third], true);
      assert.deepEqual([rings.leader, rings.areAllUsed, rings.areAgreed], [A, false, true]);
      assert.deepEqual([rings.isUsed(b, KEY), rings.holdingUp], [false, []]);
      pass(REDIRECT_MS);
      rings.othersChanged([own, first, third], true);
      assert.deepEqual([rings.leader, rings.areAllUsed, rings.areAgreed], [B, true, false]);
    },
  );
  await t.step("unless another instance pushes to the next owner already", () => {
    const { rings, pass } = createStory(NONE);
    rings.ringChanged(A);
    rings.othersChanged([OWN, announces(A, 2)], true);
    pass(REDIRECT_MS);
    rings.othersChanged([OWN, announces(A, 2)], true);
    rings.ringChanged(B);
    rings.othersChanged([OWN, announces(B, 0)], true);
    assert.equal(rings.leader, B);
  });
});

Deno.test(
  "where several rings were known no redirect was given of a group that they place differently",
  {
    permissions: "none",
  },
  () => {
    const { rings, pass } = createStory();
    const own = announces(A, 1, { own: true, seen: [B] });
    rings.othersChanged([own, announces(B, 2, { seen: [A] })], true);
    pass(REDIRECT_MS);
    rings.ringChanged(C);
    assert.deepEqual(usedIn(rings), []);
  },
);

Deno.test("the same ring again is no change", { permissions: "none" }, () => {
  const { rings } = createStory();
  rings.ringChanged(A);
  assert.deepEqual([rings.inUse, rings.leftMs], [[], Infinity]);
});

Deno.test("a ring that is back is not in use beside itself", { permissions: "none" }, () => {
  const { rings } = createStory();
  rings.ringChanged(B);
  rings.ringChanged(A);
  assert.deepEqual(rings.inUse, [B]);
});

Deno.test("a first ring comes after none that was in use", { permissions: "none" }, () => {
  const { rings } = createStory(NONE);
  rings.ringChanged(A);
  assert.deepEqual(rings.inUse, []);
});

for (
  const [what, next] of [
    ["another ring", [OWN, announces(C, 3)]],
    ["that it knows of ours", [OWN, announces(B, 2, { seen: [A] })]],
    ["that it has ended", [OWN]],
  ] as const
) {
  Deno.test(
    `an instance that has just announced ${what} may have given redirects by what it went by`,
    {
      permissions: "none",
    },
    () => {
      const { rings, pass } = createStory();
      rings.othersChanged([OWN, announces(B, 2)], true);
      rings.othersChanged(next, true);
      pass(REDIRECT_MS - 1);
      assert.equal(rings.isUsed(b, KEY), true);
      pass(1);
      assert.equal(rings.isUsed(b, KEY), false);
    },
  );
}

Deno.test("what stands as it was announced does not change with time", {
  permissions: "none",
}, () => {
  const { rings, pass } = createStory();
  for (let i = 0; i < 3; i++) {
    rings.othersChanged([OWN, announces(B, 2)], true);
    pass(REDIRECT_MS);
    assert.deepEqual([rings.leftMs, usedIn(rings)], [Infinity, [b]]);
  }
});

Deno.test("a new ring is announced once no push is on its way by the former one", {
  permissions: "none",
}, () => {
  const story = createStory();
  const { rings } = story;
  rings.othersChanged([OWN], true);
  assert.equal(announceableRing(rings), A);
  const sent = [rings.sends(a, KEY), rings.sends(a, "/metrics/job/other")];
  rings.ringChanged(B);
  assert.equal(announceableRing(rings), A, "what was announced stands");
  for (const [i, push] of sent.entries()) {
    assert.equal(announceableRing(rings), A);
    push[Symbol.dispose]();
    assert.equal(story.freed, i + 1, "others may be told more now");
  }
  assert.equal(announceableRing(rings), B);
});

Deno.test(
  "that a ring of others is known is announced once no push is on its way that it places elsewhere",
  {
    permissions: "none",
  },
  () => {
    const story = createStory();
    const { rings } = story;
    rings.othersChanged([OWN], true);
    const sent = rings.sends(a, KEY);
    rings.othersChanged([OWN, announces(B, 2)], true);
    assert.deepEqual([announceableRing(rings), rings.announceable?.seen], [A, []]);
    sent[Symbol.dispose]();
    assert.equal(story.freed, 1);
    assert.deepEqual(rings.announceable?.seen, [B.hash]);
  },
);

Deno.test("what was seen stays so while pushes go to another member than any owner", {
  permissions: "none",
}, () => {
  const { rings } = createStory();
  rings.othersChanged([OWN, announces(B, 2)], true);
  const { version } = rings.announceable ?? {};
  using _sent = rings.sends(c, KEY);
  assert.deepEqual(rings.announceable?.seen, [B.hash]);
  assert.equal(rings.announceable?.version, version);
});

Deno.test("a ring that is back before another one was told keeps its number", {
  permissions: "none",
}, () => {
  const { rings } = createStory();
  rings.othersChanged([announces(B, 7)], true);
  const first = rings.announceable;
  assert.equal(first?.since, 8);
  rings.othersChanged([{ ...announces(A, 8, { own: true }), ...first }, announces(B, 20)], true);
  using _sent = rings.sends(a, KEY);
  rings.ringChanged(C);
  assert.equal(announceableRing(rings), A);
  rings.ringChanged(A);
  const { since, from } = rings.announceable ?? {};
  assert.deepEqual([since, from], [8, first?.from]);
});

Deno.test("a push that all rings place alike holds up nothing", { permissions: "none" }, () => {
  const story = createStory();
  const { rings } = story;
  rings.othersChanged([OWN], true);
  rings.sends(a, KEY)[Symbol.dispose]();
  assert.equal(story.freed, 0);
});

Deno.test("a push to another member than its owner holds up what is to be announced", {
  permissions: "none",
}, () => {
  const { rings } = createStory();
  rings.othersChanged([], true);
  const sent = rings.sends(b, KEY);
  assert.equal(announceableRing(rings), undefined, "nothing was announced yet");
  sent[Symbol.dispose]();
  assert.equal(announceableRing(rings), A);
});

Deno.test(
  "once Consul is back, others may take a while to find it, and push without locks until then",
  {
    permissions: "none",
  },
  () => {
    const { rings, pass } = createStory();
    rings.othersChanged([OWN], true);
    pass(REDIRECT_MS);
    rings.othersChanged([OWN], false);
    rings.othersChanged([OWN], true);
    const { leftMs } = rings;
    assert.deepEqual([leftMs > REDIRECT_MS, leftMs < Infinity], [true, true]);
    rings.othersChanged([OWN], true);
    assert.equal(rings.leftMs, leftMs, "it is back since then");
    pass(leftMs - 1);
    assert.deepEqual([rings.areAllUsed, rings.isUsed(b, KEY), rings.leftMs], [true, true, 1]);
    pass(1);
    assert.deepEqual([rings.areAllUsed, rings.isUsed(b, KEY), rings.leftMs], [
      false,
      false,
      Infinity,
    ]);
  },
);
