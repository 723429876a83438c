import assert from "node:assert/strict";
import { createExclusive } from "../../../../src/handoff/settle/exclusive.ts";
import { createMoves } from "../../../../src/handoff/settle/many/move_all.ts";
import { createBench } from "../../../model/bench.ts";
import { depsOf } from "../deps.ts";

const never = new AbortController().signal;
const id = "/metrics/job/backup";

for (const isAlone of [true, false]) {
  const waits = isAlone ? "only for its copy" : "for its copy and its deletion";
  const who = isAlone ? "one instance alone" : "one of several instances";
  Deno.test(`a push of a group that is moved by ${who} waits ${waits}`, {
    permissions: "none",
  }, async () => {
    await using bench = createBench();
    const [from, to] = bench.members;
    await bench.push(from, { id, families: { a: 1 } });
    const exclusive = createExclusive(() => undefined);
    let pushing: Promise<unknown> | undefined;
    let atPush: unknown;
    const deps = depsOf(bench, {
      exclusive,
      gateways: {
        async merge(...asked) {
          const refused = await bench.gateways.merge(...asked);
          const push = () => Promise.resolve(void (atPush = bench.holders(id)));
          pushing = exclusive.run(id, push, { signal: never, alone: true });
          return refused;
        },
      },
    });
    const rings = { ...deps.rings, isAlone };
    const moves = createMoves({ from, by: "drain", onMoved() {} }, { ...deps, rings });
    await bench.run(moves.run(new Set([id]), never));
    await pushing;
    assert.deepEqual(atPush, { ...isAlone && { [from]: { a: 1 } }, [to]: { a: 1 } });
  });
}

Deno.test("one of several instances reads no member for groups that it is told of", {
  permissions: "none",
}, async () => {
  await using bench = createBench();
  const [from, to] = bench.members;
  await bench.push(from, { id, families: { a: 1 } });
  let reads = 0;
  const deps = depsOf(bench, {
    gateways: {
      pushTimes(...asked) {
        reads++;
        return bench.gateways.pushTimes(...asked);
      },
    },
  });
  const rings = { ...deps.rings, isAlone: false };
  const moves = createMoves({ from, by: "push", onMoved() {} }, { ...deps, rings });
  await bench.run(moves.run(new Set(), never));
  assert.equal(reads, 0);
  const { moved } = await bench.run(moves.run(new Set([id]), never));
  assert.equal(moved, 1);
  assert.deepEqual(bench.holders(id), { [to]: { a: 1 } });
});
