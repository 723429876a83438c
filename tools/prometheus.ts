/** A real Prometheus with a configuration of the test's own, and its answers. @module */

import { type Component, ensureComponents } from "./components.ts";
import { freePort } from "./ports.ts";
import { startProcess } from "./process.ts";
import { request, type Server, startServer, temporaryDirectory } from "./server.ts";

/** How to start it. */
export interface PrometheusOptions {
  /** The whole of `prometheus.yml`. */
  readonly config: string;
  /** The program: by default the component `prometheus`, which has http_sd but no consul_sd. */
  readonly component?: Component;
  /** Makes it an agent, which stores nothing that can be asked for. Before 3.0 it has another flag. */
  readonly agentFlag?: "--agent" | "--enable-feature=agent";
  /** A free one by default. */
  readonly port?: number;
  readonly flags?: readonly string[];
}

/** What any scraper with Prometheus's API answers. */
export interface Scraper {
  /** An instant query. */
  query(expression: string): Promise<Sample[]>;
  /** A range query, as a graph asks it. */
  range(expression: string, options: RangeOptions): Promise<Series[]>;
  /** The rules that it evaluates, and how that went. */
  rules(): Promise<Rule[]>;
  /** Every raw sample that it has stored of the selected series, without its stale markers. */
  history(selector: string): Promise<Series[]>;
  /** The targets it scrapes now. */
  targets(): Promise<Target[]>;
}

/** A Prometheus server. */
export interface Prometheus extends Server, Scraper {
  readonly address: string;
  readonly url: string;
  /** Replaces its configuration and has it read (by SIGHUP). */
  reload(config: string): Promise<void>;
}

/** One series of an instant query's answer. */
export interface Sample {
  readonly metric: Readonly<Record<string, string>>;
  readonly value: number;
}

/** The samples of one series in the order of their times. */
export interface Series {
  readonly metric: Readonly<Record<string, string>>;
  readonly samples: readonly { readonly unixMs: number; readonly value: number }[];
}

/** Of what time a range query tells. */
export interface RangeOptions {
  readonly startMs: number;
  readonly endMs: number;
  readonly stepSeconds: number;
}

/** A rule that Prometheus evaluates. */
export interface Rule {
  readonly name: string;
  readonly health: "ok" | "err" | "unknown";
  readonly lastError?: string;
}

/** A target that Prometheus scrapes. */
export interface Target {
  readonly scrapeUrl: string;
  readonly health: "up" | "down" | "unknown";
  readonly labels: Readonly<Record<string, string>>;
  readonly discoveredLabels: Readonly<Record<string, string>>;
  readonly lastError: string;
}

/** Longer than any test. */
const HISTORY = "1h";

/**
 * Starts a Prometheus and waits until it is ready. It scrapes nothing in its first 5 s: that is how
 * long it gathers what service discovery finds, and no flag changes it.
 *
 * @throws {Error} with its output when it does not come up, as for a bad configuration
 */
export async function startPrometheus(options: PrometheusOptions): Promise<Prometheus> {
  const component = options.component ?? (await ensureComponents(["prometheus"])).prometheus;
  const { agentFlag } = options;
  const address = `127.0.0.1:${options.port ?? freePort()}`;
  const url = `http://${address}`;
  const data = await temporaryDirectory("prometheus");
  const configFile = `${data.path}/prometheus.yml`;
  await Deno.writeTextFile(configFile, options.config);

  const launch = () =>
    startProcess(component.command, {
      name: "prometheus",
      args: [
        `--config.file=${configFile}`,
        ...(agentFlag
          ? [agentFlag, `--storage.agent.path=${data.path}/agent`]
          : [`--storage.tsdb.path=${data.path}/tsdb`]),
        `--web.listen-address=${address}`,
        ...options.flags ?? [],
      ],
      env: component.env,
      cwd: data.path,
      ready: async ({ signal }) => (await request(`${url}/-/ready`, { signal })).status === 200,
    });
  const server = await startServer(launch, data.remove);
  return {
    ...server,
    ...scraperAt(url),
    address,
    url,
    reload: async (config) => {
      await Deno.writeTextFile(configFile, config);
      server.kill("SIGHUP");
    },
  };
}

/** Asks the API at a URL. */
export function scraperAt(url: string): Scraper {
  return {
    query: async (expression) => {
      const path = `/api/v1/query?query=${encodeURIComponent(expression)}`;
      const { result } = await ask<{ result: RawSample[] }>(url, path);
      return result.map(({ metric, value }) => ({ metric, value: sampleValue(value[1]) }));
    },
    history: async (selector) => {
      const path = `/api/v1/query?query=${encodeURIComponent(`${selector}[${HISTORY}]`)}`;
      const { result } = await ask<{ result: RawSeries[] }>(url, path);
      return result.map(readSeries);
    },
    range: async (expression, { startMs, endMs, stepSeconds }) => {
      const path = `/api/v1/query_range?query=${encodeURIComponent(expression)}` +
        `&start=${startMs / 1_000}&end=${endMs / 1_000}&step=${stepSeconds}`;
      const { result } = await ask<{ result: RawSeries[] }>(url, path);
      return result.map(readSeries);
    },
    rules: async () => {
      const { groups } = await ask<{ groups: { rules: Rule[] }[] }>(url, "/api/v1/rules");
      return groups.flatMap(({ rules }) => rules);
    },
    targets: async () => {
      const path = "/api/v1/targets?state=active";
      return (await ask<{ activeTargets: Target[] }>(url, path)).activeTargets;
    },
  };
}

interface RawSample {
  readonly metric: Record<string, string>;
  readonly value: [time: number, text: string];
}

interface RawSeries {
  readonly metric: Record<string, string>;
  readonly values: readonly [time: number, text: string][];
}

function readSeries({ metric, values }: RawSeries): Series {
  const samples = values.map(([time, text]) => ({
    unixMs: Math.round(time * 1_000),
    value: sampleValue(text),
  }));
  return { metric, samples };
}

async function ask<T>(url: string, path: string): Promise<T> {
  const { status, text } = await request(`${url}${path}`);
  if (status !== 200) throw new Error(`${url}${path}: expected 200, found ${status}: ${text}`);
  return (JSON.parse(text) as { data: T }).data;
}

function sampleValue(text: string): number {
  return text === "+Inf" ? Infinity : text === "-Inf" ? -Infinity : Number(text);
}
