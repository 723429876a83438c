import assert from "node:assert/strict";
import type { Discovery, Observation } from "../../src/discovery/discovery.ts";
import { sleep } from "../../src/concurrency/backoff.ts";
import { createInbox } from "../../src/concurrency/inbox.ts";
import type { Member } from "../../src/member.ts";
import type { ProbeOutcome, ProbeResult } from "../../src/membership/probe.ts";
import {
  type Membership,
  type MembershipEvent,
  UNKNOWN_MEMBERSHIP,
} from "../../src/membership/membership.ts";
import { GATHER_MS, type WatchDeps, watchMembership } from "../../src/membership/watch.ts";
import { HashRing } from "../../src/ring/hash_ring.ts";
import { createWake } from "../../src/concurrency/wake.ts";
import { consulPolicy, event, listings, member, tell } from "./story.ts";

/** Well above what a burst of look-ups takes, and below the time of a test. */
const CONTEST_MS = 300;

Deno.test(
  "the first ring is of every healthy member at once",
  { permissions: "none" },
  async () => {
    await using watch = startWatch();
    watch.tell("list a b c");
    assert.deepEqual(await watch.nextRing(), ["a", "b", "c"]);
  },
);

Deno.test("a burst of changes yields one ring", { permissions: "none" }, async () => {
  await using watch = startWatch();
  watch.tell("list a");
  assert.deepEqual(await watch.nextRing(), ["a"]);
  for (const text of ["list a b", "list a b c", "list a b c d", "list a d"]) watch.tell(text);
  assert.deepEqual(await watch.nextRing(), ["a", "d"]);
  watch.tell("list d");
  assert.deepEqual(await watch.nextRing(), ["d"]);
});

Deno.test("after none was active, the first to return waits for the others' next probe", {
  permissions: "none",
}, async () => {
  await using watch = startWatch();
  watch.tell("list a b");
  assert.deepEqual(await watch.nextRing(), ["a", "b"]);
  watch.tell("list a! b!");
  await watch.seen(({ ringBasis }) => ringBasis === "kept");
  watch.tell("list a b!");
  // Later than an ordinary change is gathered for, and sooner than the next probe.
  const later = setTimeout(() => {
    watch.tell("list a b");
    watch.tell("list a b c");
  }, 600);
  assert.deepEqual(await watch.nextRing(), ["a", "b", "c"]);
  clearTimeout(later);
});

Deno.test(
  "after the members have left one by one, the first to return waits for the others as well",
  {
    permissions: "none",
  },
  async () => {
    await using watch = startWatch();
    watch.tell("list a b");
    assert.deepEqual(await watch.nextRing(), ["a", "b"]);
    watch.tell("list a! b");
    await sleep(GATHER_MS / 2);
    watch.tell("list a! b!");
    await watch.seen(({ ringBasis }) => ringBasis === "kept");
    assert.deepEqual(await watch.nextRing(), ["b"]);
    watch.tell("list a b!");
    const later = setTimeout(() => watch.tell("list a b c"), GATHER_MS * 3);
    assert.deepEqual(await watch.nextRing(), ["a", "b", "c"]);
    clearTimeout(later);
  },
);

Deno.test("a ring of members that are all down is replaced at once by one of others", {
  permissions: "none",
}, async () => {
  await using watch = startWatch();
  watch.tell("list a");
  assert.deepEqual(await watch.nextRing(), ["a"]);
  watch.answers.set(member("a"), "refused");
  watch.tell("list a!");
  await watch.seen(({ ringBasis, records }) =>
    ringBasis === "kept" && records.get(member("a"))?.verdict === "down"
  );
  watch.tell("list a! b");
  // After none was active, changes are gathered for longer than that.
  const later = setTimeout(() => watch.tell("list a! b c"), 1_000);
  assert.deepEqual(await watch.nextRing(), ["b"]);
  clearTimeout(later);
});

Deno.test("members that discovery calls unhealthy against our probes leave after a while", {
  permissions: "none",
}, async () => {
  await using watch = startWatch();
  watch.tell("list a b c");
  assert.deepEqual(await watch.nextRing(), ["a", "b", "c"]);
  const began = performance.now();
  watch.tell("list a! b! c");
  assert.deepEqual(await watch.nextRing(), ["c"]);
  assert(performance.now() - began >= CONTEST_MS);
});

Deno.test("members that discovery calls unhealthy for a moment stay", {
  permissions: "none",
}, async () => {
  await using watch = startWatch();
  watch.tell("list a b c");
  assert.deepEqual(await watch.nextRing(), ["a", "b", "c"]);
  watch.tell("list a! b! c");
  await watch.seen(({ records }) => records.get(member("b"))?.contested === true);
  watch.tell("list a b c");
  await watch.seen(({ records }) => records.get(member("b"))?.contested === undefined);
  await sleep(CONTEST_MS * 1.5);
  assert.deepEqual(watch.rings.map(({ members }) => names(members)), [["a", "b", "c"]]);
});

