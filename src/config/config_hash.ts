/** A digest of what instances of one fleet have in common. Pure, but for the digest itself. @module */

import { createHash } from "node:crypto";
import type { Config } from "./config.ts";

const DIGITS = 8;

/**
 * Returns a digest of a configuration, which is the same for instances that treat groups and members alike.
 * Where an instance listens, and how it reaches its own Consul agent, is left out: each may have its own.
 * Secrets and the names of key and certificate files are left out as well.
 */
export function configHash({ listen: _, consul, ...rest }: Config): string {
  const shared = { ...rest, ...(consul && { service: consul.serviceName }) };
  return createHash("sha256").update(JSON.stringify(sorted(shared))).digest("hex").slice(0, DIGITS);
}

/** The order of keys is that in which the file was read. */
function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (value === null || typeof value !== "object") return value;
  if ("toJSON" in value) return value;
  const own = Object.entries(value).filter(([key]) => !key.endsWith("File"));
  const entries = own.map(([key, inner]) => [key, sorted(inner)] as const);
  return Object.fromEntries(entries.sort(([a], [b]) => a < b ? -1 : 1));
}
