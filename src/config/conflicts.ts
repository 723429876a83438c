/** Finds keys that conflict with other keys. @module */

import type { Issue, KeyPath } from "./fields.ts";
import { parseType } from "./sources.ts";
import { DEFAULT_BODY_BYTES_MAX, parseSize, show } from "./values.ts";

type Section = Readonly<Record<string, unknown>>;

/** Returns the conflicts between keys that are valid separately. */
export function conflicts(raw: unknown): Issue[] {
  return [
    ...sourceConflicts(raw),
    ...dnsConflicts(field(raw, "dns_sd") ?? {}),
    ...consulConflicts(field(raw, "consul_server") ?? {}),
    ...upstreamConflicts(field(raw, "pushgateway") ?? {}),
    ...proxyConflicts(field(raw, "proxy") ?? {}),
  ];
}

/**
 * There has to be one source of members. With Consul, the servers are not a source, because they are
 * registered there.
 */
function sourceConflicts(raw: unknown): Issue[] {
  const keys = typeof raw === "object" && raw !== null ? Object.keys(raw) : [];
  const named = ["consul_server", "dns_sd", "file_sd"];
  const hasServers = !keys.includes("consul_server") && field(raw, "pushgateway")?.servers;
  const sources = keys.flatMap((key): KeyPath[] => {
    if (named.includes(key)) return [{ path: [], key }];
    return key === "pushgateway" && hasServers ? [{ path: [key], key: "servers" }] : [];
  });
  const name = ({ path, key }: KeyPath) => [...path, key].join(".");
  const [other, ...more] = sources;
  return more.map((source) => {
    const message = `expected one source of members, found ${name(source)} beside ${name(other)}`;
    return { path: source.path, key: source.key, message: `${message}, which is`, other };
  });
}

function dnsConflicts({ names, type, port }: Section): Issue[] {
  if (names === undefined) return []; // the schema reports it
  let isSrv: boolean;
  try {
    isSrv = typeof type !== "string" || type === "" || parseType(type) === "SRV";
  } catch {
    return []; // the schema reports it
  }
  const path = ["dns_sd"];
  if (isSrv && port) {
    const message =
      "expected type: A or type: AAAA beside it, found SRV, whose records carry ports";
    return [{ path: [...path, "port"], message }];
  }
  if (isSrv || port) return [];
  return [{
    path: [...path, "type"],
    message: `expected a port beside type ${show(type)}, found none`,
  }];
}

function proxyConflicts(proxy: Section): Issue[] {
  const [one, all] = [proxy.body_size_limit, proxy.body_memory_limit].map(sizeOf);
  const least = one ?? DEFAULT_BODY_BYTES_MAX;
  if (all === undefined || all >= least) return [];
  const found = show(proxy.body_memory_limit);
  const message = `expected at least body_size_limit, ${least} bytes, found ${found}`;
  return [{ path: ["proxy", "body_memory_limit"], message }];
}

/** Returns `undefined` if it is not a size. */
function sizeOf(raw: unknown): number | undefined {
  try {
    return typeof raw === "string" ? parseSize(raw) : undefined;
  } catch {
    return undefined; // the schema reports it
  }
}

function consulConflicts(consul: Section): Issue[] {
  const issues: Issue[] = [];
  const path = ["consul_server"];
  if (consul.token_file && consul.token) {
    const message = "expected token or token_file, found both";
    issues.push({ path: [...path, "token_file"], message });
  }
  if (consul.password && !consul.username) {
    const message = "expected a username beside the password, found none";
    issues.push({ path: [...path, "password"], message });
  }
  const scheme = typeof consul.addr === "string" && /^(https?):\/\//.exec(consul.addr)?.[1];
  if (scheme && typeof consul.scheme === "string" && consul.scheme !== scheme) {
    const message = `expected the scheme of addr, ${scheme}, found ${show(consul.scheme)}`;
    issues.push({ path: [...path, "scheme"], message });
  }
  return [...issues, ...tlsConflicts(path, consul)];
}

/** Returns the conflicts in the `tls_config` of the section at a path. */
export function tlsConflicts(path: readonly string[], section: unknown): Issue[] {
  const tls = field(section, "tls_config") ?? {};
  return [["cert_file", "key_file"], ["key_file", "cert_file"]].flatMap(([key, other]) => {
    if (!tls[key] || tls[other]) return [];
    const message = `expected ${other} beside ${key}, found none`;
    return [{ path: [...path, "tls_config", key], message }];
  });
}

/** Returns the conflicts in the `basic_auth` of the section at a path. */
export function basicAuthConflicts(path: readonly string[], section: unknown): Issue[] {
  const issues: Issue[] = [];
  const auth = field(section, "basic_auth");
  if (auth && !auth.username) {
    issues.push({ path: [...path, "basic_auth"], message: "expected a username, found none" });
  }
  if (auth?.password && auth.password_file) {
    const message = "expected password or password_file, found both";
    issues.push({ path: [...path, "basic_auth", "password_file"], message });
  }
  return issues;
}

function upstreamConflicts(pushgateway: Section): Issue[] {
  const path = ["pushgateway"];
  const issues = basicAuthConflicts(path, pushgateway);
  if (field(pushgateway, "tls_config") && pushgateway.scheme !== "https") {
    const message = `expected scheme: https beside it, found ${show(pushgateway.scheme)}`;
    issues.push({ path: [...path, "tls_config"], message });
  }
  return [...issues, ...tlsConflicts(path, pushgateway)];
}

/** Returns a section of the raw file; `undefined` if it is absent or not a map. */
export function field(raw: unknown, key: string): Section | undefined {
  if (typeof raw !== "object" || raw === null) return undefined;
  const value = (raw as Record<string, unknown>)[key];
  return typeof value === "object" && value !== null && !Array.isArray(value)
    ? value as Section
    : undefined;
}
