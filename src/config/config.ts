/** The configuration as everything else knows it. @module */

import type { NameScheme } from "../group/label_name.ts";
import type { Member } from "../member.ts";
import type { ConsulConfig } from "./consul.ts";
import type { DnsSdConfig, FileSdConfig } from "./sources.ts";
import type { UpstreamConfig } from "./upstream.ts";
import type { ListenAddress } from "./values.ts";

/** The service's whole configuration, checked. */
export interface Config {
  readonly listen: ListenAddress;
  /** The members are those of Consul, and the servers are registered there. */
  readonly consul?: ConsulConfig;
  /** The members are those of DNS; there are no servers then. */
  readonly dnsSd?: DnsSdConfig;
  /** The members are the targets of files; there are no servers then. */
  readonly fileSd?: FileSdConfig;
  /** Without any of these three they are the members. */
  readonly servers: readonly Member[];
  readonly nameScheme: NameScheme;
  readonly mode: Mode;
  /** Beginnings of the User-Agents that `auto` redirects beside those that it knows. */
  readonly redirectUserAgents: readonly string[];
  readonly proxy: ProxyConfig;
  readonly handoff: HandoffConfig;
  readonly upstream: UpstreamConfig;
}

/** How a push is answered: by a redirect to its owner, by passing it on, or as the client needs it. */
export type Mode = "redirect" | "proxy" | "auto";

/** Limits of what is passed on. */
export interface ProxyConfig {
  /** A larger body is refused. */
  readonly bodyBytesMax: number;
  /** For a client to send its body, and again for the Pushgateway to answer. */
  readonly timeoutMs: number;
  /** Bytes of all bodies that are under way; more are refused. */
  readonly bodyMemoryMax: number;
  /** Pushes that wait for one member's answer at once; more wait for their turn. */
  readonly inFlightMax: number;
}

/** Whether and how groups are brought to their owners. */
export interface HandoffConfig {
  readonly enabled: boolean;
  /** Between two sweeps of all members where nothing changes. */
  readonly sweepIntervalMs: number;
  /** For one member to answer with all of its groups. */
  readonly sweepTimeoutMs: number;
  /** Bytes that the contents of groups may take while they are moved. */
  readonly memoryMax: number;
}
