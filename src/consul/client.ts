/**
 * The few calls to Consul's HTTP API that the service needs: typed, checked, and ended by a signal.
 *
 * @module
 */

import Consul from "consul";
import { Agent as HttpAgent } from "node:http";
import { Agent as HttpsAgent } from "node:https";
import { z } from "zod";
import type { ConsulConfig } from "../config/consul.ts";
import { readTlsOptions } from "../config/tls_options.ts";
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
  transactSome,
  unlock,
  writeNote,
} from "./transactions.ts";
import { basicAuthorization } from "../wire/basic_auth.ts";
import { type BlockingQuery, createRequests, failureIndex, isStatus } from "./requests.ts";

export { type BlockingQuery, isStatus };
export { type FreeKey, KEYS_AT_ONCE_MAX, type LockedKey, type Release } from "./transactions.ts";

/** One instance of a service, on one Consul node. */
export type ServiceEntry = z.infer<typeof serviceEntry>;

/** A node of Consul's catalogue: one agent, as a rule. */
export type CatalogNode = z.infer<typeof catalogNode>;

/** A service as its own agent holds it. */
export type LocalService = z.infer<typeof localService>;

/** A key of the KV store that a session holds. */
export interface HeldKey {
  readonly key: string;
  readonly session: string;
  readonly value: string;
}

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

/** How a session is made. */
export interface SessionOptions {
  /** For people who look at Consul's sessions. */
  readonly name: string;
  /** Consul takes 10 to 86400, and ends a session no sooner than this, and up to twice as late. */
  readonly ttlSeconds: number;
  /** How long nobody gets a key after the session that held it has ended. */
  readonly lockDelaySeconds: number;
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
    query: BlockingQuery,
    signal: AbortSignal,
  ): Promise<{ entries: ServiceEntry[]; index: bigint }>;
  /** Every node of the catalogue. Those of agents that have left are not in it. */
  nodes(signal: AbortSignal): Promise<CatalogNode[]>;
  /** The services that the local agent holds, by ID. */
  localServices(signal: AbortSignal): Promise<Map<string, LocalService>>;
  /** Adds a service to the local agent or brings it up to date; its check keeps its state. */
  register(registration: Registration, signal: AbortSignal): Promise<void>;
  /** The kinds of the checks that the local agent runs, as `http`, by the checks' IDs. */
  localChecks(signal: AbortSignal): Promise<Map<string, string>>;
  /** Takes a check from the local agent, and lets its service stay. */
  deregisterCheck(id: string, signal: AbortSignal): Promise<void>;
  /** Takes a service from the local agent. */
  deregister(id: string, signal: AbortSignal): Promise<void>;
  /** The keys below a prefix of the KV store. Without rights to it this fails with 403. */
  keys(prefix: string, signal: AbortSignal): Promise<string[]>;
  /** The same, with the index that the next call may block on. */
  watchKeys(
    prefix: string,
    query: BlockingQuery,
    signal: AbortSignal,
  ): Promise<{ keys: string[]; index: bigint }>;
  /** Which session holds a key; nobody does where there is no such key. */
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
   * Makes a session hold a key, and the key if need be; the one that holds it may do so again.
   *
   * @param holder.value what the key holds then
   * @returns whether it holds it now
   * @throws also where there is no such session. After an abort or without an answer Consul may have
   *   done it all the same, or may do it yet
   */
  acquireKey(
    key: string,
    holder: { readonly session: string; readonly value?: string },
    signal: AbortSignal,
  ): Promise<boolean>;
  /**
   * Makes a session hold a key as {@linkcode ConsulClient.acquireKey} does, and takes the note away that
   * was left beside it.
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
   * Deletes a key where this session holds it, and the note beside it. A plain delete would take it from
   * any other holder.
   *
   * @returns whether this session did hold it
   */
  releaseKey(key: string, session: string, signal: AbortSignal): Promise<boolean>;
  /**
   * Ends that a session holds a key, and leaves the key there, as a trace.
   *
   * @param note is written beside it, or deleted where it is `null`
   * @returns the key as it is left, where this session did hold it
   */
  leaveKey(
    key: string,
    { session, note }: { readonly session: string; readonly note?: string | null },
    signal: AbortSignal,
  ): Promise<LockedKey | undefined>;
  /**
   * Makes a session hold as many of some keys as can be had at once.
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
   * Lets go of those of some keys that a session holds. What another one holds by now stays its own, with
   * its note.
   *
   * @param keys at most {@linkcode KEYS_AT_ONCE_MAX}, as they were acquired
   * @returns `held`: whether this session did hold all of them; of the deleted ones all but the first may
   *   have been gone. `left`: those that stay
   */
  releaseKeys(
    keys: readonly Release[],
    session: string,
    signal: AbortSignal,
  ): Promise<{ readonly held: boolean; readonly left: readonly LockedKey[] }>;
  /** The keys below a prefix that nobody holds. */
  freeKeys(prefix: string, signal: AbortSignal): Promise<FreeKey[]>;
  /** Deletes keys that have not changed since they were found; any others stay. */
  deleteUnchanged(keys: readonly FreeKey[], signal: AbortSignal): Promise<void>;
  /**
   * Creates a session that lives until its TTL has passed without a renewal and takes its keys with it.
   * No health check hangs on it: it would end before its TTL where the gossip of agents falters.
   *
   * @returns its ID
   */
  createSession(options: SessionOptions, signal: AbortSignal): Promise<string>;
  /** @returns whether the session was still there */
  renewSession(id: string, signal: AbortSignal): Promise<boolean>;
  destroySession(id: string, signal: AbortSignal): Promise<void>;
  /** Whether a session is there; blocks until that changes. */
  sessionExists(
    id: string,
    query: BlockingQuery,
    signal: AbortSignal,
  ): Promise<{ exists: boolean; index: bigint }>;
}

