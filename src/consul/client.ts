/**
 * The few calls to Consul's HTTP API that the service needs: typed, checked, and ended by a signal.
 *
 * @module
 */

import Consul from "consul";
import * as z from "zod";
import { type ConsulConfig, consulUrl } from "../config/consul.ts";
import type { TlsFiles } from "../config/named_files.ts";
import { openConnections } from "./connections.ts";
import { explainFailure } from "./explain.ts";
import { isForbidden, isStatus, notConsul, nothingListed } from "./failure.ts";
import {
  checkSession,
  deleteAsIs,
  deleteNote,
  type FreeKey,
  KEYS_AT_ONCE_MAX,
  lock,
  type LockedKey,
  noteKey,
  type Operation,
  readNote,
  type Release,
  type Released,
  transactSome,
  unlock,
  writeNote,
} from "./transactions.ts";
import { basicAuthorization } from "../wire/basic_auth.ts";
import {
  type BlockingQuery,
  createRequests,
  failureIndex,
  type RequestOptions,
} from "./requests.ts";

export { type BlockingQuery, isForbidden, isStatus };
export { type FreeKey, KEYS_AT_ONCE_MAX, type LockedKey, type Release } from "./transactions.ts";

/** One instance of a service, on one Consul node. */
export type ServiceEntry = z.infer<typeof serviceEntry>;

/** A node of Consul's catalogue: one agent, usually. */
export type CatalogNode = z.infer<typeof catalogNode>;

/** A service as its own agent holds it. */
export type LocalService = z.infer<typeof localService>;

/** A key of the KV store that a session holds. */
export interface HeldKey {
  readonly key: string;
  readonly session: string;
  readonly value: string;
}

/** A service to register with the local agent. */
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

/** The options of a new session. */
export interface SessionOptions {
  /** For people who look at Consul's sessions. */
  readonly name: string;
  /** Consul takes 10 to 86400, and ends a session no sooner than this, and up to twice as late. */
  readonly ttlSeconds: number;
  /** How long a key cannot be acquired after the session that held it has ended. */
  readonly lockDelaySeconds: number;
}

