/** One configuration, and what is open while it is in force. @module */

import type { Deadlines } from "../concurrency/deadlines.ts";
import type { Config } from "../config/config.ts";
import type { ConsulConfig } from "../config/consul.ts";
import { together } from "../config/files.ts";
import { ConfigError, loadPlacedConfig, type PlacedConfig } from "../config/load.ts";
import { readTlsFiles, type TlsFiles, type TlsReading } from "../config/named_files.ts";
import { sharingConflict } from "../config/sharing.ts";
import { type LoadedWeb, loadWebConfig } from "../config/web_config.ts";
import { createBadEntries } from "../discovery/bad_entries.ts";
import { consulDiscovery } from "../discovery/consul.ts";
import type { Discovery } from "../discovery/discovery.ts";
import { dnsDiscovery } from "../discovery/dns.ts";
import { lookUp, readResolver } from "../discovery/dns/look_up.ts";
import { fileDiscovery } from "../discovery/file.ts";
import { staticDiscovery } from "../discovery/static.ts";
import { errorText, type Logger } from "../log.ts";
import { createTrouble, createTroubles } from "../log/trouble.ts";
import {
  openTransport,
  type Transport,
  type TransportLimits,
} from "../pushgateway/client/transport.ts";
import { type ConsulLink, openLink } from "./consul_link.ts";
import { createFollowed, type Followed, type Following } from "./followed.ts";
import { openWeb, type Web } from "./web.ts";

/** A configuration in force. Disposal closes what is its own. Its link to Consul may stay open. */
export interface Term extends Disposable {
  readonly config: Config;
  /** Absent: the members are those of DNS, of other files, or the servers of the file. */
  readonly consul?: ConsulTerm;
  /** For pushes. */
  readonly transport: Transport;
  /** For probes, which must not wait behind pushes. */
  readonly probeTransport: Transport;
  /** For the members' API and whole pages, whose answers are large. */
  readonly apiTransport: Transport;
  /** Absent if there is no web configuration file: plain HTTP, open to everybody. */
  readonly web?: Web;
  /** What follows the files of `web`, and those of `pushgateway.tls_config`. */
  readonly followed: readonly Following[];
}

/** Consul, as one configuration uses it. */
export interface ConsulTerm {
  readonly config: ConsulConfig;
  readonly link: ConsulLink;
}

/** What opening a configuration needs. */
export interface TermOptions {
  readonly configFile: string;
  /** The file of TLS, passwords and headers of our own port. */
  readonly webConfigFile?: string;
  /** Whether another process may listen on the same address. */
  readonly reusePort?: boolean;
  /** Reads an environment variable. */
  readonly env: (name: string) => string | undefined;
  readonly deadlines: Deadlines;
  readonly log: Logger;
}

const PROBE_LIMITS = { idleMax: 1, answers: { bytesMax: 65_536, beyond: "error" } } as const;
/** 100,000 groups of five series are 135 MB of JSON. */
const API_LIMITS = { idleMax: 16, answers: { bytesMax: 2 ** 30, beyond: "error" } } as const;
/** A Pushgateway answers a push with one line, and one more for each bad series. */
const PUSH_ANSWERS = { bytesMax: 1_048_576, beyond: "cut" } as const;

/**
 * Loads a configuration and opens what it needs. Nothing is sent yet.
 *
 * @param previous the term before it. Its link to Consul is kept if it is the same
 * @throws {ConfigError} if a file is wrong, or if its address cannot be shared with another process that may
 *   use it
 */
export async function openTerm(
  options: TermOptions,
  previous?: Term,
): Promise<Term> {
  const { webConfigFile: webFile, env, deadlines, log } = options;
  const [placed, loadedWeb] = await together(loadOwn(options), loadWeb(options));
  using stack = new DisposableStack();
  const web = webFile !== undefined && loadedWeb
    ? stack.use(openWeb(loadedWeb, { file: webFile, env, log }))
    : undefined;
  const { config } = placed;
  const { upstream, proxy } = config;
  const certificates = await openCertificates(placed, "pushgateway.tls_config", log);
  const open = (limits: Pick<TransportLimits, "idleMax" | "answers">) =>
    stack.use(openTransport(upstream, {
      ...limits,
      certificates: () => certificates?.current ?? {},
      deadlines,
    }));
  const transport = open({ idleMax: proxy.inFlightMax, answers: PUSH_ANSWERS });
  const probeTransport = open(PROBE_LIMITS);
  const apiTransport = open(API_LIMITS);
  const consul = await openConsulTerm(placed, log, previous?.consul);
  const opened = stack.move();
  return {
    config,
    ...(consul && { consul }),
    transport,
    probeTransport,
    apiTransport,
    ...(web && { web }),
    followed: [web, certificates].filter((one) => one !== undefined),
    [Symbol.dispose]: () => opened.dispose(),
  };
}

