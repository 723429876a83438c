/**
 * Wires the rooms together into one running service. Everything is made here and handed in, so that
 * two services can run in one process.
 *
 * @module
 */

import type { Config } from "./config/config.ts";
import type { ConsulConfig } from "./config/consul.ts";
import { ConfigError, loadConfig } from "./config/load.ts";
import { redirectNotices } from "./config/notices.ts";
import { type ListenAddress, showListenAddress } from "./config/values.ts";
import { type ConsulClient, openConsul } from "./consul/client.ts";
import { keepRegistered } from "./consul/registration.ts";
import { consulDiscovery } from "./discovery/consul.ts";
import { createDeadlines, type Deadlines } from "./deadlines.ts";
import type { Discovery } from "./discovery/discovery.ts";
import { staticDiscovery } from "./discovery/static.ts";
import { createAdmin } from "./http/admin.ts";
import { createFailureLog } from "./http/failure_log.ts";
import { createProxy } from "./http/proxy.ts";
import { createHandler, type ReloadOutcome } from "./http/routes.ts";
import { listen } from "./http/server.ts";
import type { Snapshot } from "./http/snapshot.ts";
import { createInbox } from "./inbox.ts";
import { errorText, type Logger } from "./log.ts";
import type { Member } from "./member.ts";
import { narrateMembership, narrateRing } from "./membership/narrate.ts";
import { createProbe } from "./membership/probe.ts";
import { planRegistration } from "./membership/registration_plan.ts";
import { UNKNOWN_MEMBERSHIP, withoutSource } from "./membership/state.ts";
import { watchMembership } from "./membership/watch.ts";
import { type BuildInfo, createMetrics } from "./metrics.ts";
import { openTransport, type Transport } from "./pushgateway/transport.ts";
import { HashRing } from "./ring/hash_ring.ts";
import { runGroup } from "./run_group.ts";
import { createWake } from "./wake.ts";

/** What one service is started with. */
export interface AppOptions {
  readonly configFile: string;
  /** Overrides the file's `http_listen_addr`. */
  readonly listen?: ListenAddress;
  /** Whether `POST /-/reload` is answered. */
  readonly enableLifecycle: boolean;
  /** Whether `PUT /api/v1/admin/wipe` is answered. */
  readonly enableAdminApi: boolean;
  /** Reads an environment variable. */
  readonly env: (name: string) => string | undefined;
  readonly build: BuildInfo;
  readonly log: Logger;
  /** Called once the service listens. */
  readonly onListening?: (app: RunningApp) => void;
}

/** A service that listens. */
export interface RunningApp {
  readonly address: Deno.NetAddr;
  /** Loads the file again and applies it; a bad file changes nothing. Never throws. */
  reload(): Promise<ReloadOutcome>;
}

/** One configuration and what is open for as long as it holds. */
interface Term extends Disposable {
  readonly config: Config;
  readonly consul?: ConsulClient;
  /** For pushes. */
  readonly transport: Transport;
  /** For probes, which must not wait behind pushes. */
  readonly probeTransport: Transport;
  /** For the members' API, whose answers are large. */
  readonly apiTransport: Transport;
}

const PROBE_LIMITS = { idleMax: 1, answerBytesMax: 65_536 };
/** 100,000 groups of five series are 135 MB of JSON. */
const API_LIMITS = { idleMax: 1, answerBytesMax: 2 ** 30 };
/** What a Pushgateway answers to a push is a line. */
const PUSH_ANSWER_BYTES_MAX = 1_048_576;

/**
 * Runs the service until the signal aborts: it then answers what is in flight and ends.
 *
 * @throws {ConfigError} where the file is wrong at the start
 * @throws where the address cannot be listened on
 */
