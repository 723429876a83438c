/** What an operator reads of moves that fail. */

import assert from "node:assert/strict";
import { buildInfo } from "../../src/build.ts";
import { createReport } from "../../src/handoff/report.ts";
import { createMetrics } from "../../src/metrics/metrics.ts";
import { member } from "../membership/story.ts";
import { recordLog } from "../model/log.ts";

const permissions = "none";
const [a, b] = [member("a"), member("b")];

function startReport() {
  const lines: string[] = [];
  let nowMs = 0;
  const report = createReport({
    log: recordLog((line) => line.startsWith("debug") || lines.push(line)),
    metrics: createMetrics(buildInfo()).handoff,
    now: () => nowMs,
  });
  return { report, lines, pass: (ms: number) => void (nowMs += ms) };
}

Deno.test(
  "a group that cannot be copied for two reasons in turn is logged once for each, and at its end",
  {
    permissions,
  },
  () => {
    const { report, lines, pass } = startReport();
    for (let i = 0; i < 100; i++) {
      report.staysPut({ id: "job=x", from: a, to: b, reason: `family f${i % 2} differs` });
      report.compared();
      pass(5_000);
    }
    report.moved({ id: "job=x", from: [a], to: b, by: "push" });
    const line = (reason: string) =>
      "warn group cannot be copied exactly: it stays where it is " +
      `{"group":"job=x","member":"a:9091","owner":"b:9091","reason":"${reason}"}`;
    assert.deepEqual(lines, [
      line("family f0 differs"),
      line("family f1 differs"),
      'info group was copied or deleted after all {"group":"job=x","failures":100,"seconds":500}',
    ]);
  },
);

for (
  const [kind, fails, works, success] of [
    ["copy", "moving a group failed, trying again", "moving groups works again", "moved"],
    ["delete", "deleting a copy failed, trying again", "deleting copies works again", "stale"],
    ["lock", "taking a lock in Consul failed, trying again", "taking locks in Consul works again"],
  ] as const
) {
  Deno.test(`a ${kind} that fails for a thousand groups is logged once, and when it works again`, {
    permissions,
  }, () => {
    const { report, lines, pass } = startReport();
    for (let i = 0; i < 1_000; i++) report.failed(kind, new Error(`${b}: cannot push a group`));
    assert.deepEqual(lines, [`warn ${fails} {"err":"${b}: cannot push a group"}`]);
    report.failed(kind, new Error(`${b}: no such host`));
    assert.equal(lines.length, 2, "something else has to be done");
    pass(20_000);
    if (success === "moved") report.moved({ id: "job=x", from: [a], to: b, by: "drain" });
    else if (success === "stale") {
      report.staleRemoved({ id: "job=x", member: a, newer: b });
    } else pass(300_000);
    report.compared();
    const seconds = success ? 20 : 0;
    assert.deepEqual(lines.slice(2), [`info ${works} {"failures":1001,"seconds":${seconds}}`]);
  });
}
