/** A real Consul on free ports of 127.0.0.1: a lone server or several, and agents that join it. @module */

import { outputOf } from "./command.ts";
import { type Component, ensureComponents } from "./components.ts";
import { freePorts } from "./ports.ts";
import { startProcess } from "./process.ts";
import { type Server, startServer, temporaryDirectory } from "./server.ts";

/** How to start it. */
export interface ConsulOptions {
  /** The program; found or fetched by default. */
  readonly component?: Component;
  /** Access control with the default policy "deny"; the agent gets a management token. */
  readonly acl?: boolean;
  /** The port of its HTTP API; a free one by default. */
  readonly port?: number;
  /**
   * Makes it no server but a client of this one, on a node of its own. As Consul has it by default, it
   * leaves the cluster when it is stopped, and its node goes with all of its services; a server stays.
   */
  readonly joins?: ConsulAgent;
  /** Makes it one of several servers, which elect a leader: their ports for each other, its own first. */
  readonly serfPorts?: readonly number[];
  /** More configuration, as `limits { http_max_conns_per_client = 5 }`. */
  readonly hcl?: readonly string[];
}

/** A Consul agent that keeps its data when it is stopped and started again. */
export interface ConsulAgent extends Server {
  /** `127.0.0.1:PORT` of its HTTP API. */
  readonly address: string;
  /** `http://127.0.0.1:PORT` */
  readonly url: string;
  /** `127.0.0.1:PORT` that other agents join. */
  readonly serfAddress: string;
  /** `127.0.0.1:PORT` that servers of other datacenters join. */
  readonly serfWanAddress: string;
  /** A management token, with access control; another one after its data was emptied. */
  readonly token: string | undefined;
  /** Removes all it knows; only while it is stopped. */
  emptyData(): Promise<void>;
  /** A request to its API, with the token where there is one. The caller reads the body. */
  api(path: string, init?: RequestInit): Promise<Response>;
}

/** What a token may do is asked for anew after a second, and not after 30 as it is by default. */
const ACL = 'acl { enabled = true default_policy = "deny" token_ttl = "1s" policy_ttl = "1s" }';
/** A client that leaves waits 5 s for others to notice. */
const STOP_MS_MAX = 15_000;
/**
 * What a client logs when it looks after its node in the catalog once more, some 3 s after it has
 * joined: one that left before would put its node back then.
 */
const CLIENT_SETTLED = "Node info in sync";

/**
 * Starts an agent and waits until it has a leader and takes registrations.
 *
 * @throws {Error} with its output when it does not come up
 */
export async function startConsul(options: ConsulOptions = {}): Promise<ConsulAgent> {
  const component = options.component ?? (await ensureComponents(["consul"])).consul;
  const [freeHttp, server, freeSerfLan, serfWan] = freePorts(4);
  const [serfLan = freeSerfLan, ...peers] = options.serfPorts ?? [];
  const http = options.port ?? freeHttp;
  const url = `http://127.0.0.1:${http}`;
  const data = await temporaryDirectory("consul");
  let token: string | undefined;

  const api = (path: string, init: RequestInit = {}) => {
    const headers = new Headers(init.headers);
    if (token !== undefined) headers.set("X-Consul-Token", token);
    return fetch(`${url}${path}`, { ...init, headers });
  };
  const json = async (path: string, init: RequestInit): Promise<unknown> => {
    const response = await api(path, init);
    const text = await response.text();
    return response.ok ? JSON.parse(text) : undefined;
  };
  const isReady = async (signal: AbortSignal) => {
    if (!await json("/v1/status/leader", { signal })) return false;
    if (options.acl && token === undefined) {
      const made = await json("/v1/acl/bootstrap", { method: "PUT", signal });
      token = (made as { SecretID: string } | undefined)?.SecretID;
      if (token === undefined) return false;
    }
    // The leader has put its own node into the catalog: others' services can pass from now on.
    const own = await json("/v1/health/service/consul?passing", { signal });
    return Array.isArray(own) && own.length > 0;
  };

  const launch = async () => {
    const ports = {
      http,
      server,
      serf_lan: serfLan,
      serf_wan: serfWan,
      dns: -1,
      grpc: -1,
      ...await portsOfLaterVersions(component),
    };
    const hcl = [
      `ports { ${Object.entries(ports).map(([name, port]) => `${name} = ${port}`).join(" ")} }`,
      // A lone server need not wait for others' votes as long as in production: 1 s, not 6.
      "performance { raft_multiplier = 1 }",
      "disable_update_check = true",
      ...(options.joins ? ['log_level = "DEBUG"'] : []),
      ...(options.acl ? [ACL] : []),
      ...(options.hcl ?? []),
    ];
    return await startProcess(component.command, {
      name: "consul",
      args: [
        "agent",
        `-node=node-${http}`,
        ...(options.joins
          ? [`-retry-join=${options.joins.serfAddress}`]
          : ["-server", `-bootstrap-expect=${1 + peers.length}`]),
        ...peers.map((port) => `-retry-join=127.0.0.1:${port}`),
        "-bind=127.0.0.1",
        "-client=127.0.0.1",
        `-data-dir=${data.path}`,
        ...hcl.map((text) => `-hcl=${text}`),
      ],
      env: component.env,
      ready: async ({ signal, output }) =>
        (!options.joins || output.includes(CLIENT_SETTLED)) && await isReady(signal),
      stopMsMax: STOP_MS_MAX,
    });
  };
  return {
    ...await startServer(launch, data.remove),
    address: `127.0.0.1:${http}`,
    url,
    serfAddress: `127.0.0.1:${serfLan}`,
    serfWanAddress: `127.0.0.1:${serfWan}`,
    get token() {
      return token;
    },
    emptyData: async () => {
      await data.empty();
      token = undefined;
    },
    api,
  };
}

/** Servers of one datacenter. Disposal stops them. */
export interface ConsulServers extends AsyncDisposable {
  readonly all: readonly ConsulAgent[];
}

/** Starts several servers, which have elected a leader when this resolves. */
export async function startConsulServers(count: number): Promise<ConsulServers> {
  const ports = freePorts(count);
  const starting = ports.map((own) =>
    startConsul({ serfPorts: [own, ...ports.filter((port) => port !== own)] })
  );
  await using stack = new AsyncDisposableStack();
  for (const outcome of await Promise.allSettled(starting)) {
    if (outcome.status === "fulfilled") stack.use(outcome.value);
  }
  const all = await Promise.all(starting);
  const opened = stack.move();
  return { all, [Symbol.asyncDispose]: () => opened.disposeAsync() };
}

/** Ports that Consul 1.14 and later opens by itself and 1.8 does not know by name. */
async function portsOfLaterVersions(component: Component): Promise<Record<string, number>> {
  const text = await outputOf(component.command, ["version"], { env: component.env });
  const [, major, minor] = /v(\d+)\.(\d+)/.exec(text) ?? [];
  return Number(major) > 1 || Number(minor) >= 14 ? { grpc_tls: -1 } : {};
}