Deno.test("what is learnt after the end changes nothing", { permissions: "none" }, async () => {
  const spoken = Promise.withResolvers<void>();
  const watch = startWatch({
    discovery: {
      secondOpinion: true,
      async *observe() {
        yield { kind: "members", listings: listings("a") };
        await spoken.promise;
        yield { kind: "members", listings: listings("a b") }; // it had been asked before
      },
    },
  });
  await watch.nextRing();
  const ended = watch[Symbol.asyncDispose]();
  spoken.resolve();
  await ended;
  assert(watch.told.every((told) => !told.includes("b")));
});

Deno.test("a change that is taken back yields no ring", { permissions: "none" }, async () => {
  await using watch = startWatch();
  watch.tell("list a b");
  assert.deepEqual(await watch.nextRing(), ["a", "b"]);
  watch.tell("list a b c");
  await watch.seen(({ ring }) => ring.has(member("c")));
  await turn(); // the change has been seen, and is being waited on
  watch.tell("list a b");
  watch.answers.set(member("b"), "refused"); // noticed by the next probe, long after
  assert.deepEqual(await watch.nextRing(), ["a"]);
});

Deno.test("the same members never publish again", { permissions: "none" }, async () => {
  await using watch = startWatch();
  watch.tell("list a b");
  assert.deepEqual(await watch.nextRing(), ["a", "b"]);
  for (const text of ["list b a", "look-up fails", "list a b", "list a! b", "list a b"]) {
    watch.tell(text);
  }
  watch.tell("list a! b!"); // keeps the ring of before
  await watch.seen(({ ringBasis }) => ringBasis === "kept");
  watch.tell("list a! b");
  assert.deepEqual(await watch.nextRing(), ["b"]);
});

Deno.test(
  "another weight of the same members is another ring",
  { permissions: "none" },
  async () => {
    await using watch = startWatch();
    watch.tell("list a b");
    await watch.nextRing();
    watch.tell("list a b*3");
    assert.deepEqual(await watch.nextRing(), ["a", "b"]);
    assert.equal(watch.rings.at(-1)?.weights.get(member("b")), 3);
  },
);

Deno.test("a member that refuses a push is suspect at once", { permissions: "none" }, async () => {
  const probed = new Set<Member>();
  await using watch = startWatch({
    async probe(member, signal) {
      if (probed.has(member)) await aborted(signal); // only the first probe says anything
      probed.add(member);
      return { outcome: "ok" };
    },
  });
  watch.tell("list a b c");
  assert.deepEqual(await watch.nextRing(), ["a", "b", "c"]);
  watch.reports.put({ kind: "probed", member: member("b"), outcome: "refused" });
  await watch.seen(({ records }) => records.get(member("b"))?.state === "suspect");
  assert.deepEqual(await watch.nextRing(), ["a", "c"]);
});

Deno.test("a member that refuses our probe leaves the ring", { permissions: "none" }, async () => {
  await using watch = startWatch();
  watch.tell("list a b c");
  await watch.nextRing();
  watch.answers.set(member("b"), "refused");
  assert.deepEqual(await watch.nextRing(), ["a", "c"]);
  watch.answers.delete(member("b"));
  assert.deepEqual(await watch.nextRing(), ["a", "b", "c"]);
});

Deno.test(
  "a change is told before the ring that follows from it",
  { permissions: "none" },
  async () => {
    await using watch = startWatch();
    watch.tell("list a");
    await watch.nextRing();
    watch.tell("list a b");
    await watch.nextRing();
    const told = watch.told.map((entry) => entry.join(" "));
    assert.deepEqual(told, [
      "states a",
      "states a",
      "ring a",
      "states a b",
      "states a b",
      "ring a b",
    ]);
  },
);

Deno.test("what a former watch knew is gone on from", { permissions: "none" }, async () => {
  const membership = tell(["list a b", "a ok", "b ok"], consulPolicy());
  const initial = { membership, ring: HashRing.of(membership.ring) };
  await using watch = startWatch({ initial });
  watch.tell("list a b");
  await watch.seen(({ discovery }) => discovery === "up");
  watch.tell("list b");
  assert.deepEqual(await watch.nextRing(), ["b"], "there was no ring of a and b again");
});

Deno.test("a member forgotten is probed no more", { permissions: "none" }, async () => {
  const signals = new Map<Member, AbortSignal>();
  await using watch = startWatch({
    probe: (probed, signal) => {
      signals.set(probed, signal);
      return Promise.resolve({ outcome: probed === member("x") ? "refused" : "ok" });
    },
  });
  watch.tell("list a x"); // x is not in the file
  await watch.seen(({ records }) => records.get(member("x"))?.verdict === "down");
  watch.tell("list a");
  await watch.seen(({ records }) => !records.has(member("x")));
  const [kept, forgotten] = [signals.get(member("a")), signals.get(member("x"))];
  assert(kept && forgotten);
  await aborted(forgotten);
  assert.equal(kept.aborted, false);
});

