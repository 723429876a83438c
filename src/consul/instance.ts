/** Reads the member from an instance of a service in Consul. @module */

import { type Member, parseMember } from "../member.ts";
import type { LocalService, ServiceEntry } from "./client.ts";

/**
 * Reads the member from an instance: its address (or that of its node if it has none) and its port. An
 * IPv6 address may be in brackets or not.
 *
 * @throws {TypeError} if that is not the address of a member */
export function memberOf({ Node, Service }: Pick<ServiceEntry, "Node" | "Service">): Member {
  return memberAt(Service.Address || Node.Address, Service.Port);
}

/** The members that an agent holds as instances of a service, by the addresses of their own. */
export function membersHeld(
  local: ReadonlyMap<string, LocalService>,
  service: string,
): ReadonlySet<Member> {
  const members = new Set<Member>();
  for (const { Service, Address, Port } of local.values()) {
    if (!isSameService(Service, service)) continue;
    try {
      members.add(memberAt(Address, Port));
    } catch {
      // Not the address of a member, or that of its node, which the agent does not tell.
    }
  }
  return members;
}

/** Consul's names of services are the same in capitals. */
export function isSameService(a: string, b: string): boolean {
  return a.toLowerCase() === b.toLowerCase();
}

/** @throws {TypeError} where that is no address of a member */
export function memberAt(address: string, port: number): Member {
  const host = address.replace(/^\[(.*)\]$/, "$1");
  return parseMember(host.includes(":") ? `[${host}]:${port}` : `${host}:${port}`);
}
