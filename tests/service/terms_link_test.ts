/** Ways to Consul, which live on through the configurations that use them. @module */

import assert from "node:assert/strict";
import { isPending } from "../concurrency/settled.ts";
import { run, setStage, WHOLE_LIFE } from "./stage.ts";

const permissions = "none";

Deno.test("a way to Consul that the next configuration uses too is left alone", {
  permissions,
}, async () => {
  const stage = setStage("a@consul");
  const running = run(stage);
  for (const name of ["b", "c"]) await stage.reload(`${name}@consul`);
  assert.deepEqual(stage.of("consul"), ["opened", "begins"]);
  await running.end();
  assert.deepEqual(stage.of("consul"), WHOLE_LIFE);
});

Deno.test(
  "another way to Consul begins before the former one ends, which outlives its configuration",
  {
    permissions,
  },
  async () => {
    const stage = setStage("a@former");
    await using _run = run(stage);
    const { release } = stage.hold("a");
    await stage.reload("b@next");
    assert.deepEqual(stage.of("next"), ["opened", "begins"]);
    assert.deepEqual(stage.of("former"), ["opened", "begins"], "its configuration still ends");
    release();
    while (stage.of("former").length < WHOLE_LIFE.length) await isPending(Promise.resolve());
    assert.deepEqual(stage.of("former"), WHOLE_LIFE);
    assert(stage.events.indexOf("a closed") < stage.events.indexOf("former stops"));
  },
);

Deno.test(
  "a way to Consul ends where the next configuration has none",
  { permissions },
  async () => {
    const stage = setStage("a@consul");
    const running = run(stage);
    await stage.reload("b");
    await running.end();
    for (const name of ["a", "b"]) assert.deepEqual(stage.of(name), WHOLE_LIFE, name);
    assert.deepEqual(stage.of("consul"), WHOLE_LIFE);
  },
);

Deno.test("at the end the ways to Consul are the last to go", { permissions }, async () => {
  const stage = setStage("a@consul");
  const running = run(stage);
  const { release } = stage.hold("a");
  await stage.reload("b@consul");
  const ended = running.end();
  for (let turns = 0; turns < 20; turns++) await isPending(ended);
  assert.deepEqual(stage.of("consul"), ["opened", "begins"], "a former configuration still ends");
  release();
  await ended;
  assert.deepEqual(stage.events.slice(-3), ["consul stops", "consul ended", "consul closed"]);
});

Deno.test(
  "a way to Consul outlives every configuration that uses it",
  { permissions },
  async () => {
    const stage = setStage("a@former");
    await using _run = run(stage);
    const [a, b] = [stage.hold("a"), stage.hold("b")];
    await stage.reload("b@former");
    await stage.reload("c@next");
    a.release();
    while (stage.of("a").length < WHOLE_LIFE.length) await isPending(Promise.resolve());
    for (let turns = 0; turns < 20; turns++) await isPending(Promise.resolve());
    const found = stage.of("former");
    b.release();
    assert.deepEqual(found, ["opened", "begins"], "b still ends");
  },
);
