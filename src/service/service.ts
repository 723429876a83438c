/**
 * Wires the modules together into one service. Everything is created here or passed in, so that two services
 * can run in one process.
 *
 * @module
 */

import type { BuildInfo } from "../build.ts";
import type { Deadlines } from "../concurrency/deadlines.ts";
import { createInbox } from "../concurrency/inbox.ts";
import type { Task } from "../concurrency/run_group.ts";
import { runStages } from "../concurrency/run_stages.ts";
import type { Config } from "../config/config.ts";
import { configHash } from "../config/config_hash.ts";
import { ConfigError } from "../config/load.ts";
import { isProtected, lockNotice, redirectNotices } from "../config/notices.ts";
import { durationMs, showListenAddress } from "../config/values.ts";
import type { Discovery } from "../discovery/discovery.ts";
import { type GatewayWay, openGateways } from "../handoff/gateways.ts";
import { createHandoff, type Handoff } from "../handoff/handoff.ts";
import { createTellSharedSeries } from "../handoff/shared_series.ts";
import { createAdmin } from "../http/api/admin.ts";
import { answerEvents } from "../http/api/events.ts";
import { createGroupsApi } from "../http/api/groups.ts";
import { createLocate } from "../http/api/locate.ts";
import { createMembersApi } from "../http/api/members.ts";
import { createOverview } from "../http/api/overview.ts";
import { createPushed } from "../http/api/pushed.ts";
import { createSizes } from "../http/api/sizes.ts";
import { createPage } from "../http/page/page.ts";
import { createBcryptWorker } from "../http/guard/bcrypt_worker.ts";
import { createGuard } from "../http/guard/guard.ts";
import { createPasswords } from "../http/guard/passwords.ts";
import { createFailureLog } from "../http/push/failure_log.ts";
import { createPushCounts } from "../http/push/push_counts.ts";
import { createProxy } from "../http/push/proxy.ts";
import { createRedirectLog } from "../http/push/redirect_log.ts";
import { createHandler, type ReloadOutcome } from "../http/routes.ts";
import type { Handler } from "../http/message.ts";
import type { Tls } from "../http/server/tls/tls.ts";
import type { Snapshot } from "../http/snapshot.ts";
import { errorText, type Logger } from "../log.ts";
import { createHistory } from "../membership/history.ts";
import type { MembershipEvent } from "../membership/membership.ts";
import { createProbe } from "../membership/probe.ts";
import { watchMembership } from "../membership/watch.ts";
import type { Metrics } from "../metrics/metrics.ts";
import { createFollowAll } from "./followed.ts";
import { areInForce, changeToListed, listedMembers } from "./in_force.ts";
import { createLeaving } from "./leaving.ts";
import { createRegistrar, without } from "./registrar.ts";
import { discoveryOf, sameSource, sourceOf, type Term } from "./term.ts";
import { createTerms, type TermStart } from "./terms.ts";
import { createView, type View } from "./view.ts";

/** What a service needs. */
export interface ServiceDeps {
  /** The file that the configuration was read from, as the log names it. */
  readonly configFile: string;
  /**
   * Opens the configuration as it is now.
   *
   * @throws {ConfigError} if it is wrong
   */
  readonly open: (previous: Term) => Promise<Term>;
  /** Whether `POST /-/reload` is answered. */
  readonly enableLifecycle: boolean;
  /** Whether `PUT /api/v1/admin/wipe` is answered. */
  readonly enableAdminApi: boolean;
  /** The build of the program that runs. */
  readonly build: BuildInfo;
  /** Called before and after a reload. */
  readonly onReload: (state: "begins" | "ended") => Promise<void>;
  readonly deadlines: Deadlines;
  readonly metrics: Metrics;
  readonly random: () => number;
  readonly log: Logger;
}

