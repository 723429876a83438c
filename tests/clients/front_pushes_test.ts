/**
 * Every kind of push through every front, as docs/clients.md has it set, in every mode: it reaches
 * its owner whole, and once.
 *
 * @module
 */

import assert from "node:assert/strict";
import { ensureComponents } from "../../tools/components.ts";
import type { Service } from "../integration/service.ts";
import { pathOf } from "./client.ts";
import { MODES, startFleet } from "./fleet.ts";
import { preparePushKinds, pushThrough } from "./front_push.ts";
import { FRONT_NAMES, prepareFronts, startFront } from "./fronts.ts";

Deno.test("PUT, POST and DELETE with any kind of body arrive once", async (t) => {
  const components = await prepareFronts();
  const { curl } = await ensureComponents(["curl"]);
  await using bodies = await preparePushKinds();
  await using fleet = await startFleet();
  for (const name of FRONT_NAMES) {
    for (const mode of MODES) {
      await t.step(`through ${name} in mode ${mode}`, async () => {
        const service = fleet.services[mode];
        const upstream = new URL(service.url).host;
        await using front = await startFront(name, { component: components[name], upstream });
        const job = `${name}-${mode}`;
        const pushes = bodies.kinds.flatMap(({ methods, ...kind }, i) =>
          methods.map((method) => ({ ...kind, method, instance: `${method}-${i}` }))
        );
        const group = (instance: string) => ({ job, instance });
        await Promise.all(pushes.map(({ instance }) => fleet.seed(group(instance), "seed")));
        const before = await countAnswers(service);

        const found: Record<string, string> = {};
        const expected: Record<string, string> = {};
        const owners = new Map<string, string>();
        for (const { name, method, instance, args } of pushes) {
          const path = pathOf(group(instance));
          owners.set(instance, await service.ownerOf(path));
          const status = await pushThrough(front, { curl, method, path, args });
          found[`${method} with ${name}`] = status;
          expected[`${method} with ${name}`] = method === "DELETE" ? "202" : "200";
        }
        assert.deepEqual(found, expected);
        const after = await countAnswers(service);
        assert.equal(after.all - before.all, pushes.length, "the service is asked once");
        if (mode === "proxy") {
          const tooLarge = { curl, method: "PUT", path: pathOf(group("too-large")) } as const;
          assert.equal(await pushThrough(front, { ...tooLarge, args: bodies.tooLarge }), "413");
        }

        const held = (await fleet.groups()).filter(({ labels }) => labels.job === job);
        const wanted = pushes.filter(({ method }) => method !== "DELETE").map((push) => ({
          labels: group(push.instance),
          member: owners.get(push.instance),
          gauges: {
            ...(push.method === "POST" && { seed: "1" }),
            ...(push.brings && { pushed: "2" }),
          },
        }));
        const sorted = <G extends { labels: unknown }>(groups: G[]) =>
          groups.sort((a, b) => JSON.stringify(a.labels) < JSON.stringify(b.labels) ? -1 : 1);
        assert.deepEqual(sorted(held), sorted(wanted));
        if (front.ca === undefined) {
          const redirects = after.redirects - before.redirects;
          // What streams is redirected if the front has given it a length.
          const certain = pushes.filter(({ streams }) => !streams).length;
          const [min, max] = mode === "redirect" ? [certain, pushes.length] : [0, 0];
          assert(redirects >= min && redirects <= max, `${redirects} redirects`);
        }
      });
    }
  }
});

/** How many pushes a service has answered, and with a 307. */
async function countAnswers(service: Service): Promise<{ all: number; redirects: number }> {
  const { text } = await service.get("/metrics");
  const line =
    /^dynamic_sharding_http_requests_total\{method="(?:PUT|POST|DELETE)",code="(.+)"\} (\d+)$/gm;
  const count = { all: 0, redirects: 0 };
  for (const [, code, number] of text.matchAll(line)) {
    count.all += Number(number);
    if (code === "307") count.redirects += Number(number);
  }
  return count;
}
