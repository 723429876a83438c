import assert from "node:assert/strict";
import type { Gateways } from "../../../src/handoff/gateways.ts";
import { createEmptyInstances } from "../../../src/handoff/plan/empty_instances.ts";
import { createWhereabouts } from "../../../src/handoff/plan/whereabouts.ts";
import { createReader } from "../../../src/handoff/sweep/reader.ts";
import type { Member } from "../../../src/member.ts";
import type { MemberRecord } from "../../../src/membership/membership.ts";
import type { PushTimes } from "../../../src/pushgateway/push_times.ts";
import { isPending } from "../../concurrency/settled.ts";
import { createClockwork } from "../../model/clockwork.ts";
import { recordLog } from "../../model/log.ts";
import { a, b, c, d, ringOf } from "../plan/members.ts";
import { inventory, up } from "../plan/whereabouts_story.ts";

const RECORD: MemberRecord = { state: "active", verdict: "up", failures: 0 };
const never = new AbortController().signal;
const EMPTY = inventory({});

/** A reader of four members that answer when a test has them do so, and in virtual time. */
function createStory({ traits }: Partial<Pick<Gateways, "traits">> = {}) {
  const whereabouts = createWhereabouts(ringOf(a));
  whereabouts.membersChanged(up(a, b, c, d), new Map());
  const emptyInstances = createEmptyInstances();
  const asked = new Map<Member, PromiseWithResolvers<PushTimes>>();
  const lines: string[] = [];
  let [news, failed] = [0, 0];
  const reader = createReader({
    gateways: {
      async pushTimes(member, signal) {
        const answer = Promise.withResolvers<PushTimes>();
        asked.set(member, answer);
        signal.addEventListener("abort", () => answer.reject(signal.reason));
        return await answer.promise;
      },
      traits: traits ?? (() => assert.fail("nobody had to be asked")),
    },
    whereabouts,
    emptyInstances,
    metrics: { failed: () => failed++ },
    log: recordLog((line) => lines.push(line)),
    clock: () => performance.now(),
    now: Date.now,
    onNews: () => news++,
  });
  return {
    reader,
    whereabouts,
    emptyInstances,
    lines,
    read: (member: Member, signal = never) => reader.read(member, RECORD, signal),
    /** Lets a member answer its read. */
    async answers(member: Member, times = EMPTY): Promise<void> {
      await isPending(Promise.resolve());
      asked.get(member)?.resolve(times);
    },
    async fails(member: Member, why: string): Promise<void> {
      await isPending(Promise.resolve());
      asked.get(member)?.reject(new Error(why));
    },
    isAsked: (member: Member) => asked.has(member),
    get news() {
      return news;
    },
    get failed() {
      return failed;
    },
  };
}

Deno.test("what was read is known, with when that began and how long it took", {
  permissions: "none",
}, async () => {
  await using clockwork = createClockwork();
  await clockwork.pass(1_000);
  const { read, reader, whereabouts, answers, lines } = createStory();
  const reading = read(a);
  assert.deepEqual([reader.isReading(a), reader.isBusy], [true, true]);
  await clockwork.pass(2_000);
  await answers(a);
  assert.equal(await reading, true);
  assert.deepEqual([reader.isReading(a), reader.isBusy], [false, false]);
  const { record, beganMs, seconds } = reader.last.get(a)!;
  assert.deepEqual([record, beganMs, seconds], [RECORD, 1_000, 2]);
  assert.deepEqual([...whereabouts.inventories.keys()], [a]);
  assert.deepEqual(lines, []);
  reader.forget(a);
  assert.equal(reader.last.has(a), false);
});

Deno.test("one member is read once at a time", { permissions: "none" }, async () => {
  await using _clockwork = createClockwork();
  const { read, answers } = createStory();
  const reading = read(a);
  assert.equal(await read(a), false);
  await answers(a);
  assert.equal(await reading, true);
});

