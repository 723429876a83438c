/** A real VictoriaMetrics, or its vmagent, that scrapes by a configuration of the test's own. @module */

import { type Component, ensureComponents } from "./components.ts";
import { freePort } from "./ports.ts";
import { startProcess } from "./process.ts";
import { type Scraper, scraperAt } from "./prometheus.ts";
import { request, type Server, startServer, temporaryDirectory } from "./server.ts";

/** How to start it. */
export interface VictoriaMetricsOptions {
  /** What `-promscrape.config` names; it scrapes nothing by default. */
  readonly config?: string;
  /** The program; found or fetched by default. */
  readonly component?: Component;
  readonly flags?: readonly string[];
}

/** A VictoriaMetrics server. */
export interface VictoriaMetrics extends Server, Scraper {
  readonly url: string;
}

/** A vmagent. It stores nothing that can be asked for. */
export interface Vmagent extends Server, Pick<Scraper, "targets"> {}

/**
 * Starts a VictoriaMetrics and waits until it answers. What it has just stored can be asked for after a
 * second.
 *
 * @throws {Error} with its output when it does not come up, as for an unknown field in its configuration
 */
export async function startVictoriaMetrics(
  options: VictoriaMetricsOptions = {},
): Promise<VictoriaMetrics> {
  const component = options.component ??
    (await ensureComponents(["victoria-metrics"]))["victoria-metrics"];
  const { server, url } = await start(component, options, (directory) => [
    `-storageDataPath=${directory}/data`,
    "-search.latencyOffset=1s",
  ]);
  return { ...server, ...scraperAt(url), url };
}

/**
 * Starts a vmagent and waits until it answers.
 *
 * @param remoteWriteUrl where it sends all that it scrapes
 * @throws {Error} as {@linkcode startVictoriaMetrics} does
 */
export async function startVmagent(
  options: VictoriaMetricsOptions,
  remoteWriteUrl: string,
): Promise<Vmagent> {
  const component = options.component ?? (await ensureComponents(["vmagent"])).vmagent;
  const { server, url } = await start(component, options, (directory) => [
    `-remoteWrite.tmpDataPath=${directory}/queue`,
    `-remoteWrite.url=${remoteWriteUrl}`,
  ]);
  return { ...server, targets: scraperAt(url).targets };
}

async function start(
  component: Component,
  { config = "", flags = [] }: VictoriaMetricsOptions,
  ownFlags: (directory: string) => string[],
): Promise<{ server: Server; url: string }> {
  const address = `127.0.0.1:${freePort()}`;
  const url = `http://${address}`;
  const data = await temporaryDirectory(component.name);
  const configFile = `${data.path}/scrape.yml`;
  await Deno.writeTextFile(configFile, config);
  const launch = () =>
    startProcess(component.command, {
      args: [
        `-promscrape.config=${configFile}`,
        `-httpListenAddr=${address}`,
        ...ownFlags(data.path),
        ...flags,
      ],
      env: component.env,
      ready: async ({ signal }) => (await request(`${url}/health`, { signal })).status === 200,
    });
  return { server: await startServer(launch, data.remove), url };
}