async function loadOwn(
  { configFile, reusePort = false, env }: TermOptions,
): Promise<PlacedConfig> {
  const placed = await loadPlacedConfig(configFile, env);
  const conflict = reusePort ? sharingConflict(placed.config) : undefined;
  if (conflict) throw new ConfigError([`${configFile}: ${conflict}`]);
  return placed;
}

async function loadWeb({ webConfigFile, env }: TermOptions): Promise<LoadedWeb | undefined> {
  return webConfigFile ? await loadWebConfig(webConfigFile, { env }) : undefined;
}

/**
 * Opens the files of a TLS section, if it names any.
 *
 * @throws {ConfigError} if they are wrong
 */
async function openCertificates(
  { config: { upstream, consul }, placeOf }: PlacedConfig,
  section: TlsReading["section"],
  log: Logger,
): Promise<Followed<TlsFiles> | undefined> {
  const tls = section === "pushgateway.tls_config" ? upstream.tls : consul?.tls;
  const file = tls?.certFile ?? tls?.caFile;
  if (!tls || !file) return undefined;
  const read = (before?: TlsFiles) =>
    readTlsFiles(tls, { section, placeOf, ...(before && { before }) });
  return createFollowed(await read(), {
    of: section,
    file,
    read,
    isSame: (a, b) => JSON.stringify(a) === JSON.stringify(b),
    log,
  });
}

async function openConsulTerm(
  placed: PlacedConfig,
  log: Logger,
  previous: ConsulTerm | undefined,
): Promise<ConsulTerm | undefined> {
  const { consul: config } = placed.config;
  if (!config) return undefined;
  if (previous && isSameLink(previous.config, config)) return { config, link: previous.link };
  const certificates = await openCertificates(placed, "consul_server.tls_config", log);
  return { config, link: openLink(config, { ...(certificates && { certificates }), log }) };
}

/** Whether two configurations use the same Consul, as the same client, for the same service. */
function isSameLink(a: ConsulConfig, b: ConsulConfig): boolean {
  const text = ({ check: _, ...rest }: ConsulConfig) => {
    const secrets = [rest.token, rest.basicAuth?.password]; // they all look the same as JSON
    return JSON.stringify([rest, secrets.map((secret) => secret?.reveal())]);
  };
  return text(a) === text(b);
}

/** Returns the discovery that a configuration learns its members from. */
export function discoveryOf(
  { config: { dnsSd, fileSd, servers }, consul }: Term,
  { random, log }: { readonly random: () => number; readonly log: Logger },
): Discovery {
  if (consul) {
    const { link: { client }, config: { serviceName: service } } = consul;
    const place = { consul: client.url, service };
    const losses = createTrouble();
    return consulDiscovery({
      consul: client,
      service,
      random,
      onBadEntries: createBadEntries({ log, place }),
      onDataLost() {
        losses.calm(); // the last loss no longer counts after five minutes
        if (!losses.isNews("lost")) return;
        log.warn(
          "Consul has lost data: members that answer stay, and are registered again",
          place,
        );
      },
    });
  }
  if (dnsSd) {
    const troubles = createTroubles();
    return dnsDiscovery({
      config: dnsSd,
      async lookUp(name, signal) {
        // The file may change, for example when a network comes up.
        const resolver = await readResolver(dnsSd.nameservers);
        return await lookUp({ name, type: dnsSd.type }, resolver, signal);
      },
      random,
      onRecords(name, err) {
        if (err === undefined) {
          const past = troubles.over(name);
          if (past) log.info("all DNS records are addresses of members again", { name, ...past });
        } else if (troubles.isNews(name, err)) {
          log.warn("DNS records are not addresses of members", { name, err });
        }
      },
    });
  }
  if (fileSd) {
    const troubles = createTroubles();
    return fileDiscovery({
      config: fileSd,
      random,
      onWatched(directory, failure) {
        if (failure === undefined) {
          const past = troubles.over(directory);
          if (past) log.info("watching a directory works again", { directory, ...past });
          return;
        }
        if (!troubles.isNews(directory, failure)) return;
        const err = errorText(failure);
        log.warn("watching a directory failed: its files are read at each refresh", {
          directory,
          err,
        });
      },
    });
  }
  return staticDiscovery(servers);
}

/** Returns the source of the members, as the log names it. */
export function sourceOf({ config: { dnsSd, fileSd }, consul }: Term, configFile: string): string {
  if (consul) return consul.link.client.url;
  return (dnsSd?.names ?? fileSd?.files ?? [configFile]).join(",");
}

/**
 * Whether what is known of the members holds for another configuration too. It does if both learn the members
 * from the same Consul, or neither from any Consul. Members that the next one does not list were removed.
 */
export function sameSource(a: ConsulConfig | undefined, b: ConsulConfig | undefined): boolean {
  const source = (consul: ConsulConfig | undefined) =>
    consul && [consul.scheme, consul.hostname, consul.port, consul.datacenter, consul.serviceName];
  return JSON.stringify(source(a)) === JSON.stringify(source(b));
}
