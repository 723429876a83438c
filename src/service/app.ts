/**
 * Wires the rooms together into one running service. Everything is made here and handed in, so that
 * two services can run in one process.
 *
 * @module
 */

import type { BuildInfo } from "../build.ts";
import { ConfigError } from "../config/load.ts";
import { redirectNotices } from "../config/notices.ts";
import { type ListenAddress, showListenAddress } from "../config/values.ts";
import { keepRegistered } from "../consul/registration.ts";
import { sleep } from "../concurrency/backoff.ts";
import { createDeadlines } from "../concurrency/deadlines.ts";
import { openGateways } from "../handoff/gateways.ts";
import { createHandoff } from "../handoff/handoff.ts";
import { createAdmin } from "../http/api/admin.ts";
import { createFailureLog } from "../http/push/failure_log.ts";
import { createMembersApi } from "../http/api/members.ts";
import { createProxy } from "../http/push/proxy.ts";
import { readiness } from "../http/api/readiness.ts";
import { createHandler, type ReloadOutcome } from "../http/routes.ts";
import { listen, type Server } from "../http/server.ts";
import type { Snapshot } from "../http/snapshot.ts";
import { createInbox } from "../concurrency/inbox.ts";
import { createLeaving } from "./leaving.ts";
import { errorText, type Logger } from "../log.ts";
import type { Member } from "../member.ts";
import { narrateMembership, narrateRing } from "../membership/narrate.ts";
import { createProbe } from "../membership/probe.ts";
import { planRegistration } from "../membership/registration_plan.ts";
import { type MembershipEvent, UNKNOWN_MEMBERSHIP } from "../membership/membership.ts";
import { withoutSource } from "../membership/state.ts";
import { watchMembership } from "../membership/watch.ts";
import { createMetrics } from "../metrics/metrics.ts";
import { HashRing } from "../ring/hash_ring.ts";
import { openManager } from "./systemd.ts";
import { runGroup, type Task } from "../concurrency/run_group.ts";
import { type ConsulTerm, discoveryOf, openTerm, sameSource, type Term } from "./term.ts";
import { createWake } from "../concurrency/wake.ts";

/** A Consul that cannot be reached, or members that are down, do not keep the service from starting. */
const READY_MS_MAX = 10_000;

/** What one service is started with. */
export interface AppOptions {
  readonly configFile: string;
  /** Overrides the file's `http_listen_addr`. */
  readonly listen?: ListenAddress;
  /** Whether another process may listen on the same address: it is not taken before pushes can be. */
  readonly reusePort?: boolean;
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
  using manager = openManager({ env: options.env, pid: Deno.pid, log });
  const open = () => openTerm({ ...options, deadlines });
  let term = await open();
  metrics.configLoaded(true);

