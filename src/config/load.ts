/** Reads the configuration file: YAML in, a {@linkcode Config} or every problem with its place out. @module */

import { closest, distance } from "fastest-levenshtein";
import { dirname, isAbsolute, resolve } from "node:path";
import { type Document, isMap, isNode, isScalar, LineCounter, parseDocument, visit } from "yaml";
import type { Config, HandoffConfig, ProxyConfig } from "./config.ts";
import { type ConsulConfig, resolveConsul } from "./consul.ts";
import type { Issue } from "./fields.ts";
import { CREDENTIAL, fileProblems, readFailure } from "./named_files.ts";
import { type ConfigFile, keysAt, parseConfigFile } from "./schema.ts";
import { resolveUpstream } from "./upstream.ts";
import { DEFAULT_BODY_BYTES_MAX, type ListenAddress } from "./values.ts";

/** Every problem of one configuration file, each a line `file:line:column: what`. */
export class ConfigError extends Error {
  override readonly name = "ConfigError";
  readonly problems: readonly string[];

  constructor(problems: readonly string[], options?: ErrorOptions) {
    super(problems.join("\n"), options);
    this.problems = problems;
  }
}

/** A Pushgateway with 10,000 groups takes 5 s for a push when 16 arrive at once. */
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
/** What a text is read with. */
export interface ConfigContext {
  /** The file's name, for problems and for the files that it names. */
  readonly path: string;
  readonly env: (name: string) => string | undefined;
}

const DEFAULT_LISTEN: ListenAddress = { hostname: "", port: 9292 };
const ALIAS_PROBLEM =
  "expected a value, found an alias (*) of no anchor; quote a text that starts with *";
const TAG_PROBLEM = "expected a value, found a tag (!) of no type; quote a text that starts with !";
/** A key further from every known one than this, or than half of it, is no misspelling of it. */
const TYPO_DISTANCE_MAX = 3;

/**
 * Loads and checks a configuration file.
 *
 * @param path the YAML file; files that it names are looked for beside it
 * @param env reads an environment variable (`CONSUL_HTTP_*`), which fills in what the file leaves out
 * @param onNotice is told what is no problem and should be known, as of a file that only the service
 *   itself can find; absent: such a file is a problem
 * @throws {ConfigError} with every problem found; no secret is in it
 */
export async function loadConfig(
  path: string,
  env: (name: string) => string | undefined,
  onNotice?: (notice: string) => void,
): Promise<Config> {
  let text: string;
  try {
    text = await Deno.readTextFile(path);
  } catch (cause) {
    throw new ConfigError([`${path}: ${readFailure(cause)}`], { cause });
  }
  // systemd 252 hides them from the unit's own ExecReload, too.
  const visible = (name: string) =>
    onNotice && name === "CREDENTIALS_DIRECTORY" ? undefined : env(name);
  const { config, placeOf } = readConfig(text, { path, env: visible });
  const problems = await fileProblems(config, { placeOf, ...(onNotice && { onNotice }) });
  if (problems.length > 0) throw new ConfigError(problems);
  return config;
}

/**
 * Checks the text of a configuration file, without looking at the files it names.
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

/** @returns the configuration, and where each key of it stands */
function readConfig(
  text: string,
  { path, env }: ConfigContext,
): { config: Config; placeOf: (keys: readonly string[]) => string } {
  const lines = new LineCounter();
  // Every scalar stays the text that was written: a password of digits keeps its leading zeros.
  const document = parseDocument(text, {
    schema: "failsafe",
    customTags: ["null"],
    merge: true,
    lineCounter: lines,
    prettyErrors: false,
  });
  const place = (offset: number) => {
    const { line, col } = lines.linePos(offset);
    return `${path}:${line}:${col}`;
  };
  // The parser only warns of a tag that it does not know, and drops it: `!abc` would be no password.
  const unknownTags = document.warnings.filter(({ code }) => code === "TAG_RESOLVE_FAILED");
  const errors = [...document.errors, ...unknownTags].sort((a, b) => a.pos[0] - b.pos[0]);
  if (errors.length > 0) {
    throw new ConfigError(
      errors.map((error) => `${place(error.pos[0])}: ${yamlProblem(error)}`),
    );
  }
  const { config, issues } = parseConfigFile(plainValue(document, place));
  if (!config) {
    const placed = issues.map((issue) => ({ issue, offset: offsetOf(document, issue) }));
    placed.sort((a, b) => a.offset - b.offset);
    throw new ConfigError(
      placed.map(({ issue, offset }) =>
        `${place(offset)}: ${keyPath(issue)}${issue.message}${suggestion(issue)}`
      ),
    );
  }
  return {
    config: toConfig(config, { path, env }),
    placeOf: (keys) => document.hasIn(keys) ? place(offsetOf(document, { path: keys })) : path,
  };
}

function toConfig(file: ConfigFile, { path, env }: ConfigContext): Config {
  const locate = (name: string) => {
    if (!name.startsWith(CREDENTIAL)) return isAbsolute(name) ? name : resolve(dirname(path), name);
    const directory = env("CREDENTIALS_DIRECTORY");
    return directory ? `${directory}/${name.slice(CREDENTIAL.length)}` : name;
  };
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

/** The parser's own messages, less what they quote of the file: it may be a password. */
function yamlProblem({ code, message }: { code: string; message: string }): string {
  if (code === "BAD_ALIAS") return ALIAS_PROBLEM;
  if (code === "TAG_RESOLVE_FAILED") return TAG_PROBLEM;
  if (code === "MULTIPLE_DOCS") return "expected one YAML document, found several";
  return `expected YAML, found: ${message.replace(/(: .*| \\.*)$/s, "")}`;
}

function plainValue(document: Document, place: (offset: number) => string): unknown {
  visit(document, {
    Alias: (_, alias) => {
      if (alias.resolve(document)) return;
      throw new ConfigError([`${place(alias.range?.[0] ?? 0)}: ${ALIAS_PROBLEM}`]);
    },
  });
  try {
    return document.toJS() ?? undefined;
  } catch (cause) { // aliases that multiply without end
    throw new ConfigError([`${place(0)}: expected YAML, found: ${(cause as Error).message}`], {
      cause,
    });
  }
}

function offsetOf(document: Document, issue: Pick<Issue, "path" | "key">): number {
  const path = [...issue.path];
  for (;;) {
    const node = path.length === 0 ? document.contents : document.getIn(path, true);
    if (isMap(node) && issue.key !== undefined) {
      const pair = node.items.find(({ key }) => isScalar(key) && String(key.value) === issue.key);
      if (isScalar(pair?.key)) return pair.key.range?.[0] ?? 0;
    }
    if (isNode(node)) return node.range?.[0] ?? 0;
    if (path.length === 0) return 0;
    path.pop(); // a missing key is reported where its section begins
  }
}

function keyPath(issue: Issue): string {
  const path = issue.path.map((part) =>
    typeof part === "number" ? `[${part}]` : `.${String(part)}`
  );
  const text = path.join("").slice(1);
  return text === "" ? "" : `${text}: `;
}

function suggestion(issue: Issue): string {
  if (issue.key === undefined) return "";
  const keys = keysAt(issue.path);
  if (keys.length === 0) return "";
  const best = closest(issue.key, [...keys]);
  return distance(issue.key, best) <= Math.min(TYPO_DISTANCE_MAX, issue.key.length / 2)
    ? `, did you mean "${best}"?`
    : `, expected one of ${keys.join(", ")}`;
}
