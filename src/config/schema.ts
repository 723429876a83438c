/**
 * The shape of the configuration file. Knows nothing of YAML, files or line numbers: it gets plain
 * maps, lists and strings (every scalar as written) and answers with issues that carry a path.
 *
 * @module
 */

import { z } from "zod";
import { type Member, parseMember } from "../member.ts";
import { Secret } from "./secret.ts";
import {
  parseBoolean,
  parseConsulAddress,
  parseDuration,
  parseListenAddress,
  parsePort,
  show,
} from "./values.ts";

/** One thing wrong with the file: where (as a path of keys and indices) and what. */
export interface Issue {
  readonly path: readonly PropertyKey[];
  /** The offending key itself, where the key and not its value is wrong. */
  readonly key?: string;
  readonly message: string;
}

/** A scalar read by `parse`, which throws what it expected and found. An empty value counts as absent. */
function scalar<T>(what: string, parse: (text: string) => T) {
  return z.string({ error: (issue) => `expected ${what}, found ${show(issue.input)}` })
    .transform((text, context) => {
      if (text === "") return undefined;
      try {
        return parse(text);
      } catch (error) {
        context.issues.push({ code: "custom", message: (error as Error).message, input: text });
        return z.NEVER;
      }
    }).nullish().transform((value) => value ?? undefined);
}

const text = (what: string) => scalar(what, String);
const secret = (what: string) => scalar(what, (value) => new Secret(value));

/** A text in a section's place is not shown: `password:abc` without a space is one. */
function kind(value: unknown): string {
  return typeof value === "string" ? "a text" : show(value);
}

function section<T extends z.ZodRawShape>(shape: T) {
  return z.strictObject(shape, {
    error: (issue) =>
      issue.code === "invalid_type" ? `expected a map, found ${kind(issue.input)}` : undefined,
  });
}

const tlsConfig = section({
  ca_file: text("a file name"),
  cert_file: text("a file name"),
  key_file: text("a file name"),
  server_name: text("a host name"),
  insecure_skip_verify: scalar("true or false", parseBoolean),
});

const consulServer = section({
  addr: scalar("host:port", parseConsulAddress),
  scheme: scalar("http or https", parseScheme),
  datacenter: text("a datacenter's name"),
  username: text("a user name"),
  password: secret("a password"),
  token: secret("an ACL token"),
  token_file: text("a file name"),
  tls_config: tlsConfig.optional(),
  register_service_name: text("a service name"),
  check_interval: scalar("a duration", parseDuration),
  check_timeout: scalar("a duration", parseDuration),
  check_deregister_after: scalar("a duration", parseDuration),
});

const pushgateway = section({
  port: scalar("a port", parsePort),
  servers: z.array(
    z.string({ error: (issue) => `expected host or host:port, found ${show(issue.input)}` }),
    { error: (issue) => `expected a list of servers, found ${show(issue.input)}` },
  ).nullish(),
  enable_utf8_names: scalar("true or false", parseBoolean),
});

const file = section({
  consul_server: consulServer.optional(),
  http_listen_addr: scalar("[host]:port", parseListenAddress),
  pushgateway: pushgateway.optional(),
});

/** The file once it is valid. */
export type ConfigFile = Omit<z.infer<typeof file>, "pushgateway"> & {
  readonly pushgateway: { readonly members: readonly Member[]; readonly utf8Names: boolean };
};
/** Its `consul_server` section. */
export type ConsulSection = z.infer<typeof consulServer>;

/** Every key the file may have, section by section: what a misspelt key is compared with. */
const KEYS: Readonly<Record<string, readonly string[]>> = {
  "": Object.keys(file.shape),
  "consul_server": Object.keys(consulServer.shape),
  "consul_server.tls_config": Object.keys(tlsConfig.shape),
  "pushgateway": Object.keys(pushgateway.shape),
};

/** The keys that the section at a path may have. */
export function keysAt(path: readonly PropertyKey[]): readonly string[] {
  return KEYS[path.join(".")] ?? [];
}

