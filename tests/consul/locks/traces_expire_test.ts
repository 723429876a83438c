/** How long traces of locks stay; in virtual time, by a Consul in memory. @module */

import { getLogger } from "@logtape/logtape";
import assert from "node:assert/strict";
import { createLocks } from "../../../src/consul/locks/locks.ts";
import { TRACE_MS } from "../../../src/consul/trace_times.ts";
import type { FreeKey } from "../../../src/consul/client.ts";
import { createRandom } from "../../../tools/random.ts";
import { createClockwork } from "../../model/clockwork.ts";
import { createConsul } from "../../model/consul.ts";
import { never, TRACED } from "./holds.ts";

const PREFIX = "lock/";
/** It is found within half of it, and deleted with the first look after it is old enough. */
const GONE_MS_MAX = 2 * TRACE_MS + 5_000;

/** A Consul in memory, and processes that have locks by it. */
async function startWorld() {
  await using stack = new AsyncDisposableStack();
  const clock = stack.use(createClockwork());
  const random = createRandom(1);
  const [agent] = createConsul({ agents: 1, answers: () => true, random }).agents;
  const client = agent.client({ isDead: false });
  const end = new AbortController();
  const runs: Promise<void>[] = [];
  stack.defer(async () => {
    end.abort();
    await clock.pass(20_000);
    await Promise.all(runs);
  });

  async function start() {
    const process = { isDead: false };
    const consul = agent.client(process);
    const deps = { prefix: PREFIX, random: () => random.next(), log: getLogger("nowhere") };
    const locks = createLocks({ consul, ...deps });
    const stop = new AbortController();
    const run = locks.run(AbortSignal.any([stop.signal, end.signal]));
    await clock.passUntil(() => locks.state === "yes", { what: "locks", msMax: 5_000 });
    runs.push(Promise.race([
      run,
      new Promise<void>((resolve) => {
        stop.signal.addEventListener("abort", () => resolve());
      }),
    ]));
    return {
      /** Has a lock that leaves a trace, and tells when it ended. */
      async have(name: string): Promise<number> {
        let endMs: number | undefined;
        const held = locks.hold(name, () => Promise.resolve(), TRACED)
          .then(() => endMs = clock.nowMs);
        await clock.passUntil(() => endMs !== undefined, { what: "the lock", msMax: 10_000 });
        return await held;
      },
      kill() {
        process.isDead = true;
        stop.abort();
      },
    };
  }

  /** The keys that nobody holds, as they are in a moment. */
  async function traces(): Promise<string[]> {
    let found: FreeKey[] | undefined;
    void client.freeKeys(PREFIX, never).then((keys) => found = keys);
    await clock.passUntil(() => found !== undefined, { what: "the keys", msMax: 5_000 });
    return found?.map(({ key }) => key.slice(PREFIX.length)) ?? [];
  }

  const resources = stack.move();
  return { clock, start, traces, [Symbol.asyncDispose]: () => resources.disposeAsync() };
}

for (const fate of ["lives", "was killed"]) {
  Deno.test(`a trace of a process that ${fate} stays for a minute, and is deleted soon after`, {
    permissions: "none",
  }, async () => {
    await using world = await startWorld();
    await world.start();
    const one = await world.start();
    await world.clock.pass(7_000);
    const endMs = await one.have("a");
    if (fate !== "lives") one.kill();
    while (world.clock.nowMs < endMs + TRACE_MS - 3_000) {
      assert.deepEqual(await world.traces(), ["a"], `after ${world.clock.nowMs - endMs} ms`);
      await world.clock.pass(1_000);
    }
    await world.clock.pass(endMs + GONE_MS_MAX - world.clock.nowMs);
    assert.deepEqual(await world.traces(), []);
  });
}

Deno.test("a trace that is renewed stays", { permissions: "none" }, async () => {
  await using world = await startWorld();
  const [one, other] = [await world.start(), await world.start()];
  await one.have("once");
  for (let i = 0; i < 8; i++) {
    await (i % 2 ? one : other).have("again");
    await world.clock.pass(40_000);
    assert((await world.traces()).includes("again"));
  }
  assert.deepEqual(await world.traces(), ["again"]);
});
