/** Runs the service as a process: it listens, and notifies the service manager of its state. @module */

import type { BuildInfo } from "../build.ts";
import { sleep } from "../concurrency/backoff.ts";
import { createDeadlines } from "../concurrency/deadlines.ts";
import { runGroup } from "../concurrency/run_group.ts";
import { type ListenAddress, showListenAddress } from "../config/values.ts";
import { readiness } from "../http/api/readiness.ts";
import type { ReloadOutcome } from "../http/routes.ts";
import { listen, type Server } from "../http/server/server.ts";
import type { Logger } from "../log.ts";
import { sumUp } from "../log/sum_up.ts";
import type { Refusal } from "../wire/request_head.ts";
import { createMetrics } from "../metrics/metrics.ts";
import { createService } from "./service.ts";
import { openManager } from "./systemd.ts";
import { openTerm, type Term } from "./term.ts";
import { closeUnused } from "./terms.ts";

/**
 * How long to wait until pushes can be placed. An unreachable Consul, or members that are down, do not keep
 * the service from starting.
 */
const READY_MS_MAX = 10_000;

/** What one service is started with. */
export interface AppOptions {
  readonly configFile: string;
  /** The file of TLS, passwords and headers of our own port. Absent: plain HTTP, open to everybody. */
  readonly webConfigFile?: string;
  /** Overrides the file's `http_listen_addr`. */
  readonly listen?: ListenAddress;
  /**
   * Whether another process may listen on the same address. Then this one does not listen before it can place
   * pushes.
   */
  readonly reusePort?: boolean;
  /** Whether `POST /-/reload` is answered. */
  readonly enableLifecycle: boolean;
  /** Whether `PUT /api/v1/admin/wipe` is answered. */
  readonly enableAdminApi: boolean;
  /** Reads an environment variable. */
  readonly env: (name: string) => string | undefined;
  readonly build: BuildInfo;
  readonly log: Logger;
  /** Called when the service listens. */
  readonly onListening?: (app: RunningApp) => void;
}

/** A service that listens. */
export interface RunningApp {
  readonly address: Deno.NetAddr;
  /** Loads the file again and applies it. A bad file changes nothing. Never throws. */
  reload(): Promise<ReloadOutcome>;
}

/**
 * Runs the service until the signal aborts. Then it answers the requests in flight and ends.
 *
 * @throws {ConfigError} if the file is wrong at the start
 * @throws if it cannot listen on the address
 */
export async function runApp(options: AppOptions, signal: AbortSignal): Promise<void> {
  const { reusePort = false } = options;
  using summed = sumUp(options.log);
  const { log } = summed;
  const metrics = createMetrics(options.build);
  using deadlines = createDeadlines();
  using manager = openManager({ env: options.env, pid: Deno.pid, log });
  const open = (previous?: Term) => openTerm({ ...options, deadlines, log }, previous);
  const first = await open();
  metrics.configLoaded(true);
  const service = createService(first, {
    ...options,
    open,
    onReload: (state) => manager.tell(state === "begins" ? "RELOADING=1" : "READY=1"),
    deadlines,
    metrics,
    log,
    random: Math.random,
  });

  /** Waits until pushes can be placed, for 10 s at most. */
  async function becomesReady(signal: AbortSignal): Promise<void> {
    const ready = new AbortController();
    using _watch = service.view.watch((snapshot) => {
      if (readiness(snapshot).ready) ready.abort();
    });
    await sleep(READY_MS_MAX, AbortSignal.any([signal, ready.signal]));
  }

  function onRefused({ refused: code, reason }: Refusal, client: string): void {
    metrics.requestDone({ method: "", code, seconds: 0 });
    log.debug("request refused: not valid HTTP", { code, client, reason });
  }

  function listenNow(): Server {
    const address = options.listen ?? service.config.listen;
    const { handler, tls } = service;
    const server = listen({ address, reusePort, onRefused, tls, log }, handler);
    const listening = { address: showListenAddress(server.address), tls: tls?.() !== undefined };
    log.info("listening", { ...listening, ...options.build });
    options.onListening?.({ address: server.address, reload: service.reload });
    return server;
  }

  async function inform(signal: AbortSignal): Promise<void> {
    await becomesReady(signal);
    if (!signal.aborted) await manager.tell("READY=1");
    await manager.keepAlive(signal);
    await manager.tell("STOPPING=1");
  }

  let early: Server | undefined;
  try {
    early = reusePort ? undefined : listenNow();
  } catch (error) {
    closeUnused(first);
    throw error;
  }
  await service.run(async (signal) => {
    // If the address is shared, the kernel sends a part of the pushes at once.
    if (!early) await becomesReady(signal);
    if (signal.aborted) return;
    await runGroup([(early ?? listenNow()).run, inform, metrics.followEventLoop], signal);
  }, signal);
}
