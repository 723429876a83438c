/**
 * What the service keeps in Consul's KV store. Consul's catalogue ignores the case of a service's
 * name, so keys contain it in lower case: instances whose files spell it differently share them.
 *
 * @module
 */

/** What all keys begin with. */
export const ROOT = "dynamic-sharding";

function serviceRoot(serviceName: string): string {
  return `${ROOT}/${serviceName.toLowerCase()}/`;
}

/** Returns the prefix of the keys that keep members out of the service, one key for each. */
export function markPrefix(serviceName: string): string {
  return `${serviceRoot(serviceName)}withdrawn/`;
}

/** Returns the prefix of these keys in version 1.0.0, which spelled the service's name as the file does. */
export function formerMarkPrefix(serviceName: string): string {
  return `${ROOT}/${serviceName}/withdrawn/`;
}

/** Returns the key that keeps a member out. */
export function markKey(serviceName: string, member: string): string {
  return `${markPrefix(serviceName)}${member}`;
}

/** The value of such a key: an explanation for operators who find it in Consul. */
export const MARK_TEXT = "taken out; delete this key to put the member back";

/** Returns the prefix of the keys in which instances announce their rings, each named after a session. */
export function ringPrefix(serviceName: string): string {
  return `${serviceRoot(serviceName)}ring/`;
}

/** Returns the prefix of the keys of locks. */
export function lockPrefix(serviceName: string): string {
  return `${serviceRoot(serviceName)}lock/`;
}
