import assert from "node:assert/strict";
import { createFailureLog } from "../../../src/http/push/failure_log.ts";
import { openLog } from "../../../src/log.ts";
import { parseMember } from "../../../src/member.ts";
import { buildInfo } from "../../../src/build.ts";
import { createMetrics } from "../../../src/metrics/metrics.ts";
import { consulPolicy, member, tell } from "../../membership/story.ts";
import { recordLog } from "../../model/log.ts";

Deno.test("every failure is counted, and each member and kind has a line in ten seconds", {
  permissions: "none",
}, async () => {
  const lines: string[] = [];
  const log = openLog({ level: "info", format: "logfmt", write: (line) => lines.push(line) });
  const metrics = createMetrics(buildInfo());
  let nowMs = 0;
  const failures = createFailureLog({ log, metrics, now: () => nowMs });
  const [a, b] = ["a:1", "b:2"].map((text) => parseMember(text));
  for (let i = 0; i < 5; i++) failures.tell(a, "refused", new Error("connection refused"));
  failures.tell(a, "timeout", new Error("no answer"));
  failures.tell(b, "refused", new Error("connection refused"));
  nowMs = 10_000;
  failures.tell(a, "refused", new Error("connection refused"));

  const told = lines.map((line) => line.replace(/^.*?level=/, "").trim());
  assert.deepEqual(told, [
    'warn logger=dynamic-sharding msg="push to a member failed" member=a:1 kind=refused why="connection refused"',
    'warn logger=dynamic-sharding msg="push to a member failed" member=a:1 kind=timeout why="no answer"',
    'warn logger=dynamic-sharding msg="push to a member failed" member=b:2 kind=refused why="connection refused"',
    'warn logger=dynamic-sharding msg="push to a member failed" member=a:1 kind=refused why="connection refused" unsaidBefore=4',
  ]);
  assert.deepEqual([failures.countOf(a), failures.countOf(b)], [7, 1]);
  const page = await metrics.render();
  assert.match(page, /upstream_failures_total\{member="a:1",kind="refused"\} 6/);
});

Deno.test("a member that is gone is forgotten: one of its name is told of anew", {
  permissions: "none",
}, () => {
  const lines: string[] = [];
  const failures = createFailureLog({
    log: recordLog((line) => lines.push(line)),
    metrics: createMetrics(buildInfo()),
    now: () => 0,
  });
  const fail = () => {
    for (const name of ["a", "b"]) failures.tell(member(name), "refused", new Error("refused"));
  };
  fail();
  fail();
  assert.equal(lines.length, 2);
  failures.membershipChanged(tell(["list a", "a ok"], consulPolicy()));
  fail();
  assert.equal(lines.length, 3);
  assert.match(lines[2], /"member":"b:9091"/);
  assert.doesNotMatch(lines[2], /unsaidBefore/);
});