/** For what somebody with a lock, or in want of one, waits for. */
const LOCK_TIMEOUT_MS = 2_000;
/**
 * Consul takes 200 connections from one address by default (`limits.http_max_conns_per_client`) and
 * resets further ones. Timeouts run while a request waits for one of ours, so locks, which hundreds of
 * pushes may want at once, see to it themselves that none does: 30 calls and 30 waits. That leaves
 * room for the second client that a reload opens, and for another instance on this host.
 */
const CONNECTIONS_MAX = 100;

const catalogNode = z.object({
  /** Another one where an agent has lost its data; nodes that are no agents may have none. */
  ID: z.string().optional(),
  Node: z.string(),
  Address: z.string(),
  Datacenter: z.string().optional(),
  /** Another one where the node has been gone in the meantime. */
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
/** Only a leader that has caught up answers: after a restart it lacks keys and sessions at first. */
const CONSISTENT = { consistent: true };

/**
 * Opens a client; nothing is sent yet.
 *
 * @throws where a TLS file cannot be read
 */
export async function openConsul(config: ConsulConfig): Promise<ConsulClient> {
  const secure = config.scheme === "https";
  const limits = { keepAlive: true, maxSockets: CONNECTIONS_MAX };
  const agent = secure
    ? new HttpsAgent({ ...limits, ...await readTlsOptions(config.tls) })
    : new HttpAgent(limits);
  const host = config.hostname.includes(":") ? `[${config.hostname}]` : config.hostname;
  const url = `${config.scheme}://${host}:${config.port}`;
  const options = {
    baseUrl: `${url}/v1`,
    secure,
    agent,
    headers: authorization(config),
    ...(config.datacenter && { defaults: { dc: config.datacenter } }),
  };
  const consul = new Consul(options);
  const { call, query } = createRequests(config);

  async function keyHolder(key: string, blocking: BlockingQuery, signal: AbortSignal) {
    // Of a key that is not there the library answers nothing, and does not throw.
    const { body, index } = await query(
      (common) => consul.kv.get({ ...common, ...CONSISTENT, key }),
      blocking,
      signal,
    );
    return { session: keyEntry.optional().parse(body)?.Session, index };
  }

  async function watchKeys(prefix: string, blocking: BlockingQuery, signal: AbortSignal) {
    const found = await listKeys(prefix, blocking, signal);
    // A token without rights is told of no keys, as if there were none; only a read is refused.
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
      return { keys: z.array(z.string()).parse(body), index };
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
    return { entries: keyEntries.optional().parse(body) ?? [], index };
  }

  return {
    url,
    async service(name, blocking, signal) {
      const { body, index } = await query(
        (common) => consul.health.service({ ...common, service: name }),
        blocking,
        signal,
      );
      return { entries: z.array(serviceEntry).parse(body), index };
    },
    async nodes(signal) {
      const body = await call((common) => consul.catalog.node.list(common), { signal });
      return z.array(catalogNode).parse(body);
    },
    async localServices(signal) {
      const body = await call((common) => consul.agent.service.list(common), { signal });
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
      return z.boolean().parse(body);
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
      return { held: refused === 0, left };
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
      return z.object({ ID: z.string() }).parse(body).ID;
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
      agent.destroy();
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
