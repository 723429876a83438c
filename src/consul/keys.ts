/** What the service keeps in Consul's KV store. @module */

const ROOT = "dynamic-sharding";

/** Below it: a key for each member that is to be out of the service. */
export function markPrefix(serviceName: string): string {
  return `${ROOT}/${serviceName}/withdrawn/`;
}

/** The key that keeps a member out. */
export function markKey(serviceName: string, member: string): string {
  return `${markPrefix(serviceName)}${member}`;
}

/** What such a key holds: a word for whoever finds it. */
export const MARK_TEXT = "taken out; delete this key to put the member back";

/** Below it: the locks of what one instance at a time may do. */
export function lockPrefix(serviceName: string): string {
  return `${ROOT}/${serviceName}/lock/`;
}