/** Checks the whole file and reports everything that is wrong with it. */
export function parseConfigFile(
  raw: unknown,
): { config: ConfigFile; issues: [] } | { config?: undefined; issues: Issue[] } {
  const parsed = file.safeParse(raw);
  const { members, issues } = parseServers(raw);
  const all = [...(parsed.error?.issues ?? []).flatMap(toIssues), ...issues, ...conflicts(raw)];
  if (!parsed.success || all.length > 0) return { issues: all };
  const utf8Names = parsed.data.pushgateway?.enable_utf8_names ?? false;
  return { config: { ...parsed.data, pushgateway: { members, utf8Names } }, issues: [] };
}

function toIssues(issue: z.core.$ZodIssue): Issue[] {
  if (issue.code !== "unrecognized_keys") return [{ path: issue.path, message: issue.message }];
  return issue.keys.map((key) => ({ path: issue.path, key, message: `unknown key "${key}"` }));
}

/** Resolves the servers to members; tolerant of shapes that the schema has already reported. */
function parseServers(raw: unknown): { members: Member[]; issues: Issue[] } {
  const path = ["pushgateway", "servers"];
  const { servers, port } = field(raw, "pushgateway") ?? {};
  const members: Member[] = [];
  const issues: Issue[] = [];
  const required = !hasKey(raw, "consul_server");
  // What is no map at all has been reported as that.
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
      const first = members.indexOf(member);
      if (first >= 0) {
        issues.push({ path: at, message: `expected each server once, found ${member} again` });
      } else members.push(member);
    } catch (error) {
      const hint = defaultPort === undefined ? " (or pushgateway.port for all servers)" : "";
      // A wrong port for all is reported once, at the port, not again at each server.
      if (port !== undefined && port !== null && defaultPort === undefined) return;
      issues.push({ path: at, message: `${(error as Error).message}${hint}` });
    }
  });
  return { members, issues };
}

/** Keys that are valid each by itself and not together. */
function conflicts(raw: unknown): Issue[] {
  const consul = field(raw, "consul_server") ?? {};
  const issues: Issue[] = [];
  const both = (key: string, other: string, message: string) => {
    if (consul[key] && consul[other]) issues.push({ path: ["consul_server", key], message });
  };
  both("token_file", "token", "expected token or token_file, found both");
  if (consul.password && !consul.username) {
    const message = "expected a username beside the password, found none";
    issues.push({ path: ["consul_server", "password"], message });
  }
  const scheme = typeof consul.addr === "string" && /^(https?):\/\//.exec(consul.addr)?.[1];
  if (scheme && typeof consul.scheme === "string" && consul.scheme !== scheme) {
    const message = `expected the scheme of addr, ${scheme}, found ${show(consul.scheme)}`;
    issues.push({ path: ["consul_server", "scheme"], message });
  }
  const tls = field(consul, "tls_config") ?? {};
  for (const [key, other] of [["cert_file", "key_file"], ["key_file", "cert_file"]]) {
    if (tls[key] && !tls[other]) {
      const message = `expected ${other} beside ${key}, found none`;
      issues.push({ path: ["consul_server", "tls_config", key], message });
    }
  }
  return issues;
}

function parseScheme(text: string): "http" | "https" {
  if (text !== "http" && text !== "https") {
    throw new TypeError(`expected http or https, found ${show(text)}`);
  }
  return text;
}

function hasKey(raw: unknown, key: string): boolean {
  return typeof raw === "object" && raw !== null && Object.hasOwn(raw, key);
}

/** A section of the raw file, or `undefined` where it is absent or no map. */
function field(raw: unknown, key: string): Record<string, unknown> | undefined {
  if (typeof raw !== "object" || raw === null) return undefined;
  const value = (raw as Record<string, unknown>)[key];
  return typeof value === "object" && value !== null && !Array.isArray(value)
    ? value as Record<string, unknown>
    : undefined;
}
