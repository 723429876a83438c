/** The configuration, as the rest of the program uses it. @module */

import type { NameScheme } from "../group/label_name.ts";
import type { Member } from "../member.ts";
import type { ConsulConfig } from "./consul.ts";
import type { DnsSdConfig, FileSdConfig } from "./sources.ts";
import type { UpstreamConfig } from "./upstream.ts";
import type { ListenAddress } from "./values.ts";

/** The complete configuration of the service, checked. */
export interface Config {
  readonly listen: ListenAddress;
  /** The members are those of Consul, and the servers are registered there. */
  readonly consul?: ConsulConfig;
  /** The members are from DNS. Then there are no servers. */
  readonly dnsSd?: DnsSdConfig;
  /** The members are the targets of files. Then there are no servers. */
  readonly fileSd?: FileSdConfig;
  /** The members, if none of these three is set. */
  readonly servers: readonly Member[];
  readonly nameScheme: NameScheme;
  readonly mode: Mode;
  /** Beginnings of User-Agents that `auto` redirects in addition to those that it knows. */
  readonly redirectUserAgents: readonly string[];
  readonly proxy: ProxyConfig;
  readonly handoff: HandoffConfig;
  readonly upstream: UpstreamConfig;
}

/** How a push is answered: with a redirect to its owner, by forwarding it, or depending on the client. */
export type Mode = "redirect" | "proxy" | "auto";

/** Limits for forwarded pushes. */
export interface ProxyConfig {
  /** A larger body is refused. */
  readonly bodyBytesMax: number;
  /** How long a client may take to send its body, and then the Pushgateway to answer. */
  readonly timeoutMs: number;
  /** The most bytes of all bodies in progress. Further pushes are refused. */
  readonly bodyMemoryMax: number;
  /** The most pushes that wait for one member's answer. Further pushes wait for their turn. */
  readonly inFlightMax: number;
}

/** Whether and how groups are moved to their owners. */
export interface HandoffConfig {
  readonly enabled: boolean;
  /** The time between two sweeps of all members if nothing changes. */
  readonly sweepIntervalMs: number;
  /** How long one member may take to answer with all of its groups. */
  readonly sweepTimeoutMs: number;
  /** The most bytes of groups' contents while groups are moved. */
  readonly memoryMax: number;
}
