/** Reads single values of the configuration. Each error says what was expected and what was found. @module */

import { withoutUserInfo } from "../member.ts";

/** The address to listen on. An empty hostname means all interfaces, IPv4 and IPv6. */
export interface ListenAddress {
  readonly hostname: string;
  readonly port: number;
}

/** The address of Consul's HTTP API. */
export interface ConsulAddress {
  readonly scheme?: "http" | "https";
  readonly hostname: string;
  readonly port: number;
}

const CONSUL_PORT = 8500;
const UNIT_MS: Readonly<Record<string, number>> = {
  ns: 1e-6,
  us: 1e-3,
  µs: 1e-3,
  ms: 1,
  s: 1_000,
  m: 60_000,
  h: 3_600_000,
};
const DURATION = /^(?:\d+(?:\.\d+)?(?:ns|us|µs|ms|s|m|h))+$/;

/** Formats a value for an error: short, and without what may be a secret (`user:password@`). */
export function show(value: unknown): string {
  if (value === undefined || value === null || value === "") return "nothing";
  if (Array.isArray(value)) return "a list";
  if (typeof value === "object") return "a map";
  const text = withoutUserInfo(String(value));
  return JSON.stringify(text.length > 60 ? `${text.slice(0, 60)}…` : text);
}

/**
 * Reads a port.
 *
 * @throws {TypeError} if the text is not a whole number from `min` to 65535
 */
export function parsePort(text: string, min = 1): number {
  const port = Number(text);
  if (!/^\d{1,5}$/.test(text) || port < min || port > 65_535) {
    throw new TypeError(`expected a port from ${min} to 65535, found ${show(text)}`);
  }
  return port;
}

/**
 * Reads a listen address in Go's format: `:9292`, `127.0.0.1:9292`, `[::1]:9292`. Port 0 requests a free
 * port.
 *
 * @throws {TypeError} if it is not such an address
 */
export function parseListenAddress(text: string): ListenAddress {
  const parts = /^(?:\[([0-9A-Fa-f:.]+)\]|([^:[\]/\s]*)):(\d+)$/.exec(text);
  if (!parts) throw new TypeError(`expected [host]:port as in ":9292", found ${show(text)}`);
  return { hostname: parts[1] ?? parts[2], port: parsePort(parts[3], 0) };
}

/** Formats a listen address for {@linkcode parseListenAddress}. */
export function showListenAddress({ hostname, port }: ListenAddress): string {
  return `${hostname.includes(":") ? `[${hostname}]` : hostname}:${port}`;
}

/**
 * Reads `host:port` or `host` (port 8500), with or without `http://` or `https://`.
 *
 * @throws {TypeError} if it is none of these
 */
export function parseConsulAddress(text: string): ConsulAddress {
  const parts = /^(?:(https?):\/\/)?(?:\[([0-9A-Fa-f:.]+)\]|([^:[\]/@\s]+))(?::(\d+))?\/?$/.exec(
    text,
  );
  if (!parts) {
    throw new TypeError(`expected host:port or http(s)://host:port, found ${show(text)}`);
  }
  return {
    ...(parts[1] && { scheme: parts[1] as "http" | "https" }),
    hostname: parts[2] ?? parts[3],
    port: parts[4] === undefined ? CONSUL_PORT : parsePort(parts[4]),
  };
}

/**
 * Reads a datacenter's name. An agent of Consul changes its own to lower case, and finds no other names.
 *
 * @throws {TypeError} if no datacenter can have that name
 */
export function parseDatacenter(text: string): string {
  if (!/^[a-z0-9_-]+$/.test(text)) {
    const expected = "a datacenter's name in lower case letters, digits, - and _";
    throw new TypeError(`expected ${expected}, found ${show(text)}`);
  }
  return text;
}

/**
 * Reads a duration in the format of Consul and Go (`5s`, `1m30s`). The text itself is sent to Consul.
 *
 * @throws {TypeError} if it is not such a duration
 */
