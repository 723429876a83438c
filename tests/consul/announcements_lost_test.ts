/** How long an announcement is taken into account that has gone without a word; in virtual time. @module */

import assert from "node:assert/strict";
import { abandonable } from "../../src/concurrency/abort.ts";
import { createAnnouncements } from "../../src/consul/announcements.ts";
import type { BlockingQuery, ConsulClient, HeldKey } from "../../src/consul/client.ts";
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

/** Reads what others announce; we have no session. */
function startReading({ consul }: ReturnType<typeof createKeys>) {
  const announcements = createAnnouncements({
    consul,
    sessions: { current: () => undefined, watch: () => ({ [Symbol.dispose]() {} }) },
    prefix: PREFIX,
    random: () => 0,
  });
  let changes = 0;
  const stop = new AbortController();
  const running = announcements.run(() => changes++, stop.signal);
  return {
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
