/** A Consul, as one or several configurations after each other use it. @module */

import type { ConsulConfig } from "../config/consul.ts";
import type { TlsFiles } from "../config/named_files.ts";
import { type ConsulClient, openConsul } from "../consul/client.ts";
import { type Announcements, createAnnouncements } from "../consul/announcements.ts";
import { lockPrefix, ringPrefix } from "../consul/keys.ts";
import { createLocks, type Locks } from "../consul/locks/locks.ts";
import type { Logger } from "../log.ts";
import type { Followed, Following } from "./followed.ts";

/** The way to Consul, and what hangs on it. Disposal closes it. */
export interface ConsulLink extends Disposable {
  readonly client: ConsulClient;
  readonly locks: Locks;
  /** Which ring each instance goes by. */
  readonly announcements: Announcements;
  readonly serviceName: string;
  /** Follows the files of `consul_server.tls_config`. */
  readonly followed: readonly Following[];
}

/**
 * Opens the way to a Consul; nothing is sent yet.
 *
 * @param deps.certificates of `consul_server.tls_config`; absent where it names no files
 */
export function openLink(
  config: ConsulConfig,
  { certificates, log }: { readonly certificates?: Followed<TlsFiles>; readonly log: Logger },
): ConsulLink {
  const client = openConsul(config, () => certificates?.current ?? {});
  const link = linkThrough(client, config.serviceName, { random: Math.random, log });
  return { ...link, followed: certificates ? [certificates] : [] };
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
    followed: [],
    [Symbol.dispose]: () => client[Symbol.dispose](),
  };
}
