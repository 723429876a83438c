import assert from "node:assert/strict";
import { createFailureLog } from "../../../src/http/push/failure_log.ts";
import { buildInfo } from "../../../src/build.ts";
import { createMetrics } from "../../../src/metrics/metrics.ts";
import { consulPolicy, member, tell } from "../../membership/story.ts";
import { recordLog } from "../../model/log.ts";

const permissions = "none";
const [a, b] = [member("a"), member("b")];

function startLog() {
  const lines: string[] = [];
  const metrics = createMetrics(buildInfo());
  let nowMs = 0;
  const failures = createFailureLog({
    log: recordLog((line) => lines.push(line)),
    metrics,
    now: () => nowMs,
  });
  return { failures, lines, metrics, pass: (ms: number) => void (nowMs += ms) };
}

Deno.test("every failure is counted, and each kind of a member is logged once, until it is over", {
  permissions,
}, async () => {
  const { failures, lines, metrics, pass } = startLog();
  for (let i = 0; i < 5; i++) {
    failures.tell(a, "refused", new Error(`connection ${i} refused`));
    pass(10_000);
  }
  failures.tell(a, "timeout", new Error("no answer"));
  failures.tell(b, "refused", new Error("connection refused"));
  failures.works(a);
  failures.works(a);
  assert.deepEqual(lines, [
    'warn push to a member failed {"member":"a:9091","kind":"refused","err":"connection 0 refused"}',
    'warn push to a member failed {"member":"a:9091","kind":"timeout","err":"no answer"}',
    'warn push to a member failed {"member":"b:9091","kind":"refused","err":"connection refused"}',
    'info pushes to a member work again {"member":"a:9091","failures":6,"seconds":50}',
  ]);
  assert.deepEqual([failures.countOf(a), failures.countOf(b)], [6, 1]);
  const page = await metrics.render();
  assert.match(page, /upstream_failures_total\{member="a:9091",kind="refused"\} 5/);
});

Deno.test("a member to which every tenth push fails for an hour is not a line each time", {
  permissions,
}, () => {
  const { failures, lines, pass } = startLog();
  for (let i = 0; i < 3_600; i++) {
    if (i % 10 === 0) failures.tell(a, "timeout", new Error("no answer"));
    else failures.works(a);
    pass(1_000);
  }
  assert.equal(lines.length, 5);
  pass(300_000);
  failures.works(a);
  assert.match(lines[5], /^info pushes to a member work again .*"failures":358,"seconds":3570\}$/);
});

Deno.test("a member that is gone is forgotten: one of its name is logged anew", {
  permissions,
}, () => {
  const { failures, lines } = startLog();
  const fail = () => {
    for (const name of [a, b]) failures.tell(name, "refused", new Error("refused"));
  };
  fail();
  fail();
  assert.equal(lines.length, 2);
  failures.membershipChanged(tell(["list a", "a ok"], consulPolicy()));
  fail();
  assert.equal(lines.length, 3);
  assert.match(lines[2], /"member":"b:9091"/);
});
