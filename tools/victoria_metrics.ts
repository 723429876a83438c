/** A real VictoriaMetrics that scrapes by a configuration of the test's own. @module */

import { type Component, ensureComponents } from "./components.ts";
import { freePort } from "./ports.ts";
import { startProcess } from "./process.ts";
import { type Scraper, scraperAt } from "./prometheus.ts";
import { request, type Server, startServer, temporaryDirectory } from "./server.ts";

/** How to start it. */
export interface VictoriaMetricsOptions {
  /** What `-promscrape.config` names. */
  readonly config: string;
  /** The program; found or fetched by default. */
  readonly component?: Component;
  readonly flags?: readonly string[];
}

/**
 * Starts a VictoriaMetrics and waits until it answers. What it has just stored can be asked for after a
 * second.
 *
 * @throws {Error} with its output when it does not come up, as for an unknown field in its configuration
 */
export async function startVictoriaMetrics(
  options: VictoriaMetricsOptions,
): Promise<Server & Scraper> {
  const component = options.component ??
    (await ensureComponents(["victoria-metrics"]))["victoria-metrics"];
  const address = `127.0.0.1:${freePort()}`;
  const data = await temporaryDirectory("victoria-metrics");
  const configFile = `${data.path}/scrape.yml`;
  await Deno.writeTextFile(configFile, options.config);
  const launch = () =>
    startProcess(component.command, {
      args: [
        `-promscrape.config=${configFile}`,
        `-storageDataPath=${data.path}/data`,
        `-httpListenAddr=${address}`,
        "-search.latencyOffset=1s",
        ...options.flags ?? [],
      ],
      env: component.env,
      ready: async ({ signal }) =>
        (await request(`http://${address}/health`, { signal })).status === 200,
    });
  return { ...await startServer(launch, data.remove), ...scraperAt(`http://${address}`) };
}
