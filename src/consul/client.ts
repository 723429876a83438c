/**
 * The few calls to Consul's HTTP API that the service needs: typed, checked, and ended by a signal.
 *
 * @module
 */

import Consul from "consul";
import { Buffer } from "node:buffer";
import { EventEmitter } from "node:events";
import { Agent as HttpAgent } from "node:http";
import { Agent as HttpsAgent } from "node:https";
import { z } from "zod";
import type { ConsulConfig, TlsConfig } from "../config/consul.ts";

/** One instance of a service, on one Consul node. */
export type ServiceEntry = z.infer<typeof serviceEntry>;

/** A service as its own agent holds it. */
export type LocalService = z.infer<typeof localService>;

/** What the local agent is told of a service. */
export interface Registration {
  readonly id: string;
  readonly name: string;
  readonly address: string;
  readonly port: number;
  readonly check: {
    readonly name: string;
    /** The URL that has to answer 2xx, or the `host:port` that has to take connections. */
    readonly target: { readonly http: string } | { readonly tcp: string };
    readonly skipVerify: boolean;
    /** The state until the check has run once. */
    readonly status: "passing" | "critical";
    readonly interval: string;
    readonly timeout: string;
    readonly deregisterAfter: string;
  };
}

/** Consul's API, as far as it is used. Every call throws where Consul does not answer with 2xx. */
export interface ConsulClient extends Disposable {
  /** The API's URL, for log lines. */
  readonly url: string;
  /**
   * Every instance of a service, healthy or not.
   *
   * @param query.index blocks until Consul's index is past this one, `query.waitSeconds` at most
   */
  service(
    name: string,
    query: { index?: bigint; waitSeconds: number },
    signal: AbortSignal,
  ): Promise<{ entries: ServiceEntry[]; index: bigint }>;
  /** The services that the local agent holds, by ID. */
  localServices(signal: AbortSignal): Promise<Map<string, LocalService>>;
  /** Adds a service to the local agent or brings it up to date; its check keeps its state. */
  register(registration: Registration, signal: AbortSignal): Promise<void>;
  /** Takes a service from the local agent. */
  deregister(id: string, signal: AbortSignal): Promise<void>;
  /** The keys below a prefix of the KV store. */
  keys(prefix: string, signal: AbortSignal): Promise<string[]>;
  setKey(key: string, value: string, signal: AbortSignal): Promise<void>;
  deleteKey(key: string, signal: AbortSignal): Promise<void>;
}

/** For calls that do not block: an agent that takes longer is as good as gone. */
const CALL_TIMEOUT_MS = 5_000;

const serviceEntry = z.object({
  Node: z.object({ Node: z.string(), Address: z.string() }),
  Service: z.object({
    ID: z.string(),
    Address: z.string(),
    Port: z.number(),
    Weights: z.object({ Passing: z.number() }).nullish(),
  }),
  Checks: z.array(z.object({ CheckID: z.string(), Status: z.string() })),
});
const localService = z.object({
  Service: z.string(),
  Address: z.string(),
  Port: z.number(),
  Tags: z.array(z.string()).nullish(),
  Meta: z.record(z.string(), z.string()).nullish(),
  Weights: z.object({ Passing: z.number() }).nullish(),
});
/** What the library answers with `includeResponse`; calls without a body answer the response alone. */
const answer = z.tuple([z.object({ headers: z.record(z.string(), z.unknown()) })], z.unknown());

/**
 * Opens a client; nothing is sent yet.
 *
 * @throws where a TLS file cannot be read
 */
