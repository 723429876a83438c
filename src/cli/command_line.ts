/** The command line: its flags and commands, and what each of them runs. @module */

import { Command, CommanderError, InvalidArgumentError, Option } from "commander";
import { runApp, type RunningApp } from "../service/app.ts";
import { type BuildInfo, showBuild } from "../build.ts";
import { sleep } from "../concurrency/backoff.ts";
import { readResolver } from "../discovery/dns/look_up.ts";
import type { RunningService } from "./ask.ts";
import { checkConfig } from "./check_config.ts";
import { drain } from "./drain.ts";
import { planOfFile, planOfService, renderForecast } from "./plan.ts";
import { renderScrapeConfig, setupOfFile, setupOfService, type Way } from "./prometheus_config.ts";
import { loadHttpClient } from "../config/http_client.ts";
import { ConfigError, loadConfig } from "../config/load.ts";
import { type ListenAddress, parseListenAddress } from "../config/values.ts";
import {
  errorText,
  faultFields,
  LOG_FORMATS,
  LOG_LEVELS,
  type LogFormat,
  type LogLevel,
  openLog,
} from "../log.ts";
import { placementKey } from "../group/group.ts";
import { parsePushPath } from "../group/push_path.ts";
import { type Member, parseMember } from "../member.ts";
import { HashRing } from "../ring/hash_ring.ts";

/** What the command line needs of the process that it runs in. */
export interface Host {
  readonly build: BuildInfo;
  readonly env: (name: string) => string | undefined;
  readonly stdin: ReadableStream<Uint8Array>;
  /** Writes text to standard output as it is. Rejects if nobody reads it any more. */
  readonly out: (text: string) => Promise<void>;
  /** Writes text to standard error. */
  readonly err: (text: string) => void;
  /** Whether standard error is a terminal. */
  readonly isTerminal: boolean;
  /** The width of that terminal in columns, as it is now. */
  readonly columns: () => number;
  /** Whether standard error is read by the systemd journal. */
  readonly isJournal: boolean;
  /** From this call on, SIGTERM and SIGINT abort the signal instead of ending the process. */
  readonly catchStop: () => AbortSignal;
  /** Called with the running service as soon as it listens, so that SIGHUP reloads it. */
  readonly onListening: (app: RunningApp) => void;
}

/** An error whose reason has been logged already. */
class LoggedError extends Error {}

const DEFAULT_CONFIG_FILE = "dynamic-sharding.yml";

/**
 * Runs one command line to its end.
 *
 * @returns the exit code: 0, or 1 after an error, whose reason was written to `host.err`
 */
export async function runCli(args: readonly string[], host: Host): Promise<number> {
  let printed = Promise.resolve();
  const print = (text: string) => void (printed = printed.then(() => host.out(text)));
  try {
    await createProgram(host, print).parseAsync(args, { from: "user" });
    await printed;
    return 0;
  } catch (error) {
    if (error instanceof CommanderError) { // it has printed the error or the help
      await printed;
      return error.exitCode === 0 ? 0 : 1;
    }
    if (error instanceof Deno.errors.BrokenPipe) return 1; // `… | head` has read enough
    if (error instanceof LoggedError) return 1;
    if (error instanceof ConfigError) host.err(`${error.problems.join("\n")}\n`);
    else host.err(`dynamic-sharding: ${errorText(error)}\n`);
    return 1;
  }
}

interface ServeFlags {
  readonly "config.file": string;
  readonly "web.listenAddress"?: ListenAddress;
  readonly "web.config.file"?: string;
  readonly "web.reusePort": boolean;
  readonly "web.enableLifecycle": boolean;
  readonly "web.enableAdminApi": boolean;
  readonly "log.level": LogLevel;
  readonly "log.format": LogFormat;
}

interface RingFlags {
  readonly "config.file"?: string;
  readonly member?: readonly Member[];
}

interface ServiceFlags {
  readonly url: string;
  readonly "http.config.file"?: string;
}

interface PlanFlags extends ServiceFlags {
  readonly add: readonly Member[];
  readonly remove: readonly Member[];
  readonly "config.file"?: string;
}

interface PrometheusConfigFlags extends ServiceFlags {
  /** The way that a flag has chosen. */
  readonly way?: Way;
  readonly vmagent: boolean;
  readonly "config.file"?: string;
}

