/**
 * The spellings of paths through every front, as docs/clients.md has it set: a push is in the group
 * that it would be in without the front, or refused as it would be.
 *
 * @module
 */

import assert from "node:assert/strict";
import { ensureComponents } from "../../tools/components.ts";
import { startFleet } from "./fleet.ts";
import { pushThrough } from "./front_push.ts";
import { FRONT_NAMES, prepareFronts, startFront } from "./fronts.ts";

/** Each behind a job of its own. */
const TAILS = [
  "/instance/a",
  "/instance/a?x=%2f&y",
  "/instance@base64/L3Zhci90bXA",
  "/instance@base64/L3Zhci90bXA=",
  "/instance@base64/=",
  "/instance%40base64/L3Zhci90bXA",
  "/instance/%C3%A9t%c3%a9",
  "/instance/été",
  "/instance/a%20b+c%2Bd",
  "/instance/100%25",
  "/instance/%2541",
  "/instance/%61%7E",
  "/instance/a%3Fb%23c%3Bd",
  "/instance/%22%3C%3E%5C%5E%60%7B%7C%7D",
  "/instance/[::1]:80",
  "/instance/%5B%3A%3A1%5D",
  "/instance/a;b,c!$&'()*+,=:@-._~",
  "/instance/a%2Fdir/b",
  "/dir/%2Ftmp",
  "/dir//tmp",
  "//instance/a",
  "/instance/a//",
  "/instance/a/./b/..",
  "/instance/..",
  "/instance/",
  "/",
];

Deno.test("a push is in the group that its path names", async (t) => {
  const components = await prepareFronts();
  const { curl } = await ensureComponents(["curl"]);
  await using fleet = await startFleet();
  const address = new URL(fleet.services.proxy.url).host;
  const paths = [
    ...TAILS.map((tail, i) => `/metrics/job/tail${i}${tail}`),
    "/metrics/job@base64/YS9i/instance/a",
    "//metrics/job/doubled",
    "/metrics//job/doubled",
    "/./metrics/x/../job/dotted",
    "/METRICS/JOB/capitals",
  ];
  /** Pushes a gauge by each path, and returns the statuses and the groups that have it. */
  async function pushAll(to: { readonly address: string; readonly ca?: string }, gauge: string) {
    const args = ["--data-binary", `# TYPE ${gauge} gauge\n${gauge} 1\n`];
    const statuses: string[] = [];
    for (const path of paths) {
      const status = await pushThrough(to, { curl, method: "POST", path, args });
      statuses.push(`${status} ${path}`);
    }
    const groups = (await fleet.groups()).filter(({ gauges }) => gauge in gauges)
      .map(({ labels, member }) => `${JSON.stringify(labels)} on ${member}`).sort();
    return { statuses, groups };
  }
  const direct = await pushAll({ address }, "direct");
  for (const name of FRONT_NAMES) {
    await t.step(`through ${name}`, async () => {
      const upstream = address;
      await using front = await startFront(name, { component: components[name], upstream });
      assert.deepEqual(await pushAll(front, name.replace("-", "_")), direct);
    });
  }
});
