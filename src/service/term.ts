/** One configuration, and what is open for as long as it holds. @module */

import type { Config } from "../config/config.ts";
import type { ConsulConfig } from "../config/consul.ts";
import { loadConfig } from "../config/load.ts";
import { type ConsulClient, openConsul } from "../consul/client.ts";
import { lockPrefix } from "../consul/keys.ts";
import { createLocks, type Locks } from "../consul/locks/locks.ts";
import type { Deadlines } from "../concurrency/deadlines.ts";
import { consulDiscovery } from "../discovery/consul.ts";
import type { Discovery } from "../discovery/discovery.ts";
import { staticDiscovery } from "../discovery/static.ts";
import { errorText, type Logger } from "../log.ts";
import { openTransport, type Transport } from "../pushgateway/client/transport.ts";

/** A configuration in force. */
export interface Term extends Disposable {
  readonly config: Config;
  /** Absent: the servers of the file are the members. */
  readonly consul?: ConsulTerm;
  /** For pushes. */
  readonly transport: Transport;
  /** For probes, which must not wait behind pushes. */
  readonly probeTransport: Transport;
  /** For the members' API and whole pages, whose answers are large. */
  readonly apiTransport: Transport;
}

/** Consul, as one configuration has it. */
export interface ConsulTerm {
  readonly config: ConsulConfig;
  readonly client: ConsulClient;
  readonly locks: Locks;
}

/** What opening one takes. */
export interface TermOptions {
  readonly configFile: string;
  /** Reads an environment variable. */
  readonly env: (name: string) => string | undefined;
  readonly deadlines: Deadlines;
  readonly log: Logger;
}

const PROBE_LIMITS = { idleMax: 1, answerBytesMax: 65_536 };
/** 100,000 groups of five series are 135 MB of JSON. */
const API_LIMITS = { idleMax: 4, answerBytesMax: 2 ** 30 };
/** What a Pushgateway answers to a push is a line. */
const PUSH_ANSWER_BYTES_MAX = 1_048_576;

/**
 * Loads a configuration and opens what it needs; nothing is sent yet.
 *
 * @throws {ConfigError} where the file is wrong
 */
export async function openTerm({ configFile, env, deadlines, log }: TermOptions): Promise<Term> {
  const config = await loadConfig(configFile, env);
  const { upstream, proxy } = config;
  const pushLimits = { idleMax: proxy.inFlightMax, answerBytesMax: PUSH_ANSWER_BYTES_MAX };
  const open = (limits: typeof pushLimits) => openTransport(upstream, { ...limits, deadlines });
  using stack = new DisposableStack();
  const client = config.consul && stack.use(await openConsul(config.consul));
  const transport = stack.use(await open(pushLimits));
  const probeTransport = stack.use(await open(PROBE_LIMITS));
  const apiTransport = stack.use(await open(API_LIMITS));
  const opened = stack.move();
  return {
    config,
    ...(config.consul && client && { consul: openLocks(config.consul, client, log) }),
    transport,
    probeTransport,
    apiTransport,
    [Symbol.dispose]: () => opened.dispose(),
  };
}

function openLocks(config: ConsulConfig, client: ConsulClient, log: Logger): ConsulTerm {
  const prefix = lockPrefix(config.serviceName);
  const locks = createLocks({ consul: client, prefix, random: Math.random, log });
  return { config, client, locks };
}

/** Where a configuration learns its members from. */
export function discoveryOf({ config, consul }: Term, log: Logger): Discovery {
  if (!consul) return staticDiscovery(config.servers);
  return consulDiscovery({
    consul: consul.client,
    service: consul.config.serviceName,
    random: Math.random,
    onBadEntry: (id, cause) =>
      log.warn("instance in Consul cannot be a member", { id, err: errorText(cause) }),
  });
}

/** Whether two configurations learn their members from the same place. */
export function sameSource(a: ConsulConfig | undefined, b: ConsulConfig | undefined): boolean {
  const source = (consul: ConsulConfig | undefined) =>
    consul && [consul.scheme, consul.hostname, consul.port, consul.datacenter, consul.serviceName];
  return JSON.stringify(source(a)) === JSON.stringify(source(b));
}
