/** Compares the addresses of members by their names, without the network. Pure. @module */

import { type Member, splitMember } from "../member.ts";

/** An IPv4 address in an IPv6 address. */
const MAPPED_IPV4 = /^::ffff:([0-9a-f]{1,4}):([0-9a-f]{1,4})$/;
const LOOPBACK = "127.0.0.1";

/**
 * Returns an address in its normal form: hosts in lower case and without a dot at the end, IPv6 as in RFC
 * 5952, an IPv4 address in IPv6 as IPv4, and `localhost` as `127.0.0.1` (RFC 6761).
 *
 * @example
 * ```ts
 * import { parseMember } from "../member.ts";
 * import { addressOf } from "./same_address.ts";
 * import assert from "node:assert/strict";
 *
 * assert.equal(addressOf(parseMember("[2001:DB8:0::1]:9091")), "[2001:db8::1]:9091");
 * assert.equal(addressOf(parseMember("localhost:9091")), "127.0.0.1:9091");
 * ```
 */
export function addressOf(member: Member): string {
  const { host, port } = splitMember(member);
  return `${host.includes(":") ? ipv6(host) : name(host)}:${port}`;
}

function name(host: string): string {
  const lower = host.toLowerCase().replace(/\.$/, "");
  return lower === "localhost" ? LOOPBACK : lower;
}

function ipv6(host: string): string {
  const [address, zone] = host.toLowerCase().split("%");
  const url = URL.parse(`http://[${address}]`);
  // A text that is not an IPv6 address is reported elsewhere.
  const short = url ? url.hostname.slice(1, -1) : address;
  const mapped = MAPPED_IPV4.exec(short);
  if (!mapped) return `[${short}${zone === undefined ? "" : `%${zone}`}]`;
  const [high, low] = [parseInt(mapped[1], 16), parseInt(mapped[2], 16)];
  return [high >> 8, high & 255, low >> 8, low & 255].join(".");
}
