/** A real Pushgateway on an address of its own. @module */

import { type Component, ensureComponents } from "./components.ts";
import type { Certificate } from "./certificates.ts";
import { httpsRequest } from "./https.ts";
import { freePort } from "./ports.ts";
import { startProcess } from "./process.ts";
import { request, type Server, startServer } from "./server.ts";

/** How to start it. */
export interface PushgatewayOptions {
  /** The program; found or fetched by default. */
  readonly component?: Component;
  /** Any of 127.0.0.0/8, so that several can share a port. 127.0.0.1 by default. */
  readonly hostname?: string;
  /** A free one by default. */
  readonly port?: number;
  /** Its `--web.route-prefix`, as `/pushgateway`. None by default. */
  readonly routePrefix?: string;
  /** It speaks TLS, as this `--web.config.file` says, and may ask for a client's certificate. */
  readonly tls?: { readonly configFile: string; readonly certificate?: Certificate };
  /** More flags, as `--web.enable-admin-api`. */
  readonly flags?: readonly string[];
  /** Where it keeps its groups over a graceful stop. Nowhere by default, as upstream. */
  readonly persistenceFile?: string;
}

/** A Pushgateway that keeps its address when it is killed and started again. */
export interface Pushgateway extends Server {
  readonly hostname: string;
  readonly port: number;
  /** `HOSTNAME:PORT`, the name of the member. */
  readonly address: string;
  /** `http://HOSTNAME:PORT`, or with `https`, and the route prefix. */
  readonly url: string;
  /** The labels of every group it holds, from its API, sorted. */
  groups(): Promise<Labels[]>;
  /** Deletes every group and waits until they are gone; needs the flag `--web.enable-admin-api`. */
  wipe(): Promise<void>;
}

/** A group's labels by name, the job among them. */
export type Labels = Readonly<Record<string, string>>;

const WIPE_READS_MAX = 500;

/**
 * Starts a Pushgateway and waits until it is healthy.
 *
 * @throws {Error} with its output when it does not come up
 */
export async function startPushgateway(options: PushgatewayOptions = {}): Promise<Pushgateway> {
  const component = options.component ?? (await ensureComponents(["pushgateway"])).pushgateway;
  const hostname = options.hostname ?? "127.0.0.1";
  const port = options.port ?? freePort(hostname);
  const address = `${hostname}:${port}`;
  const { routePrefix = "", tls } = options;
  const url = `${tls ? "https" : "http"}://${address}${routePrefix}`;
  const ask = (path: string, init: { method?: string; signal?: AbortSignal } = {}) =>
    tls ? httpsRequest(`${url}${path}`, { ...init, ...tls }) : request(`${url}${path}`, init);

  const launch = () =>
    startProcess(component.command, {
      name: `pushgateway ${address}`,
      args: [
        `--web.listen-address=${address}`,
        // Debian's build has a default of its own here.
        `--persistence.file=${options.persistenceFile ?? ""}`,
        ...(routePrefix ? [`--web.route-prefix=${routePrefix}`] : []),
        ...(tls ? [`--web.config.file=${tls.configFile}`] : []),
        ...options.flags ?? [],
      ],
      env: component.env,
      ready: async ({ signal }) => (await ask("/-/healthy", { signal })).status === 200,
    });
  const groups = async () => {
    const { status, text } = await ask("/api/v1/metrics");
    if (status === 200) return groupsOf(text);
    throw new Error(`${url}/api/v1/metrics: expected 200, found ${status}: ${text}`);
  };
  return {
    ...await startServer(launch),
    hostname,
    port,
    address,
    url,
    groups,
    wipe: async () => {
      const { status } = await ask("/api/v1/admin/wipe", { method: "PUT" });
      if (status !== 202) throw new Error(`wipe of ${address}: expected 202, found ${status}`);
      for (let reads = 0; (await groups()).length > 0; reads++) { // it wipes in the background
        if (reads === WIPE_READS_MAX) throw new Error(`${address} still has groups after its wipe`);
      }
    },
  };
}

function groupsOf(text: string): Labels[] {
  const { data } = JSON.parse(text) as { data: { labels: Labels }[] };
  const sorted = data.map(({ labels }) => Object.fromEntries(Object.entries(labels).sort()));
  return sorted.sort((a, b) => JSON.stringify(a) < JSON.stringify(b) ? -1 : 1);
}