function createProgram(host: Host, print: (text: string) => void): Command {
  const program = new Command("dynamic-sharding")
    .description("Spreads pushes over many Prometheus Pushgateways by consistent hashing.")
    .exitOverride()
    .configureOutput({
      writeOut: print,
      writeErr: host.err,
      getOutHelpWidth: () => 100,
      getErrHelpWidth: () => 100,
      getOutHasColors: () => false,
      getErrHasColors: () => false,
    })
    .version(showBuild(host.build), "--version", "print the version")
    .helpOption("-h, --help", "print this help")
    .helpCommand(false)
    .enablePositionalOptions()
    .option("--config.file <file>", "configuration file", DEFAULT_CONFIG_FILE)
    .option(
      "--web.listen-address <[host]:port>",
      "address to listen on, instead of the file's http_listen_addr",
      argument(parseListenAddress),
    )
    .addOption(webConfigFile())
    .option(
      "--web.reuse-port",
      "let other processes listen on the same address (Linux only; needs Consul or handoff.enabled: false)",
      false,
    )
    .option("--web.enable-lifecycle", "enable reloads by POST /-/reload", false)
    .option(
      "--web.enable-admin-api",
      "enable the API endpoints that wipe or drain Pushgateways",
      false,
    )
    .addOption(
      new Option("--log.level <level>", "only log lines of this level or above").choices(LOG_LEVELS)
        .default(
          "info",
        ),
    )
    .addOption(
      new Option("--log.format <format>", "format of the log").choices(LOG_FORMATS).default(
        "logfmt",
      ),
    )
    .allowExcessArguments()
    .action((flags: ServeFlags, { args: [unknown] }: Command) => {
      if (unknown === undefined) return serve(flags, host);
      const known = program.commands.map((command) => command.name());
      program.error(`error: expected ${known.join(", ")} or nothing, found ${unknown}`);
    });

  program.command("check-config")
    .description(
      "check a configuration file, and print each problem with its place",
    )
    .argument("<file>", "the file to check")
    .addOption(webConfigFile())
    .action(async (file: string, flags: Pick<ServeFlags, "web.config.file">) => {
      // Before the command's name it is a flag of the program.
      const webFile = flags["web.config.file"] ?? program.opts<ServeFlags>()["web.config.file"];
      const { own, web } = await checkConfig(file, {
        ...(webFile && { webFile }),
        env: host.env,
        onNotice: (text) => host.err(`${text}\n`),
        resolver: readResolver,
      });
      await host.out(`${file} is valid: ${own}\n`);
      if (web) await host.out(`${webFile} is valid: ${web}\n`);
    });

  program.command("drain")
    .description(
      "drain a member: have its groups moved to other members, and wait until it is empty",
    )
    .argument("<member>", "the member, as HOST:PORT", argument((text) => parseMember(text)))
    .addOption(serviceUrl())
    .addOption(httpConfigFile())
    .option("--undo", "undo the drain: the member joins again", false)
    .action(async (member: Member, { undo, ...flags }: ServiceFlags & { undo: boolean }) => {
      const { out, err, isTerminal, columns } = host;
      const service = await serviceOf(flags, host);
      await drain({ service, member, undo, out, err, sleep, ...(isTerminal && { columns }) });
    });

  program.command("plan")
    .description(
      "print how many groups would move if members were added or removed, without any change",
    )
    .option("--add <host:port>", "a member to add; can be repeated", members, [])
    .option("--remove <host:port>", "a member to remove; can be repeated", members, [])
    .addOption(serviceUrl())
    .addOption(httpConfigFile())
    .addOption(
      new Option(
        "--config.file <file>",
        "read the servers of this file as they are now, instead of asking a service",
      ).conflicts(["url", "http.config.file"]),
    )
    .action(async (flags: PlanFlags) => {
      const { add, remove } = flags;
      if (add.length + remove.length === 0) {
        throw new TypeError("expected --add or --remove, found neither");
      }
      const file = flags["config.file"];
      const plan = file
        ? await planOfFile(file, { add, remove }, host.env)
        : await planOfService(await serviceOf(flags, host), { add, remove });
      await host.out(renderForecast(plan));
    });

  program.command("prometheus-config")
    .description("print a scrape configuration for Prometheus, without secrets")
    .addOption(
      new Option("--consul", "find the Pushgateways in Consul (default where it is configured)")
        .conflicts(["httpSd", "pushed"]).implies({ way: "consul" }),
    )
    .addOption(
      new Option(
        "--http-sd",
        "find the Pushgateways through /sd of the service (default otherwise)",
      )
        .conflicts("pushed").implies({ way: "http-sd" }),
    )
    .addOption(
      new Option("--pushed", "scrape the metrics of all Pushgateways from /pushed of the service")
        .implies({ way: "pushed" }),
    )
    .option("--vmagent", "print a configuration for VictoriaMetrics and vmagent", false)
    .addOption(serviceUrl())
    .addOption(httpConfigFile())
    .addOption(
      new Option(
        "--config.file <file>",
        "read this configuration file, instead of asking a service",
      )
        .conflicts(["url", "http.config.file"]),
    )
    .action(async ({ way, vmagent, ...flags }: PrometheusConfigFlags) => {
      const file = flags["config.file"];
      const setup = file
        ? await setupOfFile(file, host.env)
        : await setupOfService(await serviceOf(flags, host));
      await host.out(renderScrapeConfig(setup, { ...(way && { way }), vmagent }));
    });

  program.command("ring")
    .description("print PATH<TAB>OWNER for push paths, without network access")
    .argument(
      "<paths...>",
      'paths, percent-encoded as in a URL; "-" reads them from standard input',
    )
    .addOption(
      new Option(
        "--config.file <file>",
        `configuration file whose servers are the members (default: "${DEFAULT_CONFIG_FILE}")`,
      ).conflicts("member"),
    )
    .addOption(
      new Option("--member <host:port>", "a member; can be repeated")
        .argParser(members),
    )
    .action((paths: string[], flags: RingFlags) => {
      // Before the command's name it is a flag of the program.
      const file = flags["config.file"] ?? program.opts<ServeFlags>()["config.file"];
      return placePaths(paths, { file, members: flags.member }, host);
    });
  return program;
}

