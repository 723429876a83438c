import assert from "node:assert/strict";
import { sumUp } from "../../src/log/sum_up.ts";
import { createClockwork } from "../model/clockwork.ts";
import { recordLog } from "../model/log.ts";

const permissions = "none";
const names = (from: number, to: number) =>
  Array.from({ length: to - from }, (_, i) => `m${from + i}:9091`);

/** A log that sums up, and what it has written above debug, and at debug. */
function startLog() {
  const [lines, debug]: string[][] = [[], []];
  const summed = sumUp(recordLog((line) => (line.startsWith("debug") ? debug : lines).push(line)));
  return { summed, log: summed.log, lines, debug };
}

Deno.test("the first ten lines of a phrase are logged, the others as one, and at debug", {
  permissions,
}, async () => {
  await using clockwork = createClockwork();
  const { summed, log, lines, debug } = startLog();
  using _summed = summed;
  for (const member of names(0, 1_000)) log.info("member is joining", { member, from: "unknown" });
  assert.deepEqual(
    lines,
    names(0, 10).map((member) => `info member is joining {"member":"${member}","from":"unknown"}`),
  );
  await clockwork.pass(1_000);
  assert.deepEqual(lines.slice(10), [
    'info member is joining {"member":"m10:9091, m11:9091, m12:9091, m13:9091, m14:9091, …",' +
    '"from":"unknown","more":990}',
  ]);
  assert.equal(debug.length, 990);
});

Deno.test("each problem of a file is logged", { permissions }, () => {
  const { summed, log, lines } = startLog();
  using _summed = summed;
  for (let i = 0; i < 30; i++) {
    log.error("configuration not reloaded", { problem: `my.yml:${i}:1` });
  }
  assert.equal(lines.length, 30);
});

Deno.test("few lines are logged as they come, however long they go on", {
  permissions,
}, async () => {
  await using clockwork = createClockwork();
  const { summed, log, lines } = startLog();
  using _summed = summed;
  for (let i = 0; i < 10; i++) {
    for (const member of names(0, 10)) log.warn("member is suspect", { member });
    await clockwork.pass(60_000);
  }
  for (let i = 0; i < 100; i++) {
    log.warn("member is suspect", { member: "m0:9091" });
    await clockwork.pass(6_000);
  }
  assert.equal(lines.length, 200);
});

Deno.test("a thousand lines that come over minutes, now many and now few, are summed up", {
  permissions,
}, async () => {
  await using clockwork = createClockwork();
  const { summed, log, lines } = startLog();
  using _summed = summed;
  for (let i = 0; i < 20; i++) {
    for (const member of names(0, 50)) log.info("member is active", { member });
    await clockwork.pass(5_000);
  }
  assert(lines.length < 20, `${lines.length} lines`);
});

Deno.test("while lines go on to come, sums are further and further apart, a minute at most", {
  permissions,
}, async () => {
  await using clockwork = createClockwork();
  const { summed, log, lines } = startLog();
  using _summed = summed;
  const sums = () => lines.slice(10).map((line) => JSON.parse(line.slice(line.indexOf("{"))).more);
  for (let i = 0; i < 200 * 20; i++) {
    log.warn("two groups expose one series", { group: `g${i}` });
    await clockwork.pass(50);
  }
  assert.deepEqual(sums().map((more) => Math.round(more / 20)), [1, 2, 4, 8, 16, 32, 60, 60]);
  await clockwork.pass(120_000);
  log.warn("two groups expose one series", { group: "later" });
  assert.match(lines.at(-1) ?? "", /later/, "a minute without any has passed since the last sum");
});

Deno.test(
  "phrases do not hide each other, nor levels, and what is held back is logged at the end",
  {
    permissions,
  },
  () => {
    const { summed, log, lines } = startLog();
    {
      using _summed = summed;
      for (const member of names(0, 11)) log.info("member is joining", { member });
      log.warn("member is suspect", { member: "m0:9091" });
      assert.match(lines.at(-1) ?? "", /suspect/);
      log.warn("member is joining");
      assert.equal(lines.length, 12);
    }
    assert.equal(lines.at(-1), 'info member is joining {"member":"m10:9091","more":1}');
  },
);
