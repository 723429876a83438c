/**
 * A member: one Pushgateway, named by the `host:port` that clients reach it at.
 *
 * The text is the member's identity on the ring, so it is kept as it was written: lower-casing a
 * host would move its groups.
 *
 * @module
 */

declare const brand: unique symbol;

/** The `host:port` of one Pushgateway. IPv6 hosts are in brackets. */
export type Member = string & { readonly [brand]: "Member" };

const PORT_MAX = 65_535;
const HOST_NAME = /^[A-Za-z0-9_]([A-Za-z0-9_.-]*[A-Za-z0-9_.])?$/;
const IPV6 = /^[0-9A-Fa-f:.]*:[0-9A-Fa-f:.]*:[0-9A-Fa-f:.]*(%[A-Za-z0-9_.-]+)?$/;

/**
 * Reads a member from `host`, `host:port`, `[ipv6]:port`, `[ipv6]` or a bare IPv6 address.
 *
 * @param text what the operator or Consul wrote
 * @param defaultPort the port of a text that carries none; without it such a text is refused
 * @throws {TypeError} naming what was expected and what was found
 *
 * @example
 * ```ts
 * import { parseMember } from "./member.ts";
 * import assert from "node:assert/strict";
 *
 * assert.equal(parseMember("10.0.0.1", 9091), "10.0.0.1:9091");
 * assert.equal(parseMember("::1", 9091), "[::1]:9091");
 * assert.throws(() => parseMember("http://10.0.0.1:9091"), /expected host:port/);
 * ```
 */
export function parseMember(text: string, defaultPort?: number): Member {
  const { host, port } = splitHostPort(text);
  const bare = host.startsWith("[") ? host.slice(1, -1) : host;
  const isIpv6 = IPV6.test(bare);
  if (!isIpv6 && (host !== bare || !HOST_NAME.test(host))) throw refused(text);
  if (port === undefined) {
    if (defaultPort === undefined) throw refused(text);
    return `${isIpv6 ? `[${bare}]` : bare}:${defaultPort}` as Member;
  }
  if (!/^\d+$/.test(port)) throw refused(text);
  if (Number(port) < 1 || Number(port) > PORT_MAX) {
    throw new TypeError(`expected a port from 1 to ${PORT_MAX}, found ${show(text)}`);
  }
  return `${host}:${Number(port)}` as Member;
}

/** Splits a member into its host, without the brackets of an IPv6 host, and its port. */
export function splitMember(member: Member): { host: string; port: number } {
  const colon = member.lastIndexOf(":");
  const host = member.slice(0, colon);
  return {
    host: host.startsWith("[") ? host.slice(1, -1) : host,
    port: Number(member.slice(colon + 1)),
  };
}

function splitHostPort(text: string): { host: string; port?: string } {
  const bracketed = /^(\[[^\]]*\])(?::(.*))?$/.exec(text);
  if (bracketed) return { host: bracketed[1], port: bracketed[2] };
  const colon = text.indexOf(":");
  if (colon < 0 || IPV6.test(text)) return { host: text };
  return { host: text.slice(0, colon), port: text.slice(colon + 1) };
}

function refused(text: string): TypeError {
  return new TypeError(`expected host:port, found ${show(text)}`);
}

function show(text: string): string {
  return JSON.stringify(withoutUserInfo(text));
}

/** Returns a text without what may be a secret: `user:password@`, whatever the password is made of. */
export function withoutUserInfo(text: string): string {
  return text.replace(/^(\w+:\/\/)?.*@/s, (_, scheme = "") => `${scheme}<secret>@`);
}
