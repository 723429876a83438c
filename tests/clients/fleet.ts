/** Three real Pushgateways with the service in front of them, and who of them holds what. @module */

import assert from "node:assert/strict";
import { type Pushgateway, startPushgateway } from "../../tools/pushgateway.ts";
import { request } from "../../tools/server.ts";
import { type Service, startService } from "../integration/service.ts";
import { type Group, pathOf } from "./client.ts";

/** The pushed gauges of a group, by name. */
export type Gauges = Readonly<Record<string, string>>;

/** How a service answers pushes. */
export const MODES = ["redirect", "auto", "proxy"] as const;
export type Mode = (typeof MODES)[number];

/** The Pushgateways, and one service in front of them for each mode. Disposal stops them all. */
export interface Fleet extends AsyncDisposable {
  readonly services: Readonly<Record<Mode, Service>>;
  /** Puts a group with one gauge where it belongs, through nobody. */
  seed(group: Group, metric: string): Promise<void>;
  /** What each Pushgateway that has a group holds of it, once all that came before is applied. */
  holders(group: Group): Promise<Record<string, Gauges>>;
  /** All groups with all of their labels, and what each Pushgateway that has one holds of it. */
  groups(): Promise<HeldGroup[]>;
}

/** A group on a Pushgateway. */
export interface HeldGroup {
  readonly labels: Readonly<Record<string, string>>;
  readonly member: string;
  readonly gauges: Gauges;
}

const GATEWAYS = 3;
/** What a Pushgateway adds to a group by itself. */
const OWN_FAMILIES = ["push_time_seconds", "push_failure_time_seconds"];

/** Starts everything, and waits until each service has the whole ring. */
export async function startFleet(): Promise<Fleet> {
  await using stack = new AsyncDisposableStack();
  const gateways: Pushgateway[] = [];
  while (gateways.length < GATEWAYS) gateways.push(stack.use(await startPushgateway()));
  const members = gateways.map(({ address }) => address);
  const start = async (mode: Mode) => {
    const config = `mode: ${mode}\npushgateway: {servers: ${JSON.stringify(members)}}\n`;
    const service = stack.use(await startService({ config }));
    await service.waitForMembers(members);
    return service;
  };
  const services = {
    redirect: await start("redirect"),
    auto: await start("auto"),
    proxy: await start("proxy"),
  };
  const groups = async () => (await Promise.all(gateways.map(groupsOn))).flat();
  const owned = stack.move();
  return {
    services,
    async seed(group, metric) {
      const owner = await services.redirect.ownerOf(pathOf(group));
      await put(`http://${owner}${pathOf(group)}`, `${metric} 1\n`);
    },
    async holders({ job, instance }) {
      const held = (await groups()).filter(({ labels }) =>
        labels.job === job && labels.instance === instance
      );
      return Object.fromEntries(held.map(({ member, gauges }) => [member, gauges]));
    },
    groups,
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

/** What a Pushgateway holds, once all that came before is applied. */
export async function groupsOn(gateway: Pushgateway): Promise<HeldGroup[]> {
  // It applies pushes and deletions in the order they came: this one is answered after all of them.
  await put(`${gateway.url}${pathOf({ job: "barrier", instance: "a" })}`, "");
  const { text } = await request(`${gateway.url}/api/v1/metrics`);
  const { data } = JSON.parse(text) as {
    data: { readonly labels: Record<string, string>; readonly [family: string]: unknown }[];
  };
  return data.filter(({ labels }) => labels.job !== "barrier").map(({ labels, ...families }) => {
    const gauges: Record<string, string> = {};
    for (const [name, family] of Object.entries(families).sort()) {
      if (OWN_FAMILIES.includes(name) || typeof family !== "object" || !("metrics" in family!)) {
        continue;
      }
      // A group that is moved while a member cannot be read in time has a mark, which has no metrics.
      const [first] = family.metrics as { value: string }[];
      if (first) gauges[name] = first.value;
    }
    return { labels, member: gateway.address, gauges };
  });
}

async function put(url: string, body: string): Promise<void> {
  const { status, text } = await request(url, { method: "PUT", body });
  assert.equal(status, 200, text);
}
