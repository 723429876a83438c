/**
 * Reads the configuration file: it turns YAML into a {@linkcode Config}, or into problems with their places.
 *
 * @module
 */

import type { Config, HandoffConfig, ProxyConfig } from "./config.ts";
import { type ConsulConfig, resolveConsul } from "./consul.ts";
import { type Environment, locator, readText, withoutCredentials } from "./files.ts";
import { fileProblems } from "./named_files.ts";
import { type ConfigFile, parseConfigFile } from "./schema.ts";
import { resolveDnsSd, resolveFileSd } from "./sources.ts";
import { resolveUpstream } from "./upstream.ts";
import { DEFAULT_BODY_BYTES_MAX, type ListenAddress } from "./values.ts";
import { ConfigError, readYaml } from "./yaml.ts";

export { ConfigError };

/** A Pushgateway with 10,000 groups takes 5 s for a push if 16 arrive at once. */
const DEFAULT_PROXY: ProxyConfig = {
  bodyBytesMax: DEFAULT_BODY_BYTES_MAX,
  timeoutMs: 30_000,
  bodyMemoryMax: 256 * 1_024 ** 2,
  inFlightMax: 256,
};
const DEFAULT_HANDOFF: HandoffConfig = {
  enabled: true,
  sweepIntervalMs: 60_000,
  sweepTimeoutMs: 30_000,
  memoryMax: 128 * 1_024 ** 2,
};

/** The context for reading a text. */
export interface ConfigContext {
  /** The file's name, for problems and to find the files that it names. */
  readonly path: string;
  readonly env: Environment;
}

const DEFAULT_LISTEN: ListenAddress = { hostname: "", port: 9292 };

/** A configuration, and the places of its keys. */
export interface PlacedConfig {
  readonly config: Config;
  /** Returns `file:line:column` of a value; the file alone if the value is not in it. */
  readonly placeOf: (keys: readonly PropertyKey[]) => string;
}

/**
 * Loads and checks a configuration file.
 *
 * @param path the YAML file; the names of files in it are relative to it
 * @param env reads an environment variable (`CONSUL_HTTP_*`), which completes the file
 * @param onNotice called with what is valid but noteworthy, for example a file that only the service can
 *   find. Absent: such a file is a problem.
 * @throws {ConfigError} with every problem found, without secrets
 */
export async function loadConfig(
  path: string,
  env: Environment,
  onNotice?: (notice: string) => void,
): Promise<Config> {
  return (await loadPlacedConfig(path, env, onNotice)).config;
}

/** Does the same as {@linkcode loadConfig}, and returns the places of keys. */
export async function loadPlacedConfig(
  path: string,
  env: Environment,
  onNotice?: (notice: string) => void,
): Promise<PlacedConfig> {
  const text = await readText(path);
  const placed = readConfig(text, { path, env: onNotice ? withoutCredentials(env) : env });
  const { config, placeOf } = placed;
  const problems = await fileProblems(config, { placeOf, ...(onNotice && { onNotice }) });
  if (problems.length > 0) throw new ConfigError(problems);
  return placed;
}

/**
 * Checks the text of a configuration file, but not the files that it names.
 *
 * @throws {ConfigError} with every problem found
 *
 * @example
 * ```ts
 * import { parseConfig } from "./load.ts";
 * import assert from "node:assert/strict";
 *
 * const config = parseConfig("pushgateway: {port: 9091, servers: [10.0.0.1]}", {
 *   path: "dynamic-sharding.yml",
 *   env: () => undefined,
 * });
 * assert.deepEqual(config.servers, ["10.0.0.1:9091"]);
 * ```
 */
export function parseConfig(text: string, context: ConfigContext): Config {
  return readConfig(text, context).config;
}

function readConfig(text: string, { path, env }: ConfigContext): PlacedConfig {
  const yaml = readYaml(text, path);
  const { config, issues } = parseConfigFile(yaml.value);
  if (!config) throw yaml.error(issues);
  return { config: toConfig(config, { path, env }), placeOf: yaml.placeOf };
}

function toConfig(file: ConfigFile, { path, env }: ConfigContext): Config {
  const locate = locator(path, env);
  let consul: ConsulConfig | undefined;
  try {
    consul = file.consul_server && resolveConsul(file.consul_server, env, locate);
  } catch (cause) {
    throw new ConfigError([`${path}: ${(cause as Error).message}`], { cause });
  }
  const bodyBytesMax = file.proxy?.body_size_limit ?? DEFAULT_PROXY.bodyBytesMax;
  return {
    listen: file.http_listen_addr ?? DEFAULT_LISTEN,
    ...(consul && { consul }),
    ...(file.dns_sd && { dnsSd: resolveDnsSd(file.dns_sd) }),
    ...(file.file_sd && {
      fileSd: resolveFileSd(file.file_sd, { port: file.pushgateway?.port, locate }),
    }),
    servers: file.members,
    nameScheme: file.pushgateway?.enable_utf8_names ? "utf8" : "legacy",
    mode: file.mode ?? "redirect",
    redirectUserAgents: file.redirect_user_agents,
    proxy: {
      bodyBytesMax,
      timeoutMs: file.proxy?.timeout ?? DEFAULT_PROXY.timeoutMs,
      bodyMemoryMax: file.proxy?.body_memory_limit ??
        Math.max(DEFAULT_PROXY.bodyMemoryMax, bodyBytesMax),
      inFlightMax: file.proxy?.max_in_flight ?? DEFAULT_PROXY.inFlightMax,
    },
    handoff: {
      enabled: file.handoff?.enabled ?? DEFAULT_HANDOFF.enabled,
      sweepIntervalMs: file.handoff?.sweep_interval ?? DEFAULT_HANDOFF.sweepIntervalMs,
      sweepTimeoutMs: file.handoff?.sweep_timeout ?? DEFAULT_HANDOFF.sweepTimeoutMs,
      memoryMax: file.handoff?.memory_limit ?? DEFAULT_HANDOFF.memoryMax,
    },
    upstream: resolveUpstream(file.pushgateway, locate),
  };
}
