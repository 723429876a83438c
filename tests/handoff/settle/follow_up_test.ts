/** Groups that have just been pushed where they lay, and are brought home soon after. */

import assert from "node:assert/strict";
import { type Gateways, MemberFailure } from "../../../src/handoff/gateways.ts";
import { createFollowUp } from "../../../src/handoff/settle/follow_up.ts";
import type { Member } from "../../../src/member.ts";
import { type Bench, createBench } from "../../model/bench.ts";
import { depsOf, type DepsOptions } from "./deps.ts";

const id = "/metrics/job/backup";

/** Follows one push to the first member of a group that the second one owns. */
async function follow(
  bench: Bench,
  options: DepsOptions,
  happens: (followUp: ReturnType<typeof createFollowUp>) => Promise<void>,
): Promise<void> {
  await bench.push(bench.members[0], { id, families: { a: 1 } });
  const followUp = createFollowUp(depsOf(bench, options));
  const end = new AbortController();
  const running = followUp.run(end.signal);
  followUp.add(id, bench.members[0]);
  await happens(followUp);
  end.abort();
  await bench.run(running);
}

function test(name: string, run: (bench: Bench) => Promise<void>): void {
  Deno.test(name, { permissions: "none" }, async () => {
    await using bench = createBench();
    await run(bench);
  });
}

test("a group that others still push is moved when they do no more, also where that is told during its move", async (bench) => {
  const [from, to] = bench.members;
  const other = "/metrics/job/other";
  let isUsed = true;
  let tell = () => {};
  const options: DepsOptions = {
    isUsed: (_, key) => isUsed && key === id,
    gateways: {
      merge(...asked) {
        isUsed = false;
        tell();
        return bench.gateways.merge(...asked);
      },
    },
  };
  await bench.push(from, { id: other, families: { a: 1 } });
  await follow(bench, options, async (followUp) => {
    tell = () => followUp.wake(false);
    followUp.add(other, from);
    await bench.clockwork.pass(5_000);
  });
  for (const one of [id, other]) assert.deepEqual(bench.holders(one), { [to]: { a: 1 } });
});

test("a group that is to have another owner is moved when no former ring is in use, and not before", async (bench) => {
  const [from, to] = bench.members;
  const later = "/metrics/job/later";
  await bench.push(from, { id: later, families: { a: 1 } });
  await follow(bench, {}, async (followUp) => {
    followUp.addLater(later, from);
    await bench.clockwork.pass(5_000);
    followUp.wake(false);
    await bench.clockwork.pass(5_000);
    assert.deepEqual(bench.holders(later), { [from]: { a: 1 } });
    followUp.wake(true);
    await bench.clockwork.pass(5_000);
  });
  assert.deepEqual(bench.holders(later), { [to]: { a: 1 } });
});

/** What goes wrong once with a move of one group alone. */
const HICCUPS: readonly [what: string, method: "pushTimes" | "merge" | "copies" | "remove"][] = [
  ["whose owner could not be read", "pushTimes"],
  ["whose owner did not take its copy", "merge"],
  ["whose copy could not be looked for", "copies"],
  ["that could not be deleted where it was", "remove"],
];
for (const [what, method] of HICCUPS) {
  test(`a group ${what} is moved a moment later`, async (bench) => {
    const [from, to] = bench.members;
    let failures = 1;
    const failing = (member: Member, ...rest: unknown[]) => {
      const isMeant = member === (method === "remove" ? from : to);
      if (isMeant && failures-- > 0) {
        return Promise.reject(new MemberFailure(`${member}: a hiccup`));
      }
      return (bench.gateways[method] as (...asked: unknown[]) => Promise<unknown>)(member, ...rest);
    };
    const gateways = { [method]: failing } as Partial<Gateways>;
    await follow(bench, { gateways }, () => bench.clockwork.pass(5_000));
    assert.deepEqual(bench.holders(id), { [to]: { a: 1 } });
  });
}