  const reports = createInbox<MembershipEvent>();
  const probeFailures = new Map<Member, string>();
  const replaced = createWake();
  const ready = new AbortController();
  const lookWhetherReady = () => {
    if (readiness(snapshot).ready) ready.abort();
  };
  let snapshot: Snapshot = { membership: UNKNOWN_MEMBERSHIP, ring: HashRing.of(new Map()) };
  /** The servers as they were last brought into Consul: registration acts on the difference. */
  let registered = term.config.servers;
  const leaving = createLeaving({
    consul: () => term.consul,
    tell: reports.put,
    random: Math.random,
    log,
  });
  const handoff = createHandoff({
    membership: () => snapshot.membership,
    ring: () => snapshot.ring,
    gateways: openGateways(() => {
      const { apiTransport: transport, config } = term;
      const { nameScheme, proxy, handoff: { sweepTimeoutMs: readTimeoutMs } } = config;
      return { transport, nameScheme, readTimeoutMs, writeTimeoutMs: proxy.timeoutMs };
    }, Date.now),
    locks: () => term.consul?.locks,
    tell: reports.put,
    metrics: metrics.handoff,
    log,
    random: Math.random,
    now: Date.now,
  });

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
      await runGroup([...tasksOf(running), (signal) => replaced.wait(signal)], signal);
    }
  }

  function tasksOf(running: Term): Task[] {
    const { config, consul } = running;
    const tasks = [watcher(running)];
    if (config.handoff.enabled) tasks.push((signal) => handoff.run(config.handoff, signal));
    if (consul) {
      tasks.push(registrar(running, consul), (signal) => leaving.follow(consul, signal));
      if (config.handoff.enabled) tasks.push((signal) => consul.locks.run(signal));
    }
    return tasks;
  }

  function watcher(running: Term): Task {
    const { config, consul, probeTransport } = running;
    const source = consul?.client.url ?? options.configFile;
    return async (signal) => {
      if (consul) await leaving.looked(signal);
      await watchMembership({
        discovery: discoveryOf(running, log),
        configured: config.servers,
        handoff: config.handoff.enabled,
        probe: createProbe(probeTransport, (member, why) => probeFailures.set(member, why)),
        reports: reports.take,
        random: Math.random,
        initial: snapshot,
        onMembership(membership, change) {
          snapshot = { ...snapshot, membership };
          metrics.membershipChanged(membership);
          handoff.membershipChanged(membership, change.previous);
          const probeFailure = (member: Member) => probeFailures.get(member);
          const groupsOf = (member: Member) => handoff.inventories.get(member)?.times.size;
          narrateMembership(membership, change, { log, source, probeFailure, groupsOf });
          lookWhetherReady();
        },
        onRing(ring) {
          narrateRing(ring, snapshot.ring, log);
          snapshot = { ...snapshot, ring };
          handoff.ringChanged(ring);
          metrics.ringBuilt(ring);
          lookWhetherReady();
        },
      }, signal);
    };
  }

  function registrar({ config, probeTransport }: Term, consul: ConsulTerm): Task {
    const { serviceName, check } = consul.config;
    const { servers, upstream } = config;
    const probe = createProbe(probeTransport);
    const [added, removed] = [without(servers, registered), without(registered, servers)];
    return (signal) =>
      keepRegistered({
        consul: consul.client,
        serviceName,
        check,
        upstream,
        configured: servers,
        added,
        removed,
        onBrought: () => registered = servers,
        markHere: leaving.markHere,
        plan: () => planRegistration(snapshot.membership, servers),
        answers: async (member, signal) => await probe(member, signal) === "ok",
        random: Math.random,
        log,
      }, signal);
  }

  async function reload(): Promise<ReloadOutcome> {
    try {
      const next = await open();
      if (showListenAddress(next.config.listen) !== showListenAddress(term.config.listen)) {
        log.warn("http_listen_addr has changed, which takes a restart");
      }
      // Whoever is put back into the file is wanted again.
      for (const member of without(next.config.servers, term.config.servers)) {
        leaving.unmarkHere(member);
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
    const outcome = lastReload.then(async () => {
      await manager.tell("RELOADING=1");
      const outcome = await reload();
      await manager.tell("READY=1");
      return outcome;
    });
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
      onRefused: (member) => reports.put({ kind: "probed", member, outcome: "refused" }),
      handoff,
      deadlines,
      metrics,
      failures: createFailureLog({ log, metrics, now }),
    }),
    handoff,
    members: createMembersApi({ snapshot: () => snapshot, handoff, mark: leaving.mark, log }),
    awaitsDiscovery: () => term.consul !== undefined && !snapshot.membership.known,
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

  /** Ends when pushes can be placed, or where that cannot be had yet. */
  const becomesReady = (signal: AbortSignal) =>
    sleep(READY_MS_MAX, AbortSignal.any([signal, ready.signal]));

  function listenNow(): Server {
    const { reusePort = false } = options;
    const address = options.listen ?? term.config.listen;
    const server = listen({ address, reusePort, log }, handler);
    log.info("listening", { address: showListenAddress(server.address), ...options.build });
    options.onListening?.({ address: server.address, reload: queueReload });
    return server;
  }

  async function inform(signal: AbortSignal): Promise<void> {
    await becomesReady(signal);
    if (!signal.aborted) await manager.tell("READY=1");
    await manager.keepAlive(signal);
    await manager.tell("STOPPING=1");
  }

  const early = options.reusePort ? undefined : listenNow();
  async function serve(signal: AbortSignal): Promise<void> {
    // Where the address is shared the kernel sends a part of the pushes at once.
    if (!early) await becomesReady(signal);
    if (signal.aborted) return;
    await runGroup([(early ?? listenNow()).run, inform], signal);
  }

  await runGroup([serve, runTerms], signal);
}

function without(members: readonly Member[], others: readonly Member[]): Member[] {
  return members.filter((member) => !others.includes(member));
}