export async function runApp(options: AppOptions, signal: AbortSignal): Promise<void> {
  const { log } = options;
  const metrics = createMetrics(options.build);
  using deadlines = createDeadlines();
  let term = await openTerm(options, deadlines);
  metrics.configLoaded(true);

  const refusals = createInbox<Member>();
  const probeFailures = new Map<Member, string>();
  const replaced = createWake();
  let snapshot: Snapshot = { membership: UNKNOWN_MEMBERSHIP, ring: HashRing.of(new Map()) };
  /** The servers as they were last brought into Consul: registration acts on the difference. */
  let registered = term.config.servers;

  /** One configuration after the other; each hands what it knows of the members to the next. */
  async function runTerms(signal: AbortSignal): Promise<void> {
    let source = term.config.consul;
    while (!signal.aborted) {
      using running = term;
      if (!sameSource(source, running.config.consul)) {
        snapshot = { ...snapshot, membership: withoutSource(snapshot.membership) };
      }
      source = running.config.consul;
      for (const notice of redirectNotices(running.config)) log.warn(notice);
      const tasks = [
        watcher(running),
        registrar(running),
        (signal: AbortSignal) => replaced.wait(signal),
      ];
      await runGroup(tasks.filter((task) => task !== undefined), signal);
    }
  }

  function watcher({ config, consul, probeTransport }: Term) {
    const source = consul?.url ?? options.configFile;
    return (signal: AbortSignal) =>
      watchMembership({
        discovery: discoveryOf({ config, consul }, log),
        configured: config.servers,
        probe: createProbe(probeTransport, (member, why) => probeFailures.set(member, why)),
        refusals: refusals.take,
        random: Math.random,
        initial: snapshot,
        onMembership(membership, change) {
          snapshot = { ...snapshot, membership };
          metrics.membershipChanged(membership);
          const probeFailure = (member: Member) => probeFailures.get(member);
          narrateMembership(membership, change, { log, source, probeFailure });
        },
        onRing(ring) {
          narrateRing(ring, snapshot.ring, log);
          snapshot = { ...snapshot, ring };
          metrics.ringBuilt(ring);
        },
      }, signal);
  }

  function registrar({ config, consul, probeTransport }: Term) {
    if (!config.consul || !consul) return undefined;
    const { serviceName, check } = config.consul;
    const { servers, upstream } = config;
    const probe = createProbe(probeTransport);
    const [added, removed] = [without(servers, registered), without(registered, servers)];
    return (signal: AbortSignal) =>
      keepRegistered({
        consul,
        serviceName,
        check,
        upstream,
        configured: servers,
        added,
        removed,
        onBrought: () => registered = servers,
        plan: () => planRegistration(snapshot.membership, servers),
        answers: async (member, signal) => await probe(member, signal) === "ok",
        random: Math.random,
        log,
      }, signal);
  }

  async function reload(): Promise<ReloadOutcome> {
    try {
      const next = await openTerm(options, deadlines);
      if (showListenAddress(next.config.listen) !== showListenAddress(term.config.listen)) {
        log.warn("http_listen_addr has changed, which takes a restart");
      }
      term = next;
    } catch (error) {
      metrics.configLoaded(false);
      const problems = error instanceof ConfigError ? error.problems : [errorText(error)];
      for (const problem of problems) {
        log.error("configuration not reloaded, the running one stays", { problem });
      }
      return { ok: false, problems };
    }
    metrics.configLoaded(true);
    log.info("configuration reloaded", { file: options.configFile });
    replaced.raise();
    return { ok: true };
  }

  // One reload at a time: each compares the file with the configuration that the last one left.
  let lastReload: Promise<unknown> = Promise.resolve();
  const queueReload = () => {
    const outcome = lastReload.then(reload);
    lastReload = outcome;
    return outcome;
  };

  const now = () => performance.now();
  const handler = createHandler({
    snapshot: () => snapshot,
    config: () => term.config,
    proxy: createProxy({
      snapshot: () => snapshot,
      way: () => {
        const { transport, config: { proxy: limits, upstream } } = term;
        return { transport, limits, ownCredentials: upstream.basicAuth !== undefined };
      },
      onRefused: refusals.put,
      deadlines,
      metrics,
      failures: createFailureLog({ log, metrics, now }),
    }),
    awaitsDiscovery: () => term.config.consul !== undefined && !snapshot.membership.known,
    admin: createAdmin({
      snapshot: () => snapshot,
      way: () => ({ transport: term.apiTransport, timeoutMs: term.config.proxy.timeoutMs }),
      log,
    }),
    enableAdminApi: options.enableAdminApi,
    metrics,
    ...(options.enableLifecycle && { reload: queueReload }),
    log,
    now,
  });
  const server = listen(options.listen ?? term.config.listen, handler);
  log.info("listening", { address: showListenAddress(server.address), ...options.build });
  options.onListening?.({ address: server.address, reload: queueReload });
  await runGroup([(signal) => server.run(signal), runTerms], signal);
}

async function openTerm({ configFile, env }: AppOptions, deadlines: Deadlines): Promise<Term> {
  const config = await loadConfig(configFile, env);
  const { upstream, proxy } = config;
  const pushLimits = { idleMax: proxy.inFlightMax, answerBytesMax: PUSH_ANSWER_BYTES_MAX };
  const open = (limits: typeof pushLimits) => openTransport(upstream, { ...limits, deadlines });
  using stack = new DisposableStack();
  const consul = config.consul && stack.use(await openConsul(config.consul));
  const transport = stack.use(await open(pushLimits));
  const probeTransport = stack.use(await open(PROBE_LIMITS));
  const apiTransport = stack.use(await open(API_LIMITS));
  const opened = stack.move();
  return {
    config,
    ...(consul && { consul }),
    transport,
    probeTransport,
    apiTransport,
    [Symbol.dispose]: () => opened.dispose(),
  };
}

function discoveryOf({ config, consul }: Pick<Term, "config" | "consul">, log: Logger): Discovery {
  if (!config.consul || !consul) return staticDiscovery(config.servers);
  return consulDiscovery({
    consul,
    service: config.consul.serviceName,
    random: Math.random,
    onBadEntry: (id, cause) =>
      log.warn("instance in Consul cannot be a member", { id, err: errorText(cause) }),
  });
}

/** Whether two configurations learn their members from the same place. */
function sameSource(a: ConsulConfig | undefined, b: ConsulConfig | undefined): boolean {
  const source = (consul: ConsulConfig | undefined) =>
    consul && [consul.scheme, consul.hostname, consul.port, consul.datacenter, consul.serviceName];
  return JSON.stringify(source(a)) === JSON.stringify(source(b));
}

function without(members: readonly Member[], others: readonly Member[]): Member[] {
  return members.filter((member) => !others.includes(member));
}
