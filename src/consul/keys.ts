/**
 * What the service keeps in Consul's KV store. Consul's catalogue takes a service's name in any case, so
 * keys have it in one: instances whose files spell it differently share them.
 *
 * @module
 */

const ROOT = "dynamic-sharding";

function serviceRoot(serviceName: string): string {
  return `${ROOT}/${serviceName.toLowerCase()}/`;
}

/** Below it: a key for each member that is to be out of the service. */
export function markPrefix(serviceName: string): string {
  return `${serviceRoot(serviceName)}withdrawn/`;
}

/** Where version 1.0.0 kept them, whose keys had the name as the file spells it. */
export function formerMarkPrefix(serviceName: string): string {
  return `${ROOT}/${serviceName}/withdrawn/`;
}

/** The key that keeps a member out. */
export function markKey(serviceName: string, member: string): string {
  return `${markPrefix(serviceName)}${member}`;
}

/** What such a key holds: a word for whoever finds it. */
export const MARK_TEXT = "taken out; delete this key to put the member back";

/** Below it: which ring each instance goes by, in a key named after its session. */
export function ringPrefix(serviceName: string): string {
  return `${serviceRoot(serviceName)}ring/`;
}

/** Below it: the locks of what one instance at a time may do. */
export function lockPrefix(serviceName: string): string {
  return `${serviceRoot(serviceName)}lock/`;
}