export function parseDuration(text: string): string {
  if (!DURATION.test(text) || /^[0.a-zµ]+$/.test(text)) {
    throw new TypeError(`expected a duration above 0 as in "5s" or "1m30s", found ${show(text)}`);
  }
  return text;
}

/** A timer of more than 24.8 days would expire at once. Nothing here waits for longer than a day. */
const DURATION_MS_MAX = 24 * 3_600_000;

/**
 * Reads a duration of at most a day, as a text.
 *
 * @throws {TypeError} if it is not a duration, or longer
 */
export function parseTimeout(text: string): string {
  if (durationMs(parseDuration(text)) > DURATION_MS_MAX) {
    throw new TypeError(`expected a duration of at most 24h, found ${show(text)}`);
  }
  return text;
}

/**
 * Reads an interval in milliseconds, from one second to one day.
 *
 * @throws {TypeError} if it is not such an interval
 */
export function parseInterval(text: string): number {
  const ms = durationMs(parseTimeout(text));
  if (ms < 1_000) throw new TypeError(`expected a duration of at least 1s, found ${show(text)}`);
  return ms;
}

/**
 * Reads a boolean.
 *
 * @throws {TypeError} if the text is neither `true` nor `false`
 */
export function parseBoolean(text: string): boolean {
  if (text !== "true" && text !== "false") {
    throw new TypeError(`expected true or false, found ${show(text)}`);
  }
  return text === "true";
}

/**
 * Returns a duration of {@linkcode parseDuration} in milliseconds.
 *
 * @example
 * ```ts
 * import { durationMs } from "./values.ts";
 * import assert from "node:assert/strict";
 *
 * assert.equal(durationMs("1m30.5s"), 90_500);
 * ```
 */
export function durationMs(text: string): number {
  let ms = 0;
  for (const [, amount, unit] of text.matchAll(/(\d+(?:\.\d+)?)(ns|us|µs|ms|s|m|h)/g)) {
    ms += Number(amount) * UNIT_MS[unit];
  }
  return ms;
}

/**
 * Reads a size in bytes, in Prometheus's format (`16MB`, `16MiB`, `512KB`, all with factors of 1,024).
 *
 * @throws {TypeError} if it is not such a size
 */
export function parseSize(text: string): number {
  const parts = /^([1-9]\d{0,8})(?:([KMG])i?)?B$/.exec(text);
  if (!parts) throw new TypeError(`expected a size above 0 as in "16MiB", found ${show(text)}`);
  return Number(parts[1]) * 1_024 ** (parts[2] ? "KMG".indexOf(parts[2]) + 1 : 0);
}

/** The default limit of a push's body. */
export const DEFAULT_BODY_BYTES_MAX = 16 * 1_024 ** 2;

/**
 * Reads a count.
 *
 * @throws {TypeError} if the text is not a whole number from 1
 */
export function parseCount(text: string): number {
  if (!/^[1-9]\d{0,8}$/.test(text)) {
    throw new TypeError(`expected a whole number from 1, found ${show(text)}`);
  }
  return Number(text);
}

/** Creates a reader that accepts only the given words. */
export function parseWord<Word extends string>(...words: Word[]): (text: string) => Word {
  const others = words.slice(0, -1).join(", ");
  const all = others === "" ? words[0] : `${others} or ${words.at(-1)}`;
  return (text) => {
    const word = words.find((word) => word === text);
    if (word === undefined) throw new TypeError(`expected ${all}, found ${show(text)}`);
    return word;
  };
}

/**
 * Reads a Pushgateway's `--web.route-prefix`: a path, with or without a slash at the end. `/` means no
 * prefix, and becomes the empty text.
 *
 * @throws {TypeError} if it is not a plain path
 */
export function parseRoutePrefix(text: string): string {
  if (!/^(?:\/[A-Za-z0-9._~-]+)*\/?$/.test(text) || /\/\.\.?(?:\/|$)/.test(text)) {
    throw new TypeError(`expected a path as in "/pushgateway", found ${show(text)}`);
  }
  return text.replace(/\/$/, "");
}
