/** What `/etc/resolv.conf` says, as resolv.conf(5) has it: whom to ask, and for which names. Pure. @module */

import { isIP } from "node:net";
import type { Nameserver } from "../../config/sources.ts";

/** How names are looked up. */
export interface ResolverConfig {
  readonly nameservers: readonly Nameserver[];
  /** Domains that a short name may be in. */
  readonly search: readonly string[];
  /** A name of so many dots is tried as it is before it is looked for in those domains. */
  readonly ndots: number;
  /** For one server to answer. */
  readonly timeoutMs: number;
  /** How often all servers are asked. */
  readonly attempts: number;
}

const DNS_PORT = 53;
/** Those of the C library, upper bounds too. */
const DEFAULTS = { ndots: 1, timeout: 5, attempts: 2 };
const MAXIMA = { ndots: 15, timeout: 30, attempts: 5 };

/** Reads the text; what it does not know it leaves out, as the C library does. */
export function parseResolvConf(text: string): ResolverConfig {
  const nameservers: Nameserver[] = [];
  let search: string[] = [];
  const options = { ...DEFAULTS };
  for (const line of text.split("\n")) {
    const [keyword, ...values] = line.replace(/[#;].*/, "").trim().split(/\s+/);
    if (keyword === "nameserver" && isIP(values[0] ?? "")) {
      nameservers.push({ hostname: values[0], port: DNS_PORT });
    } else if (keyword === "search" || keyword === "domain") {
      search = values.map((domain) => domain.replace(/\.$/, "")).filter((domain) => domain !== "");
    } else if (keyword === "options") {
      for (const value of values) {
        const [, name, number] = /^(ndots|timeout|attempts):(\d+)$/.exec(value) ?? [];
        if (isOption(name)) options[name] = Math.min(Number(number), MAXIMA[name]);
      }
    }
  }
  if (nameservers.length === 0) nameservers.push({ hostname: "127.0.0.1", port: DNS_PORT });
  return resolverConfig(nameservers, { ...options, search });
}

/** How names are looked up with given servers, without a file: each name as it is. */
export function resolverConfig(
  nameservers: readonly Nameserver[],
  { search = [], ndots, timeout, attempts }: typeof DEFAULTS & { readonly search?: string[] } =
    DEFAULTS,
): ResolverConfig {
  return {
    nameservers,
    search,
    ndots,
    timeoutMs: Math.max(timeout, 1) * 1_000,
    attempts: Math.max(attempts, 1),
  };
}

function isOption(name: string | undefined): name is keyof typeof DEFAULTS {
  return name !== undefined && name in DEFAULTS;
}

/**
 * The names that a name may stand for, in the order in which they are tried. One with the dot of the
 * root at its end is whole.
 *
 * @example
 * ```ts
 * import { candidates } from "./resolv_conf.ts";
 * import assert from "node:assert/strict";
 *
 * const search = ["monitoring.svc.cluster.local", "svc.cluster.local"];
 * assert.deepEqual(candidates("pushgateway", { search, ndots: 5 }), [
 *   "pushgateway.monitoring.svc.cluster.local",
 *   "pushgateway.svc.cluster.local",
 *   "pushgateway",
 * ]);
 * assert.deepEqual(candidates("pushgateway.example.org.", { search, ndots: 5 }), [
 *   "pushgateway.example.org",
 * ]);
 * ```
 */
export function candidates(
  name: string,
  { search, ndots }: Pick<ResolverConfig, "search" | "ndots">,
): string[] {
  if (name.endsWith(".")) return [name.slice(0, -1)];
  const inDomains = search.map((domain) => `${name}.${domain}`);
  const dots = name.split(".").length - 1;
  return dots >= ndots ? [name, ...inDomains] : [...inDomains, name];
}
