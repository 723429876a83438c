import assert from "node:assert/strict";
import { buildInfo } from "../../../src/build.ts";
import { CLIENT_KINDS } from "../../../src/http/push/client_kinds.ts";
import { createRedirectLog } from "../../../src/http/push/redirect_log.ts";
import { createMetrics } from "../../../src/metrics/metrics.ts";
import { samples } from "../../metrics/samples.ts";
import { recordLog } from "../../model/log.ts";
import { CLIENT } from "../messages.ts";

const permissions = "none";
const NAME = "redirects_total";

function startLog(isRedirectMode = true) {
  const lines: string[] = [];
  const metrics = createMetrics(buildInfo());
  const log = recordLog((line) => lines.push(line));
  const note = createRedirectLog({ log, metrics, isRedirectMode: () => isRedirectMode });
  const redirect = (agent?: string) =>
    note({ client: CLIENT, headers: agent === undefined ? [] : ["User-Agent", agent] });
  return { redirect, lines, metrics };
}

Deno.test("a client that may lose a redirected push is warned of once, with what to do", {
  permissions,
}, () => {
  const { redirect, lines } = startLog();
  for (let i = 0; i < 3; i++) redirect(`curl/8.2${i}.0`);
  redirect();
  redirect("");
  assert.deepEqual(lines, [
    `warn a redirected client may lose its pushes {"kind":"curl","user_agent":"curl/8.20.0",` +
    `"client":"${CLIENT}","remedy":"call curl with -L, or set mode: auto in the configuration"}`,
    `warn a redirected client may lose its pushes {"kind":"none","user_agent":"",` +
    `"client":"${CLIENT}","remedy":"set mode: auto in the configuration"}`,
  ]);
});

Deno.test("nobody is warned of a client that follows, that is not known, or that auto redirects", {
  permissions,
}, () => {
  const { redirect, lines } = startLog();
  for (const agent of ["Wget/1.21.3", "axios/1.21.1", "my-pusher/2"]) redirect(agent);
  const auto = startLog(false);
  auto.redirect("curl/8.20.0");
  assert.deepEqual([...lines, ...auto.lines], []);
});

Deno.test("a long User-Agent is cut in the log", { permissions }, () => {
  const { redirect, lines } = startLog();
  redirect(`curl/${"8".repeat(10_000)}`);
  assert(lines[0].length < 400, lines[0]);
});

Deno.test("redirects are counted by a kind of client, whatever clients call themselves", {
  permissions,
}, async () => {
  const { redirect, metrics } = startLog();
  const before = await samples(metrics, NAME);
  assert.equal(Object.keys(before).length, CLIENT_KINDS.length);
  assert(Object.values(before).every((value) => value === 0), "each is there before the first");
  redirect("curl/8.20.0");
  for (let i = 0; i < 100; i++) redirect(`pusher-${i}`);
  redirect();
  const after = await samples(metrics, NAME);
  assert.deepEqual(Object.keys(after), Object.keys(before), "no client makes a series");
  const counted = Object.entries(after).filter(([, value]) => value > 0);
  assert.deepEqual(counted.sort(), [
    ['{client="curl"}', 1],
    ['{client="none"}', 1],
    ['{client="other"}', 100],
  ]);
});
