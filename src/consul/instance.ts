/** Reads the member from an instance of a service in Consul. @module */

import { type Member, parseMember } from "../member.ts";
import type { ServiceEntry } from "./client.ts";

/**
 * Reads the member from an instance: its address (or that of its node if it has none) and its port. An
 * IPv6 address may be in brackets or not.
 *
 * @throws {TypeError} if that is not the address of a member */
export function memberOf({ Node, Service }: Pick<ServiceEntry, "Node" | "Service">): Member {
  return memberAt(Service.Address || Node.Address, Service.Port);
}

/** @throws {TypeError} where that is no address of a member */
export function memberAt(address: string, port: number): Member {
  const host = address.replace(/^\[(.*)\]$/, "$1");
  return parseMember(host.includes(":") ? `[${host}]:${port}` : `${host}:${port}`);
}
