/**
 * `dynamic-sharding check-config`: prints what is wrong with a file, and notices about a valid one.
 *
 * @module
 */

import { isIP } from "node:net";
import { deadline } from "../concurrency/deadline.ts";
import type { Config } from "../config/config.ts";
import { together } from "../config/files.ts";
import { ConfigError, loadPlacedConfig, type PlacedConfig } from "../config/load.ts";
import { lockNotice, redirectNotices } from "../config/notices.ts";
import type { FileSdConfig } from "../config/sources.ts";
import { type LoadedWeb, loadWebConfig } from "../config/web_config.ts";
import { lookUp } from "../discovery/dns/look_up.ts";
import type { ResolverConfig } from "../discovery/dns/resolv_conf.ts";
import { listFiles, readTargets } from "../discovery/file.ts";
import { errorText } from "../log.ts";
import { type Member, splitMember } from "../member.ts";

/** What checking needs. */
export interface CheckDeps {
  /** The web configuration file that is used together with the file. Absent: none is checked. */
  readonly webFile?: string;
  readonly env: (name: string) => string | undefined;
  /** Called with notices, which do not make the file invalid. */
  readonly onNotice: (text: string) => void;
  /** Returns how names are looked up. */
  readonly resolver: () => Promise<ResolverConfig>;
}

/** A summary of each valid file. */
export interface CheckSummary {
  /** The source of the members. */
  readonly own: string;
  /** The protection by the web configuration. */
  readonly web?: string;
}

/** The timeout of DNS, which is only used for a notice. */
const LOOK_UPS_MS_MAX = 1_000;
/** The most names to look up: each uses sockets of its own, all at once. */
const LOOK_UPS_MAX = 100;

/**
 * Checks a configuration file, and the files of targets that it names.
 *
 * @throws {ConfigError} with every problem found
 */
export async function checkConfig(
  file: string,
  { webFile, env, onNotice, resolver }: CheckDeps,
): Promise<CheckSummary> {
  const loadWeb = async () => webFile ? await loadWebConfig(webFile, { env, onNotice }) : undefined;
  const [placed, web] = await together(loadPlacedConfig(file, env, onNotice), loadWeb());
  const { config } = placed;
  for (const text of web?.config.notices ?? []) onNotice(text);
  const lone = lockNotice(config);
  for (const text of [...redirectNotices(config, web?.config), ...lone ? [lone] : []]) {
    onNotice(`${file}: ${text}`);
  }
  for (const text of await manyAddresses(placed, resolver)) onNotice(text);
  return { own: await sourceOf(config, onNotice), ...(web && { web: describeWeb(web) }) };
}

function describeWeb({ config: { tls, users } }: LoadedWeb): string {
  return `${tls ? `TLS, ${tls.clientAuth}` : "no TLS"}, users: ${users.size}`;
}

async function sourceOf(
  { consul, dnsSd, fileSd, servers }: Config,
  onNotice: (text: string) => void,
): Promise<string> {
  if (dnsSd) return `members from DNS, ${dnsSd.type} of ${dnsSd.names.join(", ")}`;
  if (fileSd) {
    const members = await checkTargets(fileSd, onNotice);
    return `members from files, ${members.size} of them now`;
  }
  const source = consul ? `members from Consul's service ${consul.serviceName}` : "static";
  return `servers: ${servers.length}, ${source}`;
}

/** A missing file may be created later. An invalid one would be rejected. */
async function checkTargets(
  config: FileSdConfig,
  onNotice: (text: string) => void,
): Promise<ReadonlySet<Member>> {
  const members = new Set<Member>();
  const problems: string[] = [];
  for (const pattern of config.files) {
    let files: readonly string[] = [];
    try {
      files = await listFiles(pattern);
      if (files.length === 0) onNotice(`${pattern}: no such file yet`);
    } catch (error) {
      onNotice(errorText(error));
    }
    for (const file of files) {
      try {
        for (const member of (await readTargets(file, config)).keys()) members.add(member);
      } catch (error) {
        if (!(error instanceof ConfigError)) throw error;
        if (error.cause instanceof Deno.errors.NotFound) onNotice(`${file}: no such file yet`);
        else problems.push(...error.problems);
      }
    }
  }
  if (problems.length > 0) throw new ConfigError(problems);
  return members;
}

/** Returns notices about servers whose name currently has several addresses in DNS. */
async function manyAddresses(
  { config: { servers, consul }, placeOf }: PlacedConfig,
  resolver: CheckDeps["resolver"],
): Promise<string[]> {
  using late = deadline(LOOK_UPS_MS_MAX);
  const named = servers.map((server, index) => ({ ...splitMember(server), index }))
    .filter(({ host }) => !isIP(host)).slice(0, LOOK_UPS_MAX);
  const lines = await Promise.all(named.map(async ({ host, port, index }) => {
    const count = async (type: "A" | "AAAA") => {
      try {
        return (await lookUp({ name: host, type }, await resolver(), late.signal)).records.length;
      } catch {
        return 0; // without DNS there is no notice
      }
    };
    const [v4, v6] = await Promise.all([count("A"), count("AAAA")]);
    // One address of each type is one host.
    if (Math.max(v4, v6) < 2) return [];
    const [type, addresses] = v4 >= v6 ? ["A", v4] : ["AAAA", v6];
    const remedy = consul
      ? "name each of them"
      : `write instead of pushgateway.servers: dns_sd: {names: [${host}], type: ${type}, port: ${port}}`;
    return [
      `${placeOf(["pushgateway", "servers", index])}: pushgateway.servers[${index}]: ${host} has ` +
      `${addresses} addresses and counts as one Pushgateway; if it is several, ${remedy}`,
    ];
  }));
  return lines.flat();
}
