/**
 * A digest of the settings that the instances of one fleet share. Pure, but for the digest itself.
 *
 * @module
 */

import { createHash } from "node:crypto";
import type { Config } from "./config.ts";

const DIGITS = 8;

/**
 * Returns a digest of a configuration, which is the same for instances that treat groups and members alike.
 * The listen address and the settings for the Consul agent are left out, because each instance may have its
 * own. Secrets and the names of key and certificate files are left out as well.
 */
export function configHash({ listen: _, consul, ...rest }: Config): string {
  const shared = { ...rest, ...(consul && { service: consul.serviceName }) };
  return createHash("sha256").update(JSON.stringify(sorted(shared))).digest("hex").slice(0, DIGITS);
}

/** Sorts the keys of maps, because their order is that of the file. */
function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (value === null || typeof value !== "object") return value;
  if ("toJSON" in value) return value;
  const own = Object.entries(value).filter(([key]) => !key.endsWith("File"));
  const entries = own.map(([key, inner]) => [key, sorted(inner)] as const);
  return Object.fromEntries(entries.sort(([a], [b]) => a < b ? -1 : 1));
}
