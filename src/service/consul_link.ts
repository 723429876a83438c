/** The link to one Consul, which one or several successive configurations use. @module */

import type { ConsulConfig } from "../config/consul.ts";
import type { TlsFiles } from "../config/named_files.ts";
import { type ConsulClient, openConsul } from "../consul/client.ts";
import { type Announcements, createAnnouncements } from "../consul/announcements.ts";
import { lockPrefix, ringPrefix } from "../consul/keys.ts";
import { createLocks, type Locks } from "../consul/locks/locks.ts";
import type { Logger } from "../log.ts";
import type { Followed, Following } from "./followed.ts";

/** The client of Consul, and what depends on it. Disposal closes it. */
export interface ConsulLink extends Disposable {
  readonly client: ConsulClient;
  readonly locks: Locks;
  /** The announcements of the ring that each instance goes by. */
  readonly announcements: Announcements;
  readonly serviceName: string;
  /** Follows the files of `consul_server.tls_config`. */
  readonly followed: readonly Following[];
}

/**
 * Opens a link to Consul. Nothing is sent yet.
 *
 * @param deps.certificates the files of `consul_server.tls_config`. Absent if it names no files
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
 * Creates the locks and announcements of a client of Consul.
 *
 * @param client is closed with the link
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