const DEFAULT_URL = "http://localhost:9292";

function serviceUrl(): Option {
  return new Option("--url <url>", "URL of the running service").default(DEFAULT_URL);
}

function httpConfigFile(): Option {
  return new Option(
    "--http.config.file <file>",
    "HTTP client configuration file, as of promtool: basic_auth and tls_config",
  );
}

async function serviceOf(
  { url, "http.config.file": file }: ServiceFlags,
  { env }: Host,
): Promise<RunningService> {
  return { url, ...(file && { http: await loadHttpClient(file, env) }) };
}

function webConfigFile(): Option {
  return new Option(
    "--web.config.file <file>",
    "configuration file that enables TLS, authentication and headers, as of exporter-toolkit",
  );
}

/** Collects the values of a flag that can be repeated. */
function members(text: string, before: readonly Member[] = []): Member[] {
  return [...before, argument((text) => parseMember(text))(text)];
}

/** Wraps a parser so that commander's error names the flag. */
function argument<T>(parse: (text: string) => T): (text: string) => T {
  return (text) => {
    try {
      return parse(text);
    } catch (error) {
      throw new InvalidArgumentError(errorText(error));
    }
  };
}

async function serve(flags: ServeFlags, host: Host): Promise<void> {
  const log = openLog({
    level: flags["log.level"],
    format: flags["log.format"],
    priorities: host.isJournal,
    write: host.err,
  });
  const signal = host.catchStop();
  const listen = flags["web.listenAddress"];
  const webFile = flags["web.config.file"];
  let listening = false;
  const running = runApp({
    configFile: flags["config.file"],
    ...(listen && { listen }),
    ...(webFile && { webConfigFile: webFile }),
    reusePort: flags["web.reusePort"],
    enableLifecycle: flags["web.enableLifecycle"],
    enableAdminApi: flags["web.enableAdminApi"],
    env: host.env,
    build: host.build,
    log,
    onListening(app) {
      listening = true;
      host.onListening(app);
    },
  }, signal);
  try {
    await running;
  } catch (error) {
    // What an operator can correct, such as a wrong file, fails before the service listens.
    if (listening) log.error("service ends by an internal error", faultFields(error));
    else if (host.isTerminal) throw error; // it is shown to an operator instead of logged
    else if (error instanceof ConfigError) {
      for (const problem of error.problems) log.error("configuration not loaded", { problem });
    } else log.error("service cannot start", { err: errorText(error) });
    throw new LoggedError();
  }
  log.info("stopped");
}

/** @throws {TypeError} if a Pushgateway would refuse a path, after all other paths have been placed */
async function placePaths(
  paths: readonly string[],
  { file, members }: { file: string; members?: readonly Member[] },
  host: Host,
): Promise<void> {
  const config = members
    ? { servers: members, nameScheme: "legacy" as const }
    : await loadConfig(file, host.env, () => {});
  if (config.servers.length === 0) {
    throw new TypeError(
      `${file}: expected pushgateway.servers, found none; or name members with --member`,
    );
  }
  const ring = HashRing.of(new Map(config.servers.map((member) => [member, 1])));
  let refused = 0;
  for await (const batch of pathsOf(paths, host.stdin)) {
    let placed = "";
    for (const path of batch) {
      const parsed = parsePushPath(path.replace(/\?.*$/s, ""), config.nameScheme);
      if (parsed.kind === "group") {
        placed += `${path}\t${ring.ownerOf(placementKey(parsed.group))}\n`;
        continue;
      }
      refused++;
      const reason = parsed.status === 404
        ? "expected a path that begins with /metrics/job/"
        : parsed.reason;
      host.err(`${path}: ${reason}\n`);
    }
    await host.out(placed);
  }
  if (refused > 0) throw new TypeError(`a Pushgateway would refuse ${refused} of these paths`);
}

/** Yields the paths in batches: the arguments, with the lines of standard input instead of a `-`. */
async function* pathsOf(
  paths: readonly string[],
  stdin: ReadableStream<Uint8Array>,
): AsyncGenerator<readonly string[]> {
  for (const path of paths) {
    if (path === "-") yield* lineBatches(stdin);
    else yield [path];
  }
}

async function* lineBatches(input: ReadableStream<Uint8Array>): AsyncGenerator<readonly string[]> {
  const decoder = new TextDecoder();
  let rest = "";
  const lines = (text: string) =>
    text.split("\n").map((line) => line.replace(/\r$/, "")).filter((line) => line !== "");
  for await (const chunk of input) {
    const text = rest + decoder.decode(chunk, { stream: true });
    const end = text.lastIndexOf("\n") + 1;
    rest = text.slice(end);
    yield lines(text.slice(0, end));
  }
  yield lines(rest + decoder.decode());
}