Deno.test("it ends on abort, with every probe ended before", { permissions: "none" }, async () => {
  const watch = startWatch({
    probe: async (_, signal) => {
      await aborted(signal);
      await turn(); // closing takes one
      return { outcome: "failed" };
    },
  });
  watch.tell("list a b c");
  for (const name of ["a", "b", "c"]) await watch.probesOf(member(name), 1);
  await watch[Symbol.asyncDispose]();
  assert.deepEqual([...watch.probing.values()], [0, 0, 0]);
});

Deno.test("an abort before the first look-up ends it too", { permissions: "none" }, async () => {
  const watch = startWatch();
  await watch[Symbol.asyncDispose]();
  assert.deepEqual(watch.told, []);
});

Deno.test(
  "a discovery that breaks ends the watch with its error",
  { permissions: "none" },
  async () => {
    const failure = new Error("broken");
    const watch = startWatch({
      discovery: {
        secondOpinion: true,
        async *observe() {
          yield { kind: "members", listings: listings("a b") };
          await watch.probesOf(member("a"), 1);
          throw failure;
        },
      },
      probe: async (_, signal) => {
        await aborted(signal);
        return { outcome: "failed" };
      },
    });
    await assert.rejects(watch.ended, failure);
    assert.deepEqual([...watch.probing.values()], [0, 0]);
  },
);

Deno.test(
  "a listener that breaks on a probe ends the watch with its error",
  { permissions: "none" },
  async () => {
    const failure = new Error("broken listener");
    const watch = startWatch({
      onMembership: (_, { event }) => {
        if (event.kind === "probed") throw failure;
      },
    });
    watch.tell("list a b");
    await assert.rejects(watch.ended, failure);
    assert.deepEqual([...watch.probing.values()], [0, 0]);
  },
);

/**
 * Starts a watch on a discovery that is told what to say, with members that answer `ok` unless
 * `answers` says otherwise.
 */
function startWatch(own: Partial<WatchDeps> = {}) {
  const stop = new AbortController();
  const news = createWake();
  const happened = createWake();
  const spoken: Observation[] = [];
  const rings: HashRing[] = [];
  const told: string[][] = [];
  const answers = new Map<Member, ProbeOutcome>();
  const probing = new Map<Member, number>();
  /** Each that there was. */
  const memberships = [UNKNOWN_MEMBERSHIP];
  let taken = 0;

  const discovery: Discovery = {
    secondOpinion: true,
    async *observe(signal) {
      while (!signal.aborted) {
        for (let next = spoken.shift(); next; next = spoken.shift()) yield next;
        await news.wait(signal);
      }
    },
  };
  const reports = createInbox<MembershipEvent>();
  const probe = own.probe ??
    ((member): Promise<ProbeResult> => Promise.resolve({ outcome: answers.get(member) ?? "ok" }));
  const count = (member: Member, by: 1 | -1) => {
    probing.set(member, (probing.get(member) ?? 0) + by);
    happened.raise();
  };
  const until = async (holds: () => boolean) => {
    while (!holds()) await Promise.race([happened.wait(stop.signal), ended]);
  };

  const ended = watchMembership({
    discovery,
    configured: consulPolicy().configured,
    handoff: false,
    reports: reports.take,
    contestMs: CONTEST_MS,
    random: () => 0,
    initial: { membership: UNKNOWN_MEMBERSHIP, ring: HashRing.of(new Map()) },
    ...own,
    async probe(member, signal) {
      count(member, 1);
      try {
        return await probe(member, signal);
      } finally {
        count(member, -1);
      }
    },
    onMembership(next, change) {
      own.onMembership?.(next, change);
      memberships.push(next);
      told.push(["states", ...names(next.records.keys())]);
      happened.raise();
    },
    onRing(ring) {
      rings.push(ring);
      told.push(["ring", ...names(ring.members)]);
      happened.raise();
    },
  }, stop.signal);
  ended.catch(() => {}); // whoever cares awaits it

  return {
    ended,
    rings,
    told,
    reports,
    answers,
    probing,
    tell(text: string) {
      const spokenEvent = event(text);
      assert(spokenEvent.kind === "observed");
      spoken.push(spokenEvent.observation);
      news.raise();
    },
    /** The members of the next ring that is published. */
    async nextRing(): Promise<string[]> {
      await until(() => rings.length > taken);
      return names(rings[taken++].members);
    },
    /** Waits until the membership is as described, or has been for a moment. */
    seen(holds: (membership: Membership) => boolean) {
      const from = memberships.length - 1;
      return until(() => memberships.slice(from).some(holds));
    },
    /** Waits until so many probes of a member are under way. */
    probesOf: (member: Member, number: number) => until(() => probing.get(member) === number),
    async [Symbol.asyncDispose]() {
      stop.abort();
      await ended;
    },
  };
}

/** A turn of the event loop. */
function turn(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve));
}

function names(members: Iterable<Member>): string[] {
  return [...members].map((member) => member.slice(0, member.indexOf(":")));
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener("abort", () => resolve(), { once: true });
  });
}