export async function openConsul(config: ConsulConfig): Promise<ConsulClient> {
  const secure = config.scheme === "https";
  const agent = secure
    ? new HttpsAgent({ keepAlive: true, ...await tlsOptions(config.tls) })
    : new HttpAgent({ keepAlive: true });
  const host = config.hostname.includes(":") ? `[${config.hostname}]` : config.hostname;
  const url = `${config.scheme}://${host}:${config.port}`;
  const options = {
    baseUrl: `${url}/v1`,
    secure,
    agent,
    headers: basicAuthorization(config),
    ...(config.datacenter && { defaults: { dc: config.datacenter } }),
  };
  const consul = new Consul(options);

  /** Runs one call: with the token as it is now, a timeout, and an end when the signal aborts. */
  async function call(
    send: (common: { token?: string; ctx: EventEmitter; timeout: number }) => Promise<unknown>,
    { signal, timeout = CALL_TIMEOUT_MS }: { signal: AbortSignal; timeout?: number },
  ): Promise<{ headers: Record<string, unknown>; body: unknown }> {
    signal.throwIfAborted();
    const token = config.token?.reveal() ?? await readToken(config.tokenFile);
    const ctx = Object.assign(new EventEmitter(), { includeResponse: true });
    const cancel = () => void ctx.emit("cancel");
    signal.addEventListener("abort", cancel, { once: true });
    try {
      const [{ headers }, body] = answer.parse(
        await send({ ...(token && { token }), ctx, timeout }),
      );
      return { headers, body };
    } finally {
      signal.removeEventListener("abort", cancel);
    }
  }

  return {
    url,
    async service(name, { index: past, waitSeconds }, signal) {
      // Consul lengthens a wait by up to a sixteenth; our own limit lies beyond that.
      const waitMs = past === undefined ? 0 : waitSeconds * 1_000 * (1 + 1 / 16);
      const timeout = waitMs + CALL_TIMEOUT_MS;
      const blocking = past === undefined ? {} : { index: `${past}`, wait: `${waitSeconds}s` };
      const { headers, body } = await call(
        (common) => consul.health.service({ ...common, ...blocking, service: name }),
        { signal, timeout },
      );
      const index = String(headers["x-consul-index"]);
      return {
        entries: z.array(serviceEntry).parse(body),
        index: /^\d+$/.test(index) ? BigInt(index) : 0n,
      };
    },
    async localServices(signal) {
      const { body } = await call((common) => consul.agent.service.list(common), { signal });
      return new Map(Object.entries(z.record(z.string(), localService).parse(body)));
    },
    async register({ id, name, address, port, check }, signal) {
      const { deregisterAfter, skipVerify, target, ...rest } = check;
      const registration = {
        id,
        name,
        address,
        port,
        check: {
          ...rest,
          ...target,
          tlsskipverify: skipVerify,
          deregistercriticalserviceafter: deregisterAfter,
        },
      };
      await call((common) => consul.agent.service.register({ ...common, ...registration }), {
        signal,
      });
    },
    async deregister(id, signal) {
      await call((common) => consul.agent.service.deregister({ ...common, id }), { signal });
    },
    async keys(prefix, signal) {
      try {
        const { body } = await call((common) => consul.kv.keys({ ...common, key: prefix }), {
          signal,
        });
        return z.array(z.string()).parse(body);
      } catch (error) {
        if (isStatus(error, 404)) return []; // how Consul says that there is no such key
        throw error;
      }
    },
    async setKey(key, value, signal) {
      await call((common) => consul.kv.set({ ...common, key, value }), { signal });
    },
    async deleteKey(key, signal) {
      await call((common) => consul.kv.del({ ...common, key }), { signal });
    },
    [Symbol.dispose]() {
      agent.destroy();
    },
  };
}

/** Whether a call failed because Consul answered with this status. */
export function isStatus(error: unknown, status: number): boolean {
  return error instanceof Error && "statusCode" in error && error.statusCode === status;
}

function basicAuthorization({ basicAuth }: ConsulConfig): Record<string, string> {
  if (!basicAuth) return {};
  const credentials = Buffer.from(`${basicAuth.username}:${basicAuth.password.reveal()}`);
  return { authorization: `Basic ${credentials.toString("base64")}` };
}

async function readToken(file: string | undefined): Promise<string | undefined> {
  return file === undefined ? undefined : (await Deno.readTextFile(file)).trim();
}

async function tlsOptions(tls: TlsConfig | undefined) {
  if (!tls) return {};
  const { caFile, certFile, keyFile, serverName } = tls;
  return {
    ...(caFile && { ca: await Deno.readTextFile(caFile) }),
    ...(certFile && { cert: await Deno.readTextFile(certFile) }),
    ...(keyFile && { key: await Deno.readTextFile(keyFile) }),
    ...(serverName && { servername: serverName }),
    rejectUnauthorized: !tls.insecureSkipVerify,
  };
}
