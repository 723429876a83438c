/** Readers of single configuration values; each says what it expected and what it found. @module */

import { withoutUserInfo } from "../member.ts";

/** Where the service listens; an empty hostname means every interface, IPv4 and IPv6. */
export interface ListenAddress {
  readonly hostname: string;
  readonly port: number;
}

/** Where Consul's HTTP API is. */
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

/**
 * Shows a found value in an error: short, and without what may be a secret (`user:password@`).
 */
export function show(value: unknown): string {
  if (value === undefined || value === null || value === "") return "nothing";
  if (Array.isArray(value)) return "a list";
  if (typeof value === "object") return "a map";
  const text = withoutUserInfo(String(value));
  return JSON.stringify(text.length > 60 ? `${text.slice(0, 60)}…` : text);
}

/** @throws {TypeError} where the text is no whole number from `min` to 65535 */
export function parsePort(text: string, min = 1): number {
  const port = Number(text);
  if (!/^\d{1,5}$/.test(text) || port < min || port > 65_535) {
    throw new TypeError(`expected a port from ${min} to 65535, found ${show(text)}`);
  }
  return port;
}

/**
 * Reads Go's form of a listen address: `:9292`, `127.0.0.1:9292`, `[::1]:9292`; port 0 asks for a
 * free one.
 *
 * @throws {TypeError} where it is none
 */
export function parseListenAddress(text: string): ListenAddress {
  const parts = /^(?:\[([0-9A-Fa-f:.]+)\]|([^:[\]/\s]*)):(\d+)$/.exec(text);
  if (!parts) throw new TypeError(`expected [host]:port as in ":9292", found ${show(text)}`);
  return { hostname: parts[1] ?? parts[2], port: parsePort(parts[3], 0) };
}

/** Writes a listen address as {@linkcode parseListenAddress} reads it. */
export function showListenAddress({ hostname, port }: ListenAddress): string {
  return `${hostname.includes(":") ? `[${hostname}]` : hostname}:${port}`;
}

/**
 * Reads `host:port`, `host` (port 8500) or either with `http://` or `https://` before it.
 *
 * @throws {TypeError} where it is none of these
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
 * Reads a datacenter's name. Consul writes the one of an agent in lower case, and finds no other.
 *
 * @throws {TypeError} where there cannot be one
 */
export function parseDatacenter(text: string): string {
  if (!/^[a-z0-9_-]+$/.test(text)) {
    const expected = "a datacenter's name in lower case letters, digits, - and _";
    throw new TypeError(`expected ${expected}, found ${show(text)}`);
  }
  return text;
}

/**
 * Reads a duration as Consul and Go write it (`5s`, `1m30s`); the text itself goes to Consul.
 *
 * @throws {TypeError} where it is none
 */
export function parseDuration(text: string): string {
  if (!DURATION.test(text) || /^[0.a-zµ]+$/.test(text)) {
    throw new TypeError(`expected a duration above 0 as in "5s" or "1m30s", found ${show(text)}`);
  }
  return text;
}

/** Above 24.8 days a timer runs out at once; nothing here waits for longer than a day. */
const DURATION_MS_MAX = 24 * 3_600_000;

/**
 * Reads a duration of at most a day, as a text.
 *
 * @throws {TypeError} where it is none, or longer
 */
export function parseTimeout(text: string): string {
  if (durationMs(parseDuration(text)) > DURATION_MS_MAX) {
    throw new TypeError(`expected a duration of at most 24h, found ${show(text)}`);
  }
  return text;
}

/**
 * Reads how often something is done, in milliseconds: each second at most, each day at least.
 *
 * @throws {TypeError} where it is none
 */
export function parseInterval(text: string): number {
  const ms = durationMs(parseTimeout(text));
  if (ms < 1_000) throw new TypeError(`expected a duration of at least 1s, found ${show(text)}`);
  return ms;
}

/** @throws {TypeError} where the text is neither `true` nor `false` */
export function parseBoolean(text: string): boolean {
  if (text !== "true" && text !== "false") {
    throw new TypeError(`expected true or false, found ${show(text)}`);
  }
  return text === "true";
}

/**
 * A duration as {@linkcode parseDuration} takes it, in milliseconds.
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
 * Reads a size as Prometheus writes it (`16MB`, `16MiB`, `512KB`; each of 1,024), in bytes.
 *
 * @throws {TypeError} where it is none
 */
export function parseSize(text: string): number {
  const parts = /^([1-9]\d{0,8})(?:([KMG])i?)?B$/.exec(text);
  if (!parts) throw new TypeError(`expected a size above 0 as in "16MiB", found ${show(text)}`);
  return Number(parts[1]) * 1_024 ** (parts[2] ? "KMG".indexOf(parts[2]) + 1 : 0);
}

/** What the body of a push may have where the file says nothing. */
export const DEFAULT_BODY_BYTES_MAX = 16 * 1_024 ** 2;

/** @throws {TypeError} where the text is no whole number from 1 */
export function parseCount(text: string): number {
  if (!/^[1-9]\d{0,8}$/.test(text)) {
    throw new TypeError(`expected a whole number from 1, found ${show(text)}`);
  }
  return Number(text);
}

/** Creates a reader of a word that is one of a few. */
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
 * Reads a Pushgateway's `--web.route-prefix`: a path whose slash at the end does not matter. `/` is
 * no prefix at all, which is the empty text.
 *
 * @throws {TypeError} where it is no plain path
 */
export function parseRoutePrefix(text: string): string {
  if (!/^(?:\/[A-Za-z0-9._~-]+)*\/?$/.test(text) || /\/\.\.?(?:\/|$)/.test(text)) {
    throw new TypeError(`expected a path as in "/pushgateway", found ${show(text)}`);
  }
  return text.replace(/\/$/, "");
}