/** Consul's API, as far as it is used. Every call throws where Consul does not answer with 2xx. */
export interface ConsulClient extends Disposable {
  /** The API's URL, for log lines. */
  readonly url: string;
  /**
   * Returns every instance of a service, healthy or not. Fails with 403 without rights to them.
   *
   * @param query.index the call waits until Consul's index is past this one, `query.waitSeconds` at most
   */
  service(
    name: string,
    query: BlockingQuery,
    signal: AbortSignal,
  ): Promise<{ entries: ServiceEntry[]; index: bigint }>;
  /**
   * Returns every node of the catalogue, without those of agents that have left. Fails with 403 without
   * rights to any node.
   */
  nodes(signal: AbortSignal): Promise<CatalogNode[]>;
  /** Returns the services of the local agent by ID. */
  localServices(signal: AbortSignal): Promise<Map<string, LocalService>>;
  /** Adds a service to the local agent, or updates it. Its check keeps its state. */
  register(registration: Registration, signal: AbortSignal): Promise<void>;
  /** Returns the kinds of the checks of the local agent, such as `http`, by check ID. */
  localChecks(signal: AbortSignal): Promise<Map<string, string>>;
  /** Removes a check from the local agent. Its service stays. */
  deregisterCheck(id: string, signal: AbortSignal): Promise<void>;
  /** Removes a service from the local agent. */
  deregister(id: string, signal: AbortSignal): Promise<void>;
  /** Returns the keys below a prefix of the KV store. Fails with 403 without rights to it. */
  keys(prefix: string, signal: AbortSignal): Promise<string[]>;
  /** The same, with the index that the next call may block on. */
  watchKeys(
    prefix: string,
    query: BlockingQuery,
    signal: AbortSignal,
  ): Promise<{ keys: string[]; index: bigint }>;
  /** Returns the session that holds a key. A key that does not exist is held by none. */
  keyHolder(
    key: string,
    query: BlockingQuery,
    signal: AbortSignal,
  ): Promise<{ session: string | undefined; index: bigint }>;
  /** The keys below a prefix that sessions hold, with the index that the next call may block on. */
  watchHeldKeys(
    prefix: string,
    query: BlockingQuery,
    signal: AbortSignal,
  ): Promise<{ keys: HeldKey[]; index: bigint }>;
  setKey(key: string, value: string, signal: AbortSignal): Promise<void>;
  deleteKey(key: string, signal: AbortSignal): Promise<void>;
  /**
   * Acquires a key for a session, and creates the key if it does not exist. The session that holds it may
   * acquire it again.
   *
   * @param holder.value the new value of the key
   * @returns whether the session holds the key now
   * @throws also if there is no such session. After an abort or without an answer Consul may still do it,
   *   or may have done it
   */
  acquireKey(
    key: string,
    holder: { readonly session: string; readonly value?: string },
    signal: AbortSignal,
  ): Promise<boolean>;
  /**
   * Acquires a key as {@linkcode ConsulClient.acquireKey} does, and removes the note beside it.
   *
   * @returns the note, if there was one; `undefined` where the session does not hold the key
   * @throws as `acquireKey`
   */
  takeKey(
    key: string,
    session: string,
    signal: AbortSignal,
  ): Promise<{ readonly note?: string } | undefined>;
  /**
   * Deletes a key and the note beside it if this session holds the key. A plain delete would take it from
   * any other holder.
   *
   * @returns whether this session held it
   */
  releaseKey(key: string, session: string, signal: AbortSignal): Promise<boolean>;
  /**
   * Releases a key that a session holds. The key stays, as a trace.
   *
   * @param note is written beside it, or deleted where it is `null`
   * @returns the key as it is now, if this session held it
   */
  leaveKey(
    key: string,
    { session, note }: { readonly session: string; readonly note?: string | null },
    signal: AbortSignal,
  ): Promise<LockedKey | undefined>;
  /**
   * Acquires as many of some keys as are free, for one session.
   *
   * @param keys at most {@linkcode KEYS_AT_ONCE_MAX}
   * @returns those that it holds now
   * @throws as {@linkcode acquireKey}
   */
  acquireKeys(
    keys: readonly string[],
    session: string,
    signal: AbortSignal,
  ): Promise<readonly LockedKey[]>;
  /**
   * Releases those of some keys that a session holds. Keys that another session holds by now stay as they
   * are, with their notes.
   *
   * @param keys at most {@linkcode KEYS_AT_ONCE_MAX}, as they were acquired
   */
  releaseKeys(
    keys: readonly Release[],
    session: string,
    signal: AbortSignal,
  ): Promise<Released>;
  /** Returns the keys below a prefix that no session holds. */
  freeKeys(prefix: string, signal: AbortSignal): Promise<FreeKey[]>;
  /** Deletes keys that have not changed since they were found. All others stay. */
  deleteUnchanged(keys: readonly FreeKey[], signal: AbortSignal): Promise<void>;
  /**
   * Creates a session. It ends, with its keys, when its TTL has passed without a renewal.
   * It depends on no health check: with one it could end before its TTL when agents miss gossip.
   *
   * @returns its ID
   */
  createSession(options: SessionOptions, signal: AbortSignal): Promise<string>;
  /** Renews a session. @returns whether it still exists */
  renewSession(id: string, signal: AbortSignal): Promise<boolean>;
  destroySession(id: string, signal: AbortSignal): Promise<void>;
  /** Returns whether a session exists. Waits until that changes. */
  sessionExists(
    id: string,
    query: BlockingQuery,
    signal: AbortSignal,
  ): Promise<{ exists: boolean; index: bigint }>;
}

/** The timeout of calls that the holder of a lock, or somebody who wants one, waits for. */
const LOCK_TIMEOUT_MS = 2_000;

