/** Configurations come into force one after the other. @module */

import assert from "node:assert/strict";
import { isPending } from "../concurrency/settled.ts";
import { createClockwork } from "../model/clockwork.ts";
import { run, setStage, WHOLE_LIFE } from "./stage.ts";

const permissions = "none";

Deno.test("the next configuration's tasks begin before the last one's are awaited", {
  permissions,
}, async () => {
  const stage = setStage("a");
  await using _run = run(stage);
  const { release } = stage.hold("a");
  await stage.reload("b");
  assert.deepEqual(stage.events, [
    "a opened",
    "a begins",
    "b opened",
    "from a to b",
    "b begins",
    "a stops",
  ], "the reload did not wait for the end of a");
  release();
});

Deno.test(
  "however close together reloads come, each configuration is opened, used and closed once",
  {
    permissions,
  },
  async () => {
    const stage = setStage("a");
    const running = run(stage);
    const reloads = ["b", "c", "d"].map((name) => stage.reload(name));
    await Promise.all(reloads);
    assert.equal(stage.current(), "d");
    assert.deepEqual(stage.of("d"), ["opened", "begins"], "the one in force is open");
    await running.end();
    for (const name of ["a", "b", "c", "d"]) assert.deepEqual(stage.of(name), WHOLE_LIFE, name);
  },
);

Deno.test(
  "a reload ends when the members are those of its configuration, and the next one waits for it",
  {
    permissions,
  },
  async () => {
    const stage = setStage("a", { slow: ["b"] });
    await using _run = run(stage);
    const [first, second] = [stage.reload("b"), stage.reload("c")];
    while (stage.current() === "a") await isPending(first);
    for (let turns = 0; turns < 20; turns++) assert.equal(await isPending(first), true);
    assert.deepEqual(stage.of("c"), []);
    stage.comeIntoForce("b");
    await first;
    await second;
    assert.equal(stage.current(), "c");
  },
);

Deno.test("a reload whose members do not come in ends after a while, and stands", {
  permissions,
}, async () => {
  await using clock = createClockwork();
  const stage = setStage("a", { slow: ["b"] });
  const running = run(stage);
  let isOver = false;
  const reload = stage.reload("b").then(() => isOver = true);
  await clock.pass(6_000);
  assert.equal(isOver, false);
  await clock.pass(6_000);
  assert.equal(isOver, true);
  assert.equal(stage.current(), "b");
  await reload;
  await running.end();
});

Deno.test("a configuration that cannot be opened changes nothing, and the next one can be", {
  permissions,
}, async () => {
  const stage = setStage("a");
  await using _run = run(stage);
  const [bad, good] = [stage.reload("bad"), stage.reload("b")];
  await assert.rejects(bad, /the file is bad/);
  assert.deepEqual(stage.events, ["a opened", "a begins"]);
  await good;
  assert.equal(stage.current(), "b");
});

Deno.test("a configuration that is opened as the service ends is closed unused", {
  permissions,
}, async () => {
  const stage = setStage("a@consul");
  const running = run(stage);
  const same = stage.reload("b@consul");
  const refused = assert.rejects(same, /the service is not running/);
  await running.end();
  await refused;
  assert.deepEqual(stage.of("b"), ["opened", "closed"]);
  await assert.rejects(stage.reload("c@other"), /the service is not running/);
  assert.deepEqual(stage.of("c"), ["opened", "closed"]);
  assert.deepEqual(stage.of("other"), ["opened", "closed"]);
  for (const name of ["a", "consul"]) assert.deepEqual(stage.of(name), WHOLE_LIFE, name);
});

Deno.test("a reload before the service runs is refused", { permissions }, async () => {
  const stage = setStage("a");
  await assert.rejects(stage.reload("b"), /the service is not running/);
  await run(stage).end();
  assert.deepEqual(stage.of("a"), WHOLE_LIFE);
  assert.deepEqual(stage.of("b"), ["opened", "closed"]);
});

Deno.test("a task that fails ends all, and everything is closed", { permissions }, async () => {
  const stage = setStage("a@consul");
  const running = stage.terms.run(new AbortController().signal);
  await stage.reload("b@consul");
  const broken = new Error("broken");
  stage.break("b", broken);
  await assert.rejects(running, broken);
  for (const name of ["a", "b", "consul"]) {
    assert.equal(stage.of(name).filter((event) => event === "closed").length, 1, name);
  }
});
