/** What instances learn of one another's turns, one story each. @module */

import assert from "node:assert/strict";
import { createLocks } from "../../src/consul/locks/locks.ts";
import { createExclusive, type Exclusive } from "../../src/handoff/settle/exclusive.ts";
import { createRandom } from "../../tools/random.ts";
import { createClockwork } from "./clockwork.ts";
import { createConsul } from "./consul.ts";
import { recordLog } from "./log.ts";

const PREFIX = "dynamic-sharding/test/lock/";
const GROUP = "/metrics/job/a";
const MS_MAX = 60_000;

/** Two instances that share a Consul take turns. */
async function tellOfTwo(
  happens: (one: Exclusive, other: Exclusive, signal: AbortSignal) => Promise<void>,
): Promise<void> {
  await using clockwork = createClockwork();
  const random = createRandom(1);
  const consul = createConsul({ agents: 1, answers: () => true, random });
  const over = new AbortController();
  const open = () =>
    createLocks({
      consul: consul.agents[0].client({ isDead: false }),
      prefix: PREFIX,
      random: random.next,
      log: recordLog(() => {}),
    });
  const [one, other] = [open(), open()];
  const running = Promise.allSettled([one, other].map((locks) => locks.run(over.signal)));
  let isOver = false;
  const story = Promise.allSettled([
    happens(createExclusive(() => one), createExclusive(() => other), over.signal),
  ]);
  void story.then(() => isOver = true);
  await clockwork.passUntil(() => isOver, { what: "the story to end", msMax: MS_MAX });
  over.abort();
  await clockwork.passUntil(() => true, { what: "the end", msMax: 1 });
  const [outcome] = await story;
  if (outcome.status === "rejected") throw outcome.reason;
  await clockwork.pass(MS_MAX);
  await running;
}

Deno.test("that another instance has had a turn is found by each who watches, not by the first alone", () =>
  tellOfTwo(async (one, other, signal) => {
    using first = one.watch();
    await other.run(GROUP, () => Promise.resolve(), { signal, alone: false });
    using second = one.watch();
    const begun: string[] = [];
    for (const since of [second, first]) {
      await one.runUntouched([GROUP], (id) => {
        begun.push(id);
        return Promise.resolve();
      }, { since, signal });
      assert(since.has(GROUP), "it counts as touched");
    }
    assert.deepEqual(begun, []);
  }));
