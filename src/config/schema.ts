/**
 * The shape of the configuration file, without YAML, files or line numbers: it takes plain maps, lists and
 * strings (all scalars are strings), and returns issues with paths.
 *
 * @module
 */

import * as z from "zod";
import { type Member, parseMember } from "../member.ts";
import { conflicts, field } from "./conflicts.ts";
import { addressOf } from "./same_address.ts";
import { dnsSd, fileSd } from "./sources.ts";
import { type Issue, list, scalar, secret, section, text, toIssues } from "./fields.ts";
import {
  durationMs,
  parseBoolean,
  parseConsulAddress,
  parseCount,
  parseDatacenter,
  parseDuration,
  parseInterval,
  parseListenAddress,
  parsePort,
  parseRoutePrefix,
  parseSize,
  parseTimeout,
  parseWord,
  show,
} from "./values.ts";

const SCHEME = scalar("http or https", parseWord("http", "https"));
const FLAG = scalar("true or false", parseBoolean);

/** TLS of outgoing connections. */
export const tlsConfig = section({
  ca_file: text("a file name"),
  cert_file: text("a file name"),
  key_file: text("a file name"),
  server_name: text("a host name"),
  insecure_skip_verify: FLAG,
});

const consulServer = section({
  addr: scalar("host:port", parseConsulAddress),
  scheme: SCHEME,
  datacenter: scalar("a datacenter's name", parseDatacenter),
  username: text("a user name"),
  password: secret("a password"),
  token: secret("an ACL token"),
  token_file: text("a file name"),
  tls_config: tlsConfig.optional(),
  register_service_name: text("a service name"),
  check_interval: scalar("a duration", parseTimeout),
  check_timeout: scalar("a duration", parseTimeout),
  check_deregister_after: scalar("a duration", parseDeregisterAfter),
});

/** A user and a password for outgoing connections. */
export const basicAuth = section({
  username: text("a user name"),
  password: secret("a password"),
  password_file: text("a file name"),
});

const pushgateway = section({
  port: scalar("a port", parsePort),
  servers: z.array(
    z.string({ error: (issue) => `expected host or host:port, found ${show(issue.input)}` }),
    { error: (issue) => `expected a list of servers, found ${show(issue.input)}` },
  ).nullish(),
  enable_utf8_names: FLAG,
  scheme: SCHEME,
  route_prefix: scalar("a path", parseRoutePrefix),
  tls_config: tlsConfig.optional(),
  basic_auth: basicAuth.optional(),
});

const proxy = section({
  body_size_limit: scalar("a size", parseSize),
  body_memory_limit: scalar("a size", parseSize),
  timeout: scalar("a duration", (text) => durationMs(parseTimeout(text))),
  max_in_flight: scalar("a number", parseCount),
});

const handoff = section({
  enabled: FLAG,
  sweep_interval: scalar("a duration", parseInterval),
  sweep_timeout: scalar("a duration", (text) => durationMs(parseTimeout(text))),
  memory_limit: scalar("a size", parseSize),
});

const file = section({
  consul_server: consulServer.optional(),
  dns_sd: dnsSd.optional(),
  file_sd: fileSd.optional(),
  http_listen_addr: scalar("[host]:port", parseListenAddress),
  mode: scalar("redirect, proxy or auto", parseWord("redirect", "proxy", "auto")),
  redirect_user_agents: list("the beginning of a User-Agent", String).nullish()
    .transform((value) => value ?? []),
  proxy: proxy.optional(),
  handoff: handoff.optional(),
  pushgateway: pushgateway.optional(),
});

/** The valid file. */
export type ConfigFile = z.infer<typeof file> & {
  /** The servers of the `pushgateway` section. */
  readonly members: readonly Member[];
};
/** The `consul_server` section. */
export type ConsulSection = z.infer<typeof consulServer>;
/** The `pushgateway` section. */
export type PushgatewaySection = z.infer<typeof pushgateway>;

