/** Reads `/etc/resolv.conf` (see resolv.conf(5)): which servers to ask, and for which names. Pure. @module */

import { isIP } from "node:net";
import type { Nameserver } from "../../config/sources.ts";

/** How names are looked up. */
export interface ResolverConfig {
  readonly nameservers: readonly Nameserver[];
  /** Domains that a short name may be in. */
  readonly search: readonly string[];
  /** A name with at least so many dots is tried as it is before the domains are. */
  readonly ndots: number;
  /** How long one server may take to answer. */
  readonly timeoutMs: number;
  /** How often all servers are asked. */
  readonly attempts: number;
}

const DNS_PORT = 53;
/** The defaults and the upper bounds of the C library. */
const DEFAULTS = { ndots: 1, timeout: 5, attempts: 2 };
const MAXIMA = { ndots: 15, timeout: 30, attempts: 5 };

/** Reads the text. Unknown options are ignored, as by the C library. */
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

/** Returns how names are looked up at given servers, without a file: each name as it is. */
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
 * Returns the names to try for a name, in their order. A name with a dot at its end is tried as it is.
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
