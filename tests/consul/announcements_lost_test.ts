/** How long an announcement is taken into account that has gone without a word; in virtual time. @module */

import assert from "node:assert/strict";
import { abandonable } from "../../src/concurrency/abort.ts";
import { createAnnouncements } from "../../src/consul/announcements.ts";
import type { BlockingQuery, ConsulClient, HeldKey } from "../../src/consul/client.ts";
import type { Session, SessionKeeper } from "../../src/consul/session.ts";
import { createClockwork } from "../model/clockwork.ts";
import { show } from "./announcing.ts";

const PREFIX = "ring/";

/** A Consul that holds keys of others' sessions, each named after its session. */
function createKeys() {
  const texts = new Map<string, string>();
  let index = 1n;
  let changed = Promise.withResolvers<void>();
  const change = () => {
    index++;
    changed.resolve();
    changed = Promise.withResolvers();
  };
  const consul: Pick<ConsulClient, "acquireKey" | "watchHeldKeys"> = {
    acquireKey: () => assert.fail("nothing of ours is announced"),
    async watchHeldKeys(prefix, query: BlockingQuery, signal) {
      if (query.index !== undefined && query.index >= index) {
        await abandonable(changed.promise, signal);
      }
      const keys = [...texts].map(([session, value]): HeldKey => ({
        key: prefix + session,
        session,
        value,
      }));
      return { keys, index };
    },
  };
  return {
    consul,
    set(session: string, text: string): void {
      texts.set(session, text);
      change();
    },
    drop(session: string): void {
      texts.delete(session);
      change();
    },
  };
}

const NO_SESSION: Pick<SessionKeeper, "current" | "watch"> = {
  current: () => undefined,
  watch: () => ({ [Symbol.dispose]() {} }),
};

function sessionOf(id: string): Session {
  return {
    id,
    signal: new AbortController().signal,
    use: () => ({ [Symbol.dispose]() {} }),
    suspect() {},
  };
}

/** Reads what others announce; we have no session, unless it is told otherwise. */
function startReading({ consul }: ReturnType<typeof createKeys>, sessions = NO_SESSION) {
  const announcements = createAnnouncements({
    consul,
    sessions,
    prefix: PREFIX,
    random: () => 0,
  });
  let changes = 0;
  const stop = new AbortController();
  const running = announcements.run(() => changes++, stop.signal);
  return {
    announce: announcements.announce,
    seen: () => announcements.all?.map(show),
    changes: () => changes,
    async [Symbol.asyncDispose]() {
      stop.abort();
      await running;
    },
  };
}

/** We read what another one announces. */
async function startStory() {
  await using stack = new AsyncDisposableStack();
  const clock = stack.use(createClockwork());
  const keys = createKeys();
  keys.set("s", "a");
  const reading = stack.use(startReading(keys));
  await clock.pass(1_000);
  assert.deepEqual(reading.seen(), ["a"]);
  const started = stack.move();
  return { clock, keys, reading, [Symbol.asyncDispose]: () => started.disposeAsync() };
}

/** Sessions of ours, and a Consul that takes what we announce by them. */
function startAnnouncing(first: string) {
  const keys = createKeys();
  let current: Session | undefined = sessionOf(first);
  let [raise, writes] = [() => {}, 0];
  const consul: typeof keys.consul = {
    ...keys.consul,
    acquireKey(key, { value = "" }) {
      writes++;
      keys.set(key.slice(PREFIX.length), value);
      return Promise.resolve(true);
    },
  };
  const sessions = {
    current: () => current,
    watch(onChange: () => void) {
      raise = onChange;
      return { [Symbol.dispose]() {} };
    },
  };
  return {
    keys: { ...keys, consul },
    sessions,
    /** Another session takes its place, or none: nothing is said at the end then. */
    renew(id?: string): void {
      current = id === undefined ? undefined : sessionOf(id);
      raise();
    },
    get writes() {
      return writes;
    },
  };
}

Deno.test("what has gone without a word is taken into account for 40 s, and its end is told", {
  permissions: "none",
}, async () => {
  await using story = await startStory();
  const { clock, keys, reading } = story;
  keys.drop("s");
  await clock.pass(1_000);
  assert.deepEqual(reading.seen(), ["a lost"]);
  await clock.pass(38_000);
  assert.deepEqual(reading.seen(), ["a lost"]);
  const changes = reading.changes();
  await clock.pass(2_000);
  assert.deepEqual(reading.seen(), []);
  assert.equal(reading.changes(), changes + 1);
});

Deno.test("what was taken back by its own process is not taken into account any more", {
  permissions: "none",
}, async () => {
  await using story = await startStory();
  const { clock, keys, reading } = story;
  keys.set("s", "");
  await clock.pass(1_000);
  assert.deepEqual(reading.seen(), []);
  keys.drop("s");
  await clock.pass(1_000);
  assert.deepEqual(reading.seen(), []);
});

Deno.test("what is back was not lost, and is lost anew for as long when it goes again", {
  permissions: "none",
}, async () => {
  await using story = await startStory();
  const { clock, keys, reading } = story;
  keys.drop("s");
  await clock.pass(20_000);
  keys.set("s", "a");
  await clock.pass(1_000);
  assert.deepEqual(reading.seen(), ["a"]);
  keys.drop("s");
  await clock.pass(38_000);
  assert.deepEqual(reading.seen(), ["a lost"]);
  await clock.pass(3_000);
  assert.deepEqual(reading.seen(), []);
});

Deno.test(
  "what a former session of ours has announced counts until it is gone, and is not lost then",
  {
    permissions: "none",
  },
  async () => {
    await using clock = createClockwork();
    const { keys, sessions, renew } = startAnnouncing("first");
    await using reading = startReading(keys, sessions);
    reading.announce("a");
    await clock.pass(1_000);
    assert.deepEqual(reading.seen(), ["a own"]);
    renew("second");
    reading.announce("b");
    await clock.pass(1_000);
    assert.deepEqual(reading.seen(), ["a", "b own"], "others see both");
    keys.drop("first");
    await clock.pass(1_000);
    assert.deepEqual(reading.seen(), ["b own"]);
    renew();
  },
);

for (
  const [what, meddle] of [
    ["deletes", (keys: ReturnType<typeof createKeys>) => keys.drop("ours")],
    ["overwrites", (keys: ReturnType<typeof createKeys>) => keys.set("ours", "another's")],
  ] as const
) {
  Deno.test(`what somebody ${what} is written once more, and once only`, {
    permissions: "none",
  }, async () => {
    await using clock = createClockwork();
    const announcing = startAnnouncing("ours");
    await using reading = startReading(announcing.keys, announcing.sessions);
    reading.announce("a");
    await clock.pass(1_000);
    assert.equal(announcing.writes, 1);
    meddle(announcing.keys);
    await clock.pass(120_000);
    assert.deepEqual([announcing.writes, reading.seen()], [2, ["a own"]]);
    announcing.renew();
  });
}