const catalogNode = z.object({
  /** Changes when an agent has lost its data. Absent for some nodes that are not agents. */
  ID: z.string().optional(),
  Node: z.string(),
  Address: z.string(),
  Datacenter: z.string().optional(),
  /** Changes when the node was gone in the meantime. */
  CreateIndex: z.number(),
});
const serviceEntry = z.object({
  Node: catalogNode,
  Service: z.object({
    ID: z.string(),
    Address: z.string(),
    Port: z.number(),
    Weights: z.object({ Passing: z.number() }).nullish(),
  }),
  Checks: z.array(
    z.object({ CheckID: z.string(), Status: z.string(), Output: z.string().nullish() }),
  ),
});
const localService = z.object({
  Service: z.string(),
  Address: z.string(),
  Port: z.number(),
  Tags: z.array(z.string()).nullish(),
  Meta: z.record(z.string(), z.string()).nullish(),
  Weights: z.object({ Passing: z.number() }).nullish(),
});
const localCheck = z.object({ Type: z.string().default("") });
const keyEntry = z.object({ Session: z.string().optional() });
const keyEntries = z.array(z.object({
  Key: z.string(),
  Value: z.string().nullable(),
  Session: z.string().optional(),
  ModifyIndex: z.number(),
}));
/** The part of the library for paths that it has no function for. */
interface Papi {
  _get(request: Readonly<Record<string, unknown>>): Promise<{ headers: unknown; body: unknown }>;
}

/**
 * The statuses by which Consul says that a service has no local instances, or that they are in warning
 * or critical state.
 */
const LOCAL_HEALTH = [404, 429, 503];
/** Lets only a leader that has caught up answer: after a restart it lacks keys and sessions at first. */
const CONSISTENT = { consistent: true };

/**
 * Opens a client; nothing is sent yet.
 *
 * @param certificates what the files of `tls` hold
 */
