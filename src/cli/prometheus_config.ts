/** `dynamic-sharding prometheus-config`: prints how to scrape pushed metrics. Changes nothing. @module */

import { stringify } from "yaml";
import { loadConfig } from "../config/load.ts";
import { type Scraping, scrapingOf, tlsOf } from "../config/scraping.ts";
import { type ListenAddress, showListenAddress } from "../config/values.ts";
import { scrapingView } from "../http/api/views.ts";
import { withoutUserInfo } from "../member.ts";
import { ask, type RunningService } from "./ask.ts";

/**
 * How a scraper finds pushed metrics: the Pushgateways by Consul or by `/sd`, or all metrics on `/pushed`.
 */
export type Way = "consul" | "http-sd" | "pushed";

/** What has to be scraped. */
export interface Setup {
  readonly scraping: Scraping;
  readonly service: RunningService;
  /** Its source, for errors. */
  readonly source: string;
}

/** Options of the configuration. */
export interface ScrapeConfigOptions {
  /** Absent: by Consul if it is configured, otherwise by `/sd`. */
  readonly way?: Way;
  /** Whether it is for VictoriaMetrics, which refuses unknown fields. */
  readonly vmagent: boolean;
}

/** Printed instead of each secret, as Prometheus does. */
const SECRET = "<secret>";
/** How soon a scraper learns of added and removed members. */
const REFRESH = "5s";
/** Host names that mean listening on all addresses. */
const EVERY_HOST = new Set(["", "0.0.0.0", "::"]);
const ABOUT: Readonly<Record<Way, string>> = {
  consul: "The Pushgateways, as Consul lists them.",
  "http-sd": "The Pushgateways, as dynamic-sharding lists them.",
  pushed: "The groups of all Pushgateways as one page. Scrape it from only one instance.",
};
/** The flags of VictoriaMetrics for Prometheus's `refresh_interval`. */
const VMAGENT_FLAG: Readonly<Partial<Record<Way, string>>> = {
  consul: "-promscrape.consulSDCheckInterval",
  "http-sd": "-promscrape.httpSDCheckInterval",
};

/**
 * Asks a running service for its configuration.
 *
 * @throws {Error} if it does not answer
 */
export async function setupOfService(service: RunningService): Promise<Setup> {
  const scraping = await ask(service, { path: "/api/v1/scraping", data: scrapingView });
  return { scraping, service, source: withoutUserInfo(service.url) };
}

/**
 * Reads a configuration file. A service that listens on all addresses is called `localhost`.
 *
 * @throws {ConfigError} if the file is invalid
 */
export async function setupOfFile(
  file: string,
  env: (name: string) => string | undefined,
): Promise<Setup> {
  const config = await loadConfig(file, env, () => {});
  return { scraping: scrapingOf(config), service: { url: urlAt(config.listen) }, source: file };
}

function urlAt({ hostname, port }: ListenAddress): string {
  const host = EVERY_HOST.has(hostname) ? "localhost" : hostname;
  return `http://${showListenAddress({ hostname: host, port })}`;
}

/**
 * Renders a scrape configuration, without secrets: of the Pushgateways, and of dynamic-sharding itself.
 *
 * @throws {TypeError} if it should use Consul, and Consul is not configured
 */
export function renderScrapeConfig(
  { scraping, service: running, source }: Setup,
  { way = scraping.consul ? "consul" : "http-sd", vmagent }: ScrapeConfigOptions,
): string {
  if (way === "consul" && !scraping.consul) {
    throw new TypeError(
      `--consul: expected consul_server in the configuration of ${source}, found none`,
    );
  }
  const service = serviceAt(running);
  const refresh = vmagent ? {} : { refresh_interval: REFRESH };
  const pushgateway = {
    job_name: "pushgateway",
    honor_labels: true, // pushed metrics have their own job and instance
    ...jobOf(way, { scraping, service, refresh }),
  };
  const own = { job_name: "dynamic-sharding", ...service.way("/metrics"), ...service.targets };
  const yaml = stringify({ scrape_configs: [pushgateway, own] }, {
    version: "1.1", // both read it, and it quotes more words
    lineWidth: 0,
    aliasDuplicateObjects: false,
  });
  const flag = vmagent && VMAGENT_FLAG[way];
  const notes = [
    ABOUT[way],
    "Addresses and file names are those on the host of dynamic-sharding.",
    ...(yaml.includes(SECRET) ? [`Write each secret in the place of its ${SECRET}.`] : []),
    ...(flag
      ? [`Start vmagent with ${flag}=${REFRESH}: by default it takes longer to see changes.`]
      : []),
  ];
  return `${notes.map((note) => `# ${note}\n`).join("")}${yaml}`;
}

interface JobParts {
  readonly scraping: Scraping;
  readonly service: ServiceKeys;
  readonly refresh: { readonly refresh_interval?: string };
}

/** Returns the keys of a job that say what it scrapes, and how. */
function jobOf(way: Way, { scraping, service, refresh }: JobParts): object {
  const { scheme, metrics_path, tls_config, basic_auth, consul } = scraping;
  const members = {
    ...(tls_config && { tls_config }),
    ...(basic_auth && { basic_auth: { ...basic_auth, password: SECRET } }),
  };
  switch (way) {
    case "consul":
      return {
        ...(scheme !== "http" && { scheme }),
        ...(metrics_path !== "/metrics" && { metrics_path }),
        ...members,
        consul_sd_configs: consul && [{ ...consulKeys(consul), ...refresh }],
        // Consul also lists dead members, whose last values would stay for a while.
        relabel_configs: [
          { source_labels: ["__meta_consul_health"], regex: "passing", action: "keep" },
        ],
      };
    case "http-sd": // its answer has scheme and path
      return {
        ...members,
        http_sd_configs: [{ url: `${service.url}/sd`, ...service.auth, ...refresh }],
      };
    case "pushed":
      return { ...service.way("/pushed"), ...service.targets };
    default:
      return way satisfies never;
  }
}

function consulKeys(consul: NonNullable<Scraping["consul"]>): object {
  const { server, scheme, service, needs_token, username, ...rest } = consul;
  return {
    server,
    ...(scheme !== "http" && { scheme }),
    ...rest,
    ...(needs_token && { token: SECRET }),
    ...(username && { username, password: SECRET }),
    services: [service],
  };
}

/** The service in the keys of a job. */
interface ServiceKeys {
  readonly url: string;
  /** The keys for authentication and TLS. */
  readonly auth: { readonly basic_auth?: object; readonly tls_config?: object };
  readonly targets: { readonly static_configs: readonly object[] };
  /** Returns the keys to scrape one of its pages. */
  way(page: string): object;
}

/** Returns the keys of a service, without its password. A password file is named. */
function serviceAt({ url, http }: RunningService): ServiceKeys {
  const { protocol, host, pathname, username: encoded } = new URL(url);
  const path = pathname.replace(/\/$/, "");
  const username = http?.basicAuth?.user ?? decodeURIComponent(encoded);
  const { passwordFile } = http?.basicAuth ?? {};
  const password = passwordFile ? { password_file: passwordFile } : { password: SECRET };
  const auth = {
    ...(protocol === "https:" && tlsOf(http?.tls)),
    ...(username && { basic_auth: { username, ...password } }),
  };
  return {
    url: `${protocol}//${host}${path}`,
    auth,
    targets: { static_configs: [{ targets: [host] }] },
    way: (page) => ({
      ...(protocol !== "http:" && { scheme: protocol.slice(0, -1) }),
      ...(`${path}${page}` !== "/metrics" && { metrics_path: `${path}${page}` }),
      ...auth,
    }),
  };
}
