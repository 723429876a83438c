/** The rules of Consul's blocking queries, for whoever follows something. @module */

/** Queries are at least this far apart, whatever Consul's index does. */
export const QUERY_INTERVAL_MS_MIN = 100;

/**
 * Consul's rules for the index of the next blocking query: start anew when it goes backwards (a
 * restored or restarted server), and never block on 0, which would not block.
 * https://developer.hashicorp.com/consul/api-docs/features/blocking
 */
export function nextIndex(previous: bigint | undefined, current: bigint): bigint | undefined {
  if (previous !== undefined && current < previous) return undefined;
  return current > 0n ? current : 1n;
}
