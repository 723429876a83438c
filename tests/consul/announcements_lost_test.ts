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

Deno.test("what has gone without a word is taken into account for 30 s, and its end is told", {
  permissions: "none",
}, async () => {
  await using clock = createClockwork();
  const keys = createKeys();
  keys.set("s", "a");
  await using reading = startReading(keys);
  await clock.pass(1_000);
  assert.deepEqual(reading.seen(), ["a"]);
  keys.drop("s");
  await clock.pass(1_000);
  assert.deepEqual(reading.seen(), ["a lost"]);
  await clock.pass(28_000);
  assert.deepEqual(reading.seen(), ["a lost"]);
  const changes = reading.changes();
  await clock.pass(2_000);
  assert.deepEqual(reading.seen(), []);
  assert.equal(reading.changes(), changes + 1);
});

Deno.test("what was taken back by its own process is not taken into account any more", {
  permissions: "none",
}, async () => {
  await using clock = createClockwork();
  const keys = createKeys();
  keys.set("s", "a");
  await using reading = startReading(keys);
  await clock.pass(1_000);
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
  await using clock = createClockwork();
  const keys = createKeys();
  keys.set("s", "a");
  await using reading = startReading(keys);
  await clock.pass(1_000);
  keys.drop("s");
  await clock.pass(20_000);
  keys.set("s", "a");
  await clock.pass(1_000);
  assert.deepEqual(reading.seen(), ["a"]);
  keys.drop("s");
  await clock.pass(28_000);
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
    const keys = createKeys();
    let current: Session | undefined = sessionOf("first");
    let raise = () => {};
    const consul: typeof keys.consul = {
      ...keys.consul,
      acquireKey(key, { value = "" }) {
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
    await using reading = startReading({ ...keys, consul }, sessions);
    reading.announce("a");
    await clock.pass(1_000);
    assert.deepEqual(reading.seen(), ["a own"]);
    current = sessionOf("second");
    raise();
    reading.announce("b");
    await clock.pass(1_000);
    assert.deepEqual(reading.seen(), ["a", "b own"], "others see both");
    keys.drop("first");
    await clock.pass(1_000);
    assert.deepEqual(reading.seen(), ["b own"]);
    current = undefined; // nothing is to be said at the end
  },
);
