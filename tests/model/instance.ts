/**
 * An instance of the service as its process runs it: the real service, whose Pushgateways, Consul,
 * clock and listener are in memory.
 *
 * @module
 */

import { buildInfo } from "../../src/build.ts";
import { untilAborted } from "../../src/concurrency/abort.ts";
import { within } from "../../src/concurrency/backoff.ts";
import { createDeadlines } from "../../src/concurrency/deadlines.ts";
import { parseConfig } from "../../src/config/load.ts";
import type { Snapshot } from "../../src/http/snapshot.ts";
import type { Logger } from "../../src/log.ts";
import { createMetrics } from "../../src/metrics/metrics.ts";
import { linkThrough } from "../../src/service/consul_link.ts";
import { createService } from "../../src/service/service.ts";
import type { Term } from "../../src/service/term.ts";
import { answerOf, incoming } from "../http/messages.ts";
import type { Random } from "../../tools/random.ts";
import type { Agent } from "./consul.ts";
import { type Hosts, openNetwork, type Process } from "./network.ts";

/** How an instance answered a request: by a status, or not at all. */
export interface InstanceAnswer {
  /** Absent: nobody listens, or the connection broke. */
  readonly status?: number;
  readonly text: string;
  /** Of a redirect. */
  readonly location?: string;
}

/** An instance, as clients and its operator know it. */
export interface Instance {
  readonly snapshot: Snapshot;
  /** A request of a client. */
  ask(method: string, path: string, body?: string): Promise<InstanceAnswer>;
  reload(): Promise<InstanceAnswer>;
  /** Ends it as SIGTERM does; resolves when its process has ended. */
  stop(): Promise<void>;
  /** Ends it as SIGKILL does. */
  kill(): void;
}

/** What an instance takes. */
export interface InstanceDeps {
  readonly name: string;
  /** The text of its file, read at the start and at each reload. */
  readonly file: () => string;
  readonly hosts: Hosts;
  /** Absent where its file names no Consul. */
  readonly agent?: Agent;
  readonly random: Random;
  readonly log: Logger;
}

/** As the real server does. */
const DRAIN_MS_MAX = 10_000;
const GONE: InstanceAnswer = { text: "connection refused" };

/** Starts an instance; it listens at once. */
export function startInstance(deps: InstanceDeps): Instance {
  const { name, file, hosts, agent, random, log } = deps;
  const process: Process = { isDead: false };
  const transport = openNetwork(hosts, { random, process });
  const deadlines = createDeadlines();

  function open(previous?: Term): Term {
    const config = parseConfig(file(), { path: `${name}.yml`, env: () => undefined });
    const transports = { transport, probeTransport: transport, apiTransport: transport };
    const link = config.consul && agent && (previous?.consul?.link ??
      linkThrough(agent.client(process), config.consul.serviceName, { random: random.next, log }));
    return {
      config,
      followed: [],
      ...(config.consul && link && { consul: { config: config.consul, link } }),
      ...transports,
      [Symbol.dispose]() {},
    };
  }

  const service = createService(open(), {
    configFile: `${name}.yml`,
    open: (previous) => Promise.resolve(open(previous)),
    enableLifecycle: true,
    enableAdminApi: true,
    build: buildInfo(),
    onReload: () => Promise.resolve(),
    deadlines,
    metrics: createMetrics(buildInfo()),
    random: random.next,
    log,
  });
  const inFlight = new Set<Promise<unknown>>();
  const end = new AbortController();
  const died = Promise.withResolvers<InstanceAnswer>();
  let isListening = true;

  async function serve(signal: AbortSignal): Promise<void> {
    await untilAborted(signal);
    isListening = false;
    await within(DRAIN_MS_MAX, Promise.allSettled(inFlight));
  }
  const ended = service.run(serve, end.signal).finally(() => deadlines[Symbol.dispose]());

  async function answer(method: string, path: string, body?: string): Promise<InstanceAnswer> {
    const request = new Request(`http://${name}${path}`, {
      method,
      ...(body !== undefined && { body }),
    });
    const response = answerOf(await service.handler(incoming(request)));
    const location = response.headers.get("location");
    const text = await response.text();
    return { status: response.status, text, ...(location !== null && { location }) };
  }

  async function ask(method: string, path: string, body?: string): Promise<InstanceAnswer> {
    if (!isListening || process.isDead) return GONE;
    const answered = answer(method, path, body);
    inFlight.add(answered);
    void answered.finally(() => inFlight.delete(answered));
    return await Promise.race([answered, died.promise]);
  }

  return {
    get snapshot() {
      return service.view.snapshot();
    },
    ask,
    reload: () => ask("POST", "/-/reload"),
    async stop() {
      end.abort();
      await ended;
    },
    kill() {
      process.isDead = true;
      died.resolve({ text: "connection reset" });
      // What it would still do in its own memory nobody is told.
      end.abort();
    },
  };
}