export function openConsul(
  config: ConsulConfig,
  certificates: () => TlsFiles = () => ({}),
): ConsulClient {
  const connections = openConnections(config, certificates);
  const url = consulUrl(config);
  const options = {
    // For TLS as well: the connections take care of it.
    baseUrl: `${url.replace(/^https/, "http")}/v1`,
    agent: connections.agent,
    headers: authorization(config),
    ...(config.datacenter && { defaults: { dc: config.datacenter } }),
  };
  const consul = new Consul(options);
  const { call, query } = createRequests(
    config,
    (failure, ask, signal) => explainFailure(failure, ask, { consul, connections, config, signal }),
  );

  /** Reads an answer. */
  function read<T>(schema: z.ZodType<T>, body: unknown): T {
    const parsed = schema.safeParse(body);
    if (!parsed.success) throw notConsul(parsed.error, config);
    return parsed.data;
  }

  async function nodes(signal: AbortSignal): Promise<CatalogNode[]> {
    const body = await call((common) => consul.catalog.node.list(common), { signal });
    const found = read(z.array(catalogNode), body);
    // Consul's own servers are in it at least.
    if (found.length === 0) throw nothingListed("nodes", "/v1/catalog/nodes", config);
    return found;
  }

  /** Throws if the token may not list a service: Consul then answers as if there were no instances. */
  async function mayList(service: string, signal: AbortSignal): Promise<void> {
    try {
      await call((common) => localHealth(service, common), { signal });
    } catch (error) {
      if (!LOCAL_HEALTH.some((status) => isStatus(error, status))) throw error;
    }
    await nodes(signal);
  }

  /** Of the instances of the local agent; the one request on a service that is refused without rights. */
  async function localHealth(service: string, { token, ctx, timeout }: RequestOptions) {
    const request = {
      path: "/agent/health/service/name/{service}",
      params: { service },
      headers: token === undefined ? {} : { "x-consul-token": token },
      ctx,
      timeout,
    };
    const response = await z.custom<Papi>().parse(consul)._get(request);
    return [response, response.body];
  }

  async function keyHolder(key: string, blocking: BlockingQuery, signal: AbortSignal) {
    // Of a key that is not there the library answers nothing, and does not throw.
    const { body, index } = await query(
      (common) => consul.kv.get({ ...common, ...CONSISTENT, key }),
      blocking,
      signal,
    );
    return { session: read(keyEntry.optional(), body)?.Session, index };
  }

  async function watchKeys(prefix: string, blocking: BlockingQuery, signal: AbortSignal) {
    const found = await listKeys(prefix, blocking, signal);
    // Without rights Consul answers that there are no keys. Only a read is refused.
    if (found.keys.length === 0) await keyHolder(prefix, { waitSeconds: 0 }, signal);
    return found;
  }

  async function listKeys(prefix: string, blocking: BlockingQuery, signal: AbortSignal) {
    try {
      const { body, index } = await query(
        (common) => consul.kv.keys({ ...common, ...CONSISTENT, key: prefix }),
        blocking,
        signal,
      );
      return { keys: read(z.array(z.string()), body), index };
    } catch (error) {
      // How Consul says that there is no such key; the library throws, with the answer attached.
      if (isStatus(error, 404)) return { keys: [], index: failureIndex(error) };
      throw error;
    }
  }

  async function transact(operations: readonly Operation[], signal: AbortSignal): Promise<unknown> {
    // The library's type of an operation lacks the level that says what it works on.
    const typed = z.any().parse(operations);
    return await call(
      (common) => consul.transaction.create(typed, { ...common, operations: typed }),
      { signal, timeout: LOCK_TIMEOUT_MS },
    );
  }

  function some(steps: readonly (readonly Operation[])[], signal: AbortSignal) {
    return transactSome(steps, (left) => transact(left, signal));
  }

  async function entriesBelow(prefix: string, blocking: BlockingQuery, signal: AbortSignal) {
    // Of a prefix without keys the library answers nothing, and does not throw.
    const { body, index } = await query(
      (common) => consul.kv.get({ ...common, ...CONSISTENT, key: prefix, recurse: true }),
      blocking,
      signal,
    );
    return { entries: read(keyEntries.optional(), body) ?? [], index };
  }

  return {
    url,
    async service(name, blocking, signal) {
      const { body, index } = await query(
        (common) => consul.health.service({ ...common, service: name }),
        blocking,
        signal,
      );
      const entries = read(z.array(serviceEntry), body);
      if (entries.length === 0) await mayList(name, signal);
      return { entries, index };
    },
    nodes,
    async localServices(signal) {
      const body = await call((common) => consul.agent.service.list(common), { signal });
      return new Map(Object.entries(read(z.record(z.string(), localService), body)));
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
    async localChecks(signal) {
      const body = await call((common) => consul.agent.check.list(common), { signal });
      const checks = z.record(z.string(), localCheck).parse(body);
      return new Map(Object.entries(checks).map(([id, { Type }]) => [id, Type]));
    },
    async deregisterCheck(id, signal) {
      await call((common) => consul.agent.check.deregister({ ...common, id }), { signal });
    },
    async deregister(id, signal) {
      await call((common) => consul.agent.service.deregister({ ...common, id }), { signal });
    },
    async keys(prefix, signal) {
      return (await watchKeys(prefix, { waitSeconds: 0 }, signal)).keys;
    },
    watchKeys,
    keyHolder,
    async watchHeldKeys(prefix, blocking, signal) {
      const { entries, index } = await entriesBelow(prefix, blocking, signal);
      const held = entries.flatMap(({ Key: key, Session: session, Value }) =>
        session === undefined ? [] : [{ key, session, value: Value ?? "" }]
      );
      return { keys: held, index };
    },
    async setKey(key, value, signal) {
      await call((common) => consul.kv.set({ ...common, key, value }), { signal });
    },
    async deleteKey(key, signal) {
      await call((common) => consul.kv.del({ ...common, key }), { signal });
    },
    async acquireKey(key, { session, value = "" }, signal) {
      const body = await call(
        (common) => consul.kv.set({ ...common, key, value, acquire: session }),
        { signal, timeout: LOCK_TIMEOUT_MS },
      );
      return read(z.boolean(), body);
    },
    async takeKey(key, session, signal) {
      const { keys } = await some([[lock(key, session), readNote(key), deleteNote(key)]], signal);
      if (keys.length === 0) return undefined;
      const note = keys.find((one) => one.key === noteKey(key))?.value;
      return note === undefined ? {} : { note };
    },
    async releaseKey(key, session, signal) {
      try {
        const deletion = { KV: { Verb: "delete", Key: key } };
        await transact([checkSession(key, session), deletion, deleteNote(key)], signal);
        return true;
      } catch (error) {
        if (isStatus(error, 409)) return false; // the check failed, so nothing was done
        throw error;
      }
    },
    async leaveKey(key, { session, note }, signal) {
      const change = noteChange({ key, ...(note !== undefined && { note }) });
      return (await some([[unlock(key, session), ...change]], signal)).keys[0];
    },
    async acquireKeys(keys, session, signal) {
      return (await some(keys.map((key) => [lock(key, session)]), signal)).keys;
    },
    async releaseKeys(releases, session, signal) {
      const { keys, refused } = await some([
        [checkSession(releases[0].key, session)],
        ...releases.map((one) => [
          one.stays ? unlock(one.key, session) : deleteAsIs(one),
          ...noteChange(one),
        ]),
      ], signal);
      const wanted = new Set(releases.map(({ key }) => key));
      const left = keys.filter(({ key, session }) => session === undefined && wanted.has(key));
      const written = new Set(releases.map(({ key }) => noteKey(key)));
      const notes = keys.filter(({ key }) => written.has(key));
      return { held: refused === 0, left, notes };
    },
    async freeKeys(prefix, signal) {
      const { entries } = await entriesBelow(prefix, { waitSeconds: 0 }, signal);
      return entries.flatMap(({ Key: key, Session, ModifyIndex: changedAt }) =>
        Session === undefined ? [{ key, changedAt }] : []
      );
    },
    async deleteUnchanged(keys, signal) {
      for (let at = 0; at < keys.length; at += KEYS_AT_ONCE_MAX) {
        const found = keys.slice(at, at + KEYS_AT_ONCE_MAX);
        await some(found.map((key) => [deleteAsIs(key)]), signal);
      }
    },
    async createSession({ name, ttlSeconds, lockDelaySeconds }, signal) {
      const session = {
        name,
        ttl: `${ttlSeconds}s`,
        lockdelay: `${lockDelaySeconds}s`,
        behavior: "delete" as const,
        checks: [],
      };
      const body = await call((common) => consul.session.create({ ...common, ...session }), {
        signal,
      });
      return read(z.object({ ID: z.string() }), body).ID;
    },
    async renewSession(id, signal) {
      try {
        await call((common) => consul.session.renew({ ...common, id }), {
          signal,
          timeout: LOCK_TIMEOUT_MS,
        });
        return true;
      } catch (error) {
        if (isStatus(error, 404)) return false;
        throw error;
      }
    },
    async destroySession(id, signal) {
      await call((common) => consul.session.destroy({ ...common, id }), {
        signal,
        timeout: LOCK_TIMEOUT_MS,
      });
    },
    async sessionExists(id, blocking, signal) {
      const { body, index } = await query(
        (common) => consul.session.info({ ...common, ...CONSISTENT, id }),
        blocking,
        signal,
      );
      return { exists: body !== undefined, index };
    },
    [Symbol.dispose]() {
      connections[Symbol.dispose]();
    },
  };
}

function noteChange({ key, note }: Pick<Release, "key" | "note">): Operation[] {
  if (note === undefined) return [];
  return [note === null ? deleteNote(key) : writeNote(key, note)];
}

function authorization({ basicAuth }: ConsulConfig): Record<string, string> {
  if (!basicAuth) return {};
  const { username: user, password } = basicAuth;
  return { authorization: basicAuthorization({ user, password: password.reveal() }) };
}