Deno.test("a member that cannot be read is told once, and again when that changes", {
  permissions: "none",
}, async () => {
  await using _clockwork = createClockwork();
  const story = createStory();
  for (const why of ["no route", "no route", "status 500"]) {
    const reading = story.read(a);
    await story.fails(a, why);
    assert.equal(await reading, false);
  }
  assert.equal(story.whereabouts.isReadable(a), false);
  assert.equal(story.failed, 3, "each one counts");
  const reading = story.read(a);
  await story.answers(a);
  await reading;
  assert.equal(story.whereabouts.isReadable(a), true);
  assert.deepEqual(story.lines.map((line) => line.replace(/ \{.*"err":/, " {")), [
    'warn reading the groups of a member failed, trying again {"no route"}',
    'warn reading the groups of a member failed, trying again {"status 500"}',
    'info reading the groups of a member works again {"member":"a:9091","failures":3,"seconds":0}',
  ]);
});

Deno.test("a read that is slow holds up nobody, and hides its member until it has ended", {
  permissions: "none",
}, async () => {
  await using clockwork = createClockwork();
  const story = createStory();
  const { read, reader, whereabouts, answers } = story;
  const reading = read(a);
  await clockwork.pass(4_999);
  assert.deepEqual([reader.isBusy, whereabouts.isReadable(a), story.news], [true, true, 0]);
  await clockwork.pass(1);
  assert.equal(story.news, 1);
  assert.deepEqual([reader.isBusy, reader.isReading(a)], [false, true]);
  assert.equal(whereabouts.isReadable(a), false);
  await answers(a);
  assert.equal(await reading, true);
  assert.equal(whereabouts.isReadable(a), true);
});

Deno.test("a few are read at once, and one that is slow gives its turn to the next", {
  permissions: "none",
}, async () => {
  await using clockwork = createClockwork();
  const { read, answers, isAsked } = createStory();
  const others = ["e:1", "f:1"] as Member[];
  const readings = [a, b, c, d, ...others].map((member) => read(member));
  await isPending(Promise.resolve());
  assert.deepEqual(others.map(isAsked), [false, false]);
  await answers(d);
  await readings[3];
  await isPending(Promise.resolve());
  assert.deepEqual(others.map(isAsked), [true, false]);
  await clockwork.pass(5_000);
  assert.deepEqual(others.map(isAsked), [true, true]);
  for (const member of [a, b, c, ...others]) await answers(member);
  assert.deepEqual(await Promise.all(readings), readings.map(() => true));
});

Deno.test("an abort ends reads, also of those that wait, and is no failure", {
  permissions: "none",
}, async () => {
  await using _clockwork = createClockwork();
  const story = createStory();
  const stop = new AbortController();
  const members = [a, b, c, d, "e:1" as Member];
  const readings = members.map((member) => story.read(member, stop.signal));
  await isPending(Promise.resolve());
  stop.abort(new Error("enough"));
  assert.deepEqual(await Promise.all(readings), members.map(() => false));
  assert.deepEqual([story.failed, story.lines, story.reader.isBusy], [0, [], false]);
  assert.equal(story.whereabouts.isReadable(a), true);
});

Deno.test("each read that ends is news", { permissions: "none" }, async () => {
  await using _clockwork = createClockwork();
  const story = createStory();
  const readings = [story.read(a), story.read(b)];
  await story.answers(a);
  await story.fails(b, "no route");
  await Promise.all(readings);
  assert.equal(story.news, 2);
});

Deno.test("how a member stores groups without an instance is asked once, and where it has any", {
  permissions: "none",
}, async () => {
  await using _clockwork = createClockwork();
  let asked = 0;
  const emptyInstance = new Set(["/metrics/job/old"]);
  const story = createStory({
    traits: () => Promise.resolve({ partial: new Set(), emptyInstance, asked: asked++ }),
  });
  const reads = async (member: Member, id: string) => {
    const reading = story.read(member);
    await story.answers(member, inventory({ [id]: 1 }));
    await reading;
  };
  await reads(b, "/metrics/job/db/instance/x");
  assert.deepEqual([asked, story.emptyInstances.knows(b)], [0, true]);
  for (let i = 0; i < 2; i++) await reads(a, "/metrics/job/old");
  assert.equal(asked, 1);
  assert.equal(story.emptyInstances.has(a, "/metrics/job/old"), true);
  assert.match(story.lines.join(), /warn member holds groups with an empty instance.*"groups":1/);
});

Deno.test("a member that does not tell how it stores them is not read", {
  permissions: "none",
}, async () => {
  await using _clockwork = createClockwork();
  const story = createStory({ traits: () => Promise.reject(new Error("status 500")) });
  const reading = story.read(a);
  await story.answers(a, inventory({ "/metrics/job/old": 1 }));
  assert.equal(await reading, false);
  assert.deepEqual([story.whereabouts.isReadable(a), story.emptyInstances.knows(a)], [
    false,
    false,
  ]);
});
