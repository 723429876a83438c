/** The scrapers that are run, each in several versions, and how one is started. @module */

import { type ComponentName, ensureComponents } from "../../tools/components.ts";
import { type Scraper, startPrometheus } from "../../tools/prometheus.ts";
import { startVictoriaMetrics, startVmagent } from "../../tools/victoria_metrics.ts";
import {
  REFRESH_INTERVAL,
  remoteWriteExample,
  type Way,
  withoutRefresh,
} from "../integration/scrape_example.ts";

/** One version of a scraper. */
export interface Build {
  readonly name: string;
  /** What it is built for, or old enough to lack. */
  readonly ways: readonly Way[];
  /** Starts it with a scrape configuration for Prometheus. */
  start(config: string): Promise<RunningScraper>;
}

/** A scraper at work, with what it has stored; an agent's are what it has sent. Disposal stops it. */
export type RunningScraper = Pick<Scraper, "query" | "history" | "targets"> & AsyncDisposable;

const EVERY_WAY = ["/sd", "Consul", "/pushed"] as const;
const WITHOUT_CONSUL = ["/sd", "/pushed"] as const;

/** Versions of Prometheus. Debian's builds have no consul_sd from 2.42 on. */
export const PROMETHEUS: readonly Build[] = [
  prometheus("Prometheus 2.24", "prometheus-consul", ["Consul", "/pushed"]),
  prometheus("Prometheus 2.42", "prometheus-2.42", WITHOUT_CONSUL),
  prometheus("Prometheus 2.53", "prometheus-2.53", WITHOUT_CONSUL),
  prometheus("Prometheus 3.5", "prometheus", WITHOUT_CONSUL),
  prometheusAgent("Prometheus 2.42, agent", "prometheus-2.42", "--enable-feature=agent"),
  prometheusAgent("Prometheus 3.5, agent", "prometheus", "--agent"),
];

/** Versions of VictoriaMetrics, and its agent. */
export const VICTORIA_METRICS: readonly Build[] = [
  victoriaMetrics("VictoriaMetrics 1.79", "victoria-metrics-1.79"),
  victoriaMetrics("VictoriaMetrics 1.112", "victoria-metrics-1.112"),
  victoriaMetrics("VictoriaMetrics 1.145", "victoria-metrics"),
  vmagent("vmagent 1.145", "vmagent"),
];

function prometheus(name: string, componentName: ComponentName, ways: readonly Way[]): Build {
  return {
    name,
    ways,
    async start(config) {
      const { [componentName]: component } = await ensureComponents([componentName]);
      return await startPrometheus({ config, component });
    },
  };
}

/** It writes to a VictoriaMetrics, which keeps also what comes twice. */
function prometheusAgent(
  name: string,
  componentName: ComponentName,
  agentFlag: "--agent" | "--enable-feature=agent",
): Build {
  return {
    name,
    ways: WITHOUT_CONSUL,
    async start(config) {
      const { [componentName]: component } = await ensureComponents([componentName]);
      await using stack = new AsyncDisposableStack();
      const receiver = stack.use(await startVictoriaMetrics());
      const sends = await remoteWriteExample(new URL(receiver.url).host);
      const agent = stack.use(
        await startPrometheus({ config: `${config}${sends}`, component, agentFlag }),
      );
      return joined(agent, receiver, stack.move());
    },
  };
}

function victoriaMetrics(name: string, componentName: ComponentName): Build {
  return {
    name,
    ways: EVERY_WAY,
    async start(config) {
      const { [componentName]: component } = await ensureComponents([componentName]);
      return await startVictoriaMetrics({ component, ...forVictoriaMetrics(config) });
    },
  };
}

/** It writes to a Prometheus. */
function vmagent(name: string, componentName: ComponentName): Build {
  return {
    name,
    ways: EVERY_WAY,
    async start(config) {
      const { [componentName]: component } = await ensureComponents([componentName]);
      await using stack = new AsyncDisposableStack();
      const receiver = stack.use(
        await startPrometheus({ config: "", flags: ["--web.enable-remote-write-receiver"] }),
      );
      const own = { component, ...forVictoriaMetrics(config) };
      const agent = stack.use(await startVmagent(own, `${receiver.url}/api/v1/write`));
      return joined(agent, receiver, stack.move());
    },
  };
}

/** Where Prometheus has a `refresh_interval` VictoriaMetrics has flags; it refuses the key. */
function forVictoriaMetrics(config: string) {
  const [, refresh] = REFRESH_INTERVAL.exec(config) ?? [];
  const flags = refresh === undefined ? [] : [
    `-promscrape.httpSDCheckInterval=${refresh}`,
    `-promscrape.consulSDCheckInterval=${refresh}`,
  ];
  return { config: withoutRefresh(config), flags };
}

function joined(
  agent: Pick<Scraper, "targets">,
  receiver: Scraper,
  stack: AsyncDisposableStack,
): RunningScraper {
  return {
    targets: agent.targets,
    query: receiver.query,
    history: receiver.history,
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  };
}
