/**
 * Two Prometheus servers that scrape each second, by the examples of the docs: one finds the members in
 * Consul, one asks our `/sd`.
 *
 * @module
 */

import { type Component, ensureComponents } from "../../tools/components.ts";
import type { ConsulAgent } from "../../tools/consul.ts";
import { type Prometheus, startPrometheus } from "../../tools/prometheus.ts";
import { waitFor } from "../../tools/wait.ts";
import { scrapeExample, type Way } from "../integration/scrape_example.ts";
import type { Service } from "../integration/service.ts";

/** One Prometheus. */
export interface Observer {
  readonly way: Way;
  readonly prometheus: Prometheus;
  /** Waits until it scrapes these members and no others. */
  waitForTargets(members: readonly string[]): Promise<void>;
  /**
   * Waits for a while until it has stored at least these values.
   *
   * @param expected by the `instance` label of the series
   * @returns what it has not, in words
   */
  unseen(name: string, expected: ReadonlyMap<string, number>): Promise<string[]>;
}

/** It gathers news of targets for 5 s, and asks for them each second. */
const TARGETS_MS_MAX = 30_000;
const SEEN_MS_MAX = 15_000;

/** Starts both. */
export async function startObservers(
  { consul, service }: { readonly consul: ConsulAgent; readonly service: Service },
  stack: AsyncDisposableStack,
): Promise<Observer[]> {
  const components = await ensureComponents(["prometheus", "prometheus-consul"]);
  const addresses = { service: new URL(service.url).host, consul: consul.address };
  const observeBy = async (way: Way, component: Component) => {
    const config = await scrapeExample(way, addresses, "1s");
    return await observe(way, { config, component }, stack);
  };
  return [
    await observeBy("Consul", components["prometheus-consul"]),
    await observeBy("/sd", components.prometheus),
  ];
}

async function observe(
  way: Way,
  options: Parameters<typeof startPrometheus>[0],
  stack: AsyncDisposableStack,
): Promise<Observer> {
  const prometheus = stack.use(await startPrometheus(options));
  return {
    way,
    prometheus,
    async waitForTargets(members) {
      const wanted = [...members].sort().join(" ");
      let found = "";
      await waitFor(async () => {
        const targets = await prometheus.targets();
        const addresses = targets.map(({ discoveredLabels }) => discoveredLabels.__address__);
        found = addresses.sort().join(" ");
        return found === wanted && targets.every(({ health }) => health === "up");
      }, { what: `Prometheus by ${way} to scrape ${wanted}`, msMax: TARGETS_MS_MAX, everyMs: 200 })
        .catch((error) => {
          throw new Error(`${error.message}, it scrapes ${found}`, { cause: error });
        });
    },
    async unseen(name, expected) {
      let missing: string[] = [];
      await waitFor(async () => {
        const samples = await prometheus.query(name);
        const values = new Map(samples.map(({ metric, value }) => [metric.instance, value]));
        missing = [...expected].flatMap(([group, value]) => {
          const found = values.get(group) ?? "none";
          return found !== "none" && found >= value ? [] : [`${group} ${value}, found ${found}`];
        });
        return missing.length === 0;
      }, { what: `all of ${name} to be seen`, msMax: SEEN_MS_MAX, everyMs: 500 }).catch(() => {});
      return missing;
    },
  };
}
