import assert from "node:assert/strict";
import { createExclusive } from "../../../../src/handoff/settle/exclusive.ts";
import { createMoves } from "../../../../src/handoff/settle/many/move_all.ts";
import { createBench } from "../../../model/bench.ts";
import { depsOf } from "../deps.ts";

const never = new AbortController().signal;
const id = "/metrics/job/backup";

for (const isTold of [true, false]) {
  const waits = isTold ? "only for its copy" : "for its copy and its deletion";
  const who = isTold ? "others can be told of" : "others cannot be told of";
  Deno.test(`a push of a group whose move ${who} waits ${waits}`, {
    permissions: "none",
  }, async () => {
    await using bench = createBench();
    const [from, to] = bench.members;
    await bench.push(from, { id, families: { a: 1 } });
    const turns = createExclusive(() => undefined);
    const nobodyToTell = { whileMoving: () => Promise.resolve(undefined) };
    const exclusive = { ...turns, ...!isTold && nobodyToTell };
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
    const moves = createMoves({ from, by: "drain", onMoved() {} }, deps);
    await bench.run(moves.run(new Set([id]), never));
    await pushing;
    assert.deepEqual(atPush, { ...isTold && { [from]: { a: 1 } }, [to]: { a: 1 } });
  });
}

Deno.test("where others cannot be told for a moment, many groups are moved at once soon after", {
  permissions: "none",
}, async () => {
  await using bench = createBench();
  const [from, to] = bench.members;
  const ids = Array.from({ length: 300 }, (_, i) => `/metrics/job/job${i}`);
  for (const id of ids) bench.land(from, { id, families: { a: 1 } });
  await bench.clockwork.pass(5_000);
  const turns = createExclusive(() => undefined);
  const exclusive = { ...turns, whileMoving: () => Promise.resolve(undefined) };
  const moves = createMoves({ from, by: "push", onMoved() {} }, depsOf(bench, { exclusive }));
  const first = await bench.run(moves.run(new Set(ids), never));
  assert.deepEqual([first.moved, first.left().length], [256, 44]);
  assert.equal(ids.filter((id) => Object.keys(bench.holders(id)).includes(to)).length, 256);
});