/** One service. It serves while it runs. */
export interface Service {
  /** The configuration in force. */
  readonly config: Config;
  readonly view: Pick<View, "snapshot" | "watch">;
  readonly handler: Handler;
  /** Returns what the next connection is secured with. Absent if there is no web configuration. */
  readonly tls?: () => Tls | undefined;
  /** Loads the configuration again and applies it. A bad one changes nothing. Never throws. */
  reload(): Promise<ReloadOutcome>;
  /**
   * Runs until the signal aborts, or until `serve` ends. `serve` is stopped first, and ends when all requests
   * in flight are answered. Then the configuration is closed.
   *
   * @throws what `serve` throws
   */
  run(serve: Task, signal: AbortSignal): Promise<void>;
}

/** After this many intervals of its checks, Consul is believed when our probes disagree. */
const CONTESTED_CHECKS = 2;

/**
 * Creates a service. Nothing runs yet.
 *
 * @param first the first configuration, which is closed when the service has run
 */
export function createService(first: Term, deps: ServiceDeps): Service {
  const { configFile, metrics, deadlines, random, log } = deps;
  const reports = createInbox<MembershipEvent>();
  const now = () => performance.now();
  const failures = createFailureLog({ log, metrics, now });
  const followAll = createFollowAll(metrics.filesInForce);
  const pushCounts = createPushCounts();
  const tellSharedSeries = createTellSharedSeries({ log, count: metrics.handoff.sharedSeries });
  const history = createHistory(Date.now);
  const terms = createTerms(first, {
    open: deps.open,
    tasksOf,
    linkTasksOf: (link) => [
      (signal) => leaving.follow(link, signal),
      ...followAll(link.followed),
      // Announcements depend on the session of the locks.
      (signal) =>
        runStages([
          (signal) => link.announcements.run(handoff.othersChanged, signal),
          link.locks.run,
        ], signal),
    ],
    onSwap,
  });
  const config = () => terms.current().config;
  const view = createView({
    log,
    listeners: [metrics, failures, pushCounts, {
      membershipChanged: (membership) => handoff.membershipChanged(membership),
      ringChanged: (ring) => handoff.ringChanged(ring),
    }],
    groupsOf: (member) => handoff.inventories.get(member)?.times.size,
    movedOf: (member) => handoff.drains.get(member)?.moved,
    history,
  });
  const { snapshot } = view;
  /** Why the last look-up of members that failed did so. */
  let lookUpFailure: string | undefined;
  const handoff: Handoff = createHandoff({
    config: () => config().handoff,
    membership: () => snapshot().membership,
    ring: () => snapshot().ring,
    openGateways: (pathOn) =>
      openGateways(gatewayWay, {
        pathOn,
        versionOf: (member) => snapshot().membership.records.get(member)?.version,
        now: Date.now,
      }),
    locks: () => terms.current().consul?.link.locks,
    announcements: () => terms.current().consul?.link.announcements,
    tell: reports.put,
    metrics: metrics.handoff,
    tellSharedSeries,
    configHash: () => configHash(config()),
    onMisplaced: (misplaced, groups) => history.add({ kind: "groups", misplaced, groups }),
    log,
    random,
    clock: now,
    now: Date.now,
  });
  const locks = () => terms.current().consul?.link.locks.state;
  metrics.showLocks(locks);
  const leaving = createLeaving({
    link: () => terms.current().consul?.link,
    tell: reports.put,
    random,
    log,
  });
  const registrar = createRegistrar(first.config.servers, {
    membership: () => snapshot().membership,
    markHere: leaving.markHere,
    random,
    log,
  });

  function gatewayWay(): GatewayWay {
    const { apiTransport: transport, config } = terms.current();
    const { nameScheme, proxy, handoff: { sweepTimeoutMs: readTimeoutMs } } = config;
    return { transport, nameScheme, readTimeoutMs, writeTimeoutMs: proxy.timeoutMs };
  }

  /** Returns what runs while a configuration is in force. */
  function tasksOf(term: Term, { previous, inForce }: TermStart): Task[] {
    const tellNotices = noticeTeller(term, log);
    tellNotices();
    const lone = lockNotice(term.config);
    if (lone && !(previous && lockNotice(previous.config))) {
      log.info("configuration notice", { notice: lone });
    }
    const { servers } = term.config;
    const before = previous?.config.servers ?? servers;
    const ofFile = { added: without(servers, before), removed: without(before, servers) };
    const isOfFile = [term, previous].every((one) => !one?.config.dnsSd && !one?.config.fileSd);
    const listed = listedMembers(snapshot());
    const watch = watcher(term, (snapshot) => {
      const change = isOfFile ? ofFile : changeToListed(snapshot, listed);
      if (areInForce(snapshot, change)) inForce();
    });
    return [
      watch,
      ...(term.consul ? [registrar(term, term.consul)] : []),
      ...followAll(term.followed, tellNotices),
    ];
  }

  /**
   * Creates the task that watches the members.
   *
   * @param onView called at each change, once the members have been looked up
   */
  function watcher(term: Term, onView: (snapshot: Snapshot) => void): Task {
    const { config, consul, probeTransport } = term;
    return async (signal) => {
      if (consul) await leaving.looked(consul.link, signal);
      using stack = new DisposableStack();
      await watchMembership({
        discovery: watched(discoveryOf(term, deps), {
          onFirst: () => stack.use(view.watch(onView)),
          onFailed(cause) {
            metrics.discoveryFailed();
            lookUpFailure = errorText(cause);
          },
        }),
        configured: config.servers,
        handoff: config.handoff.enabled,
        probe: createProbe(probeTransport, view.probeFailed),
        reports: reports.take,
        contestMs: CONTESTED_CHECKS * durationMs(consul?.config.check.interval ?? "0s"),
        random,
        initial: snapshot(),
        ...view.follow(sourceOf(term, configFile)),
      }, signal);
    };
  }

  function onSwap(next: Term, previous: Term): void {
    if (next.consul?.link !== previous.consul?.link) leaving.linkChanged();
    if (!sameSource(next.config.consul, previous.config.consul)) view.sourceChanged();
    // A member that is added to the file again is no longer to leave.
    for (const member of without(next.config.servers, previous.config.servers)) {
      leaving.unmarkHere(member);
    }
    handoff.configChanged();
    if (showListenAddress(next.config.listen) !== showListenAddress(previous.config.listen)) {
      log.warn("http_listen_addr has changed: it takes effect with a restart");
    }
  }

  async function reload(): Promise<ReloadOutcome> {
    await deps.onReload("begins");
    try {
      await terms.reload();
      metrics.configLoaded(true);
      log.info("configuration reloaded", { file: configFile });
      history.add({ kind: "reload", problems: [] });
      return { ok: true };
    } catch (error) {
      metrics.configLoaded(false);
      const problems = error instanceof ConfigError ? error.problems : [errorText(error)];
      for (const problem of problems) {
        log.error("configuration not reloaded: the running one stays", { problem });
      }
      history.add({ kind: "reload", problems });
      return { ok: false, problems };
    } finally {
      await deps.onReload("ended");
    }
  }

  // Whether there is a web configuration at all is decided at the start, for every later configuration.
  const passwords = first.web && createPasswords({ bcrypt: createBcryptWorker(), now });
  const webConfig = () => {
    const { web } = terms.current();
    if (!web) throw new Error("expected a web configuration, as at the start, found none");
    return web.config;
  };
  const web = passwords && {
    guard: createGuard({ config: webConfig, passwords, log, now }),
    isProtected: () => isProtected(webConfig()),
  };

  const groups = createGroupsApi({
    snapshot,
    handoff,
    handoffEnabled: () => config().handoff.enabled,
    nameScheme: () => config().nameScheme,
  });
  const members = createMembersApi({
    snapshot,
    handoff,
    history,
    pushesOf: pushCounts.of,
    failuresOf: failures.countOf,
    handoffEnabled: () => config().handoff.enabled,
    mark: leaving.mark,
    log,
  });
  const overview = createOverview({
    snapshot,
    config,
    handoff,
    lookUpFailure: () => lookUpFailure,
    locks,
    history,
    build: deps.build,
    startedMs: performance.timeOrigin,
    enableAdminApi: deps.enableAdminApi,
  });
  const awaitsDiscovery = () => !snapshot().membership.known;
  const noteRedirect = createRedirectLog({
    log,
    metrics,
    isRedirectMode: () => config().mode === "redirect",
  });
  const handler = createHandler({
    snapshot,
    config,
    proxy: createProxy({
      snapshot,
      way: () => {
        const { transport, config: { nameScheme, proxy: limits, upstream } } = terms.current();
        const ownCredentials = upstream.basicAuth !== undefined;
        return { transport, nameScheme, limits, ownCredentials };
      },
      onRefused: (member) => reports.put({ kind: "probed", member, outcome: "refused" }),
      handoff,
      onAnswered: pushCounts.add,
      deadlines,
      metrics,
      failures,
    }),
    onRedirected(member, request) {
      pushCounts.add(member);
      noteRedirect(request);
    },
    deadlines,
    handoff,
    members,
    groups,
    page: createPage(() => ({
      overview: overview(),
      members: members.views(),
      events: history.events,
    })),
    sizes: createSizes({
      snapshot,
      config,
      handoff,
      way: () => ({
        transport: terms.current().apiTransport,
        timeoutMs: config().handoff.sweepTimeoutMs,
      }),
      handoffEnabled: () => config().handoff.enabled,
    }),
    locate: createLocate({ config, handoff, holders: groups.holders }),
    events: () => answerEvents(history),
    overview,
    awaitsDiscovery,
    pushed: createPushed({
      snapshot,
      awaitsDiscovery,
      way: () => ({ transport: terms.current().apiTransport }),
      handoff,
      log,
    }),
    admin: createAdmin({
      snapshot,
      way: () => ({ transport: terms.current().apiTransport, timeoutMs: config().proxy.timeoutMs }),
      tellSharedSeries,
      whileNothingMoves: handoff.whileNothingMoves,
      log,
    }),
    enableAdminApi: deps.enableAdminApi,
    metrics,
    ...(deps.enableLifecycle && { reload }),
    ...(web && { web }),
    log,
    now,
  });

  return {
    get config() {
      return config();
    },
    view,
    handler,
    ...(first.web && { tls: () => terms.current().web?.tls }),
    reload,
    async run(serve, signal) {
      using _passwords = passwords;
      // Requests in flight at the end are answered with all that protects them. Locks end last.
      await runStages([serve, handoff.run, terms.run], signal);
    },
  };
}

/** Calls back when the first look-up has been taken over, and when a look-up has failed. */
function watched(
  discovery: Discovery,
  { onFirst, onFailed }: {
    readonly onFirst: () => void;
    readonly onFailed: (cause: unknown) => void;
  },
): Discovery {
  return {
    ...discovery,
    async *observe(signal) {
      let isFirst = true;
      for await (const observation of discovery.observe(signal)) {
        if (observation.kind === "failed") onFailed(observation.cause);
        yield observation;
        if (isFirst) onFirst();
        isFirst = false;
      }
    },
  };
}

/** Creates a function that logs the warnings of a configuration, each of them once. */
function noticeTeller({ config, web }: Term, log: Logger): () => void {
  const told = new Set<string>();
  return () => {
    const notices = [...redirectNotices(config, web?.config), ...web?.config.notices ?? []];
    for (const notice of notices) {
      if (told.has(notice)) continue;
      told.add(notice);
      log.warn("configuration warning", { notice });
    }
  };
}