/** The keys that each section may have, also for suggestions for misspelt keys. */
const KEYS: Readonly<Record<string, readonly string[]>> = {
  "": Object.keys(file.shape),
  "consul_server": Object.keys(consulServer.shape),
  "consul_server.tls_config": Object.keys(tlsConfig.shape),
  "dns_sd": Object.keys(dnsSd.shape),
  "file_sd": Object.keys(fileSd.shape),
  "proxy": Object.keys(proxy.shape),
  "handoff": Object.keys(handoff.shape),
  "pushgateway": Object.keys(pushgateway.shape),
  "pushgateway.tls_config": Object.keys(tlsConfig.shape),
  "pushgateway.basic_auth": Object.keys(basicAuth.shape),
};

/** Returns the keys that the section at a path may have. */
export function keysAt(path: readonly PropertyKey[]): readonly string[] {
  return KEYS[path.join(".")] ?? [];
}

/** Checks the whole file and returns everything that is wrong with it. */
export function parseConfigFile(
  raw: unknown,
): { config: ConfigFile; issues: [] } | { config?: undefined; issues: Issue[] } {
  const parsed = file.safeParse(raw);
  const { members, issues } = parseServers(raw);
  const all = [
    ...(parsed.error ? toIssues(parsed.error, keysAt) : []),
    ...issues,
    ...conflicts(raw),
  ];
  if (!parsed.success || all.length > 0) return { issues: all };
  return { config: { ...parsed.data, members }, issues: [] };
}

/** Turns the servers into members. Ignores values that the schema has already reported. */
function parseServers(raw: unknown): { members: Member[]; issues: Issue[] } {
  const path = ["pushgateway", "servers"];
  const { servers, port } = field(raw, "pushgateway") ?? {};
  const members: Member[] = [];
  const issues: Issue[] = [];
  const required = !["consul_server", "dns_sd", "file_sd"].some((key) => hasKey(raw, key));
  // Values that are not maps have already been reported.
  const isSection = hasKey(raw, "pushgateway")
    ? field(raw, "pushgateway") !== undefined
    : typeof raw === "object" && raw !== null && !Array.isArray(raw);
  if (!isSection || (servers === undefined && !required)) return { members, issues };
  if (servers === undefined || servers === null || (Array.isArray(servers) && !servers.length)) {
    const message = "expected at least one server, found none";
    return { members, issues: [{ path, message }] };
  }
  if (!Array.isArray(servers)) return { members, issues };

  const defaultPort = typeof port === "string" && /^\d+$/.test(port) ? Number(port) : undefined;
  servers.forEach((server: unknown, index) => {
    if (typeof server !== "string") return;
    const at = [...path, index];
    try {
      const member = parseMember(server, defaultPort);
      const address = addressOf(member);
      const first = members.find((other) => addressOf(other) === address);
      if (first === undefined) return void members.push(member);
      const found = first === member ? `${member} again` : `${member}, which is ${first}`;
      issues.push({ path: at, message: `expected each server once, found ${found}` });
    } catch (error) {
      const hint = defaultPort === undefined ? " (or pushgateway.port for all servers)" : "";
      // A wrong port for all servers is reported once, at the port, and not again at each server.
      if (port !== undefined && port !== null && defaultPort === undefined) return;
      issues.push({ path: at, message: `${(error as Error).message}${hint}` });
    }
  });
  return { members, issues };
}

/** Consul accepts shorter durations without an error, but waits for a minute. The duration may be weeks. */
function parseDeregisterAfter(text: string): string {
  if (durationMs(parseDuration(text)) < 60_000) {
    throw new TypeError(`expected a duration of at least 1m, found ${show(text)}`);
  }
  return text;
}

function hasKey(raw: unknown, key: string): boolean {
  return typeof raw === "object" && raw !== null && Object.hasOwn(raw, key);
}
