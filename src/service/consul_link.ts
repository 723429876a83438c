/** A Consul, as one or several configurations after each other use it. @module */

import type { ConsulConfig } from "../config/consul.ts";
import type { TlsFiles } from "../config/named_files.ts";
import { type ConsulClient, openConsul } from "../consul/client.ts";
import { type Announcements, createAnnouncements } from "../consul/announcements.ts";
import { lockPrefix, ringPrefix } from "../consul/keys.ts";
import { createLocks, type Locks } from "../consul/locks/locks.ts";
import type { Logger } from "../log.ts";

/** The way to Consul, and what hangs on it. Disposal closes it. */
export interface ConsulLink extends Disposable {
  readonly client: ConsulClient;
  readonly locks: Locks;
  /** Which ring each instance goes by. */
  readonly announcements: Announcements;
  readonly serviceName: string;
}

/**
 * Opens the way to a Consul; nothing is sent yet.
 *
 * @param certificates what the files of `tls_config` hold
 */
export function openLink(
  config: ConsulConfig,
  certificates: () => TlsFiles,
  log: Logger,
): ConsulLink {
  const client = openConsul(config, certificates);
  return linkThrough(client, config.serviceName, { random: Math.random, log });
}

/**
 * Hangs locks and announcements on the way to a Consul.
 *
 * @param client closed with the link
 */
export function linkThrough(
  client: ConsulClient,
  serviceName: string,
  { random, log }: { readonly random: () => number; readonly log: Logger },
): ConsulLink {
  const prefix = lockPrefix(serviceName);
  const locks = createLocks({ consul: client, prefix, random, log });
  const announcements = createAnnouncements({
    consul: client,
    sessions: locks.sessions,
    prefix: ringPrefix(serviceName),
    random,
  });
  return {
    client,
    locks,
    announcements,
    serviceName,
    [Symbol.dispose]: () => client[Symbol.dispose](),
  };
}
