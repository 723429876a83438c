/**
 * A Consul in memory: one server's catalogue, KV store and sessions, and agents that check what is
 * registered with them. As far as the service uses it, and as `shared/spec/programs.md` has it.
 *
 * @module
 */

import { sleep } from "../../src/concurrency/backoff.ts";
import { createWake, type Wake } from "../../src/concurrency/wake.ts";
import type {
  ConsulClient,
  FreeKey,
  HeldKey,
  LockedKey,
  Registration,
  Release,
  ServiceEntry,
} from "../../src/consul/client.ts";
import { noteKey } from "../../src/consul/transactions.ts";
import type { BlockingQuery } from "../../src/consul/requests.ts";
import type { Random } from "../../tools/random.ts";
import { delayMs, type Process } from "./network.ts";

/** One agent: a node of the catalogue while it runs. */
export interface Agent {
  readonly name: string;
  readonly isUp: boolean;
  /** It leaves the cluster and takes its services along, as one does by default that is stopped. */
  leave(): void;
  /** It runs again: with its services, whose checks have not run yet, or with none. */
  join(keepsServices: boolean): void;
  /** The way to it from one process of ours. */
  client(process: Process): ConsulClient;
}

/** A Consul. */
export interface ModelConsul {
  readonly agents: readonly Agent[];
  /** Runs the agents' checks until the signal aborts. */
  run(signal: AbortSignal): Promise<void>;
  /** What an operator does: takes a service off every agent that has it. */
  deregister(id: string): void;
}

/** What a Consul in memory takes. */
export interface ConsulDeps {
  readonly agents: number;
  /** Whether a service answers, by its address as `host:port`. */
  readonly answers: (address: string) => boolean;
  readonly random: Random;
}

interface Service {
  readonly registration: Registration;
  status: string;
}

interface Node {
  readonly name: string;
  isUp: boolean;
  createIndex: number;
  readonly services: Map<string, Service>;
}

interface KeyValue {
  readonly value: string;
  readonly session?: string;
  /** How often it was acquired since it is there. */
  readonly times: number;
  readonly createdAt: number;
  /** Consul's index of its last change. */
  readonly changedAt: number;
}

interface Session {
  readonly node: Node;
  readonly ttlMs: number;
  readonly lockDelayMs: number;
  /** Ends it; started anew by each renewal. */
  timer: ReturnType<typeof setTimeout>;
}

type Topic = "catalogue" | "keys" | "sessions";

const CHECK_MS = 5_000;
const UNREACHABLE = "connect ECONNREFUSED";

/** Creates a Consul whose agents run, with nothing registered. */
export function createConsul({ agents: count, answers, random }: ConsulDeps): ModelConsul {
  let index = 10;
  const indexes: Record<Topic, number> = { catalogue: index, keys: index, sessions: index };
  const waiting = new Map<Wake, Topic>();
  const keys = new Map<string, KeyValue>();
  /** Until when nobody gets a key whose session has ended, ms. */
  const delayed = new Map<string, number>();
  const sessions = new Map<string, Session>();
  let lastSession = 0;

  function changed(topic: Topic): void {
    indexes[topic] = ++index;
    for (const [wake, about] of waiting) if (about === topic) wake.raise();
  }

  const nodes = Array.from({ length: count }, (_, i): Node => ({
    name: `node-${i}`,
    isUp: true,
    createIndex: ++index,
    services: new Map(),
  }));

  function entries(name: string): ServiceEntry[] {
    return nodes.filter(({ isUp }) => isUp).flatMap((node) =>
      [...node.services.values()].filter(({ registration }) => registration.name === name)
        .map(({ registration: { id, address, port }, status }) => ({
          Node: { Node: node.name, Address: "", CreateIndex: node.createIndex },
          Service: { ID: id, Address: address, Port: port },
          Checks: [{ CheckID: `service:${id}`, Status: status }],
        }))
    );
  }

  function endSession(id: string): void {
    const session = sessions.get(id);
    if (!session) return;
    clearTimeout(session.timer);
    sessions.delete(id);
    for (const [key, { session: holder }] of keys) {
      if (holder !== id) continue;
      keys.delete(key);
      delayed.set(key, performance.now() + session.lockDelayMs);
    }
    changed("sessions");
    changed("keys");
  }

  /** A session ends no sooner than its TTL, and up to twice as late. */
  function expiry(id: string, ttlMs: number): ReturnType<typeof setTimeout> {
    return setTimeout(() => endSession(id), ttlMs * (1 + random.next()));
  }

  function check(service: Service): void {
    const { address, port } = service.registration;
    const status = answers(`${address}:${port}`) ? "passing" : "critical";
    if (status === service.status) return;
    service.status = status;
    changed("catalogue");
  }

  function openClient(node: Node, process: Process): ConsulClient {
    async function hop(signal: AbortSignal): Promise<void> {
      await sleep(delayMs(random), signal);
      if (process.isDead) await new Promise<never>(() => {});
      signal.throwIfAborted();
      if (!node.isUp) throw new Error(UNREACHABLE);
    }

    /** A call arrives even where its caller gives up meanwhile. */
    async function call<T>(signal: AbortSignal, work: () => T): Promise<T> {
      await hop(signal);
      const answer = work();
      await hop(signal);
      return answer;
    }

    async function query<T>(
      topic: Topic,
      { blocking: { index: from, waitSeconds }, signal }: {
        blocking: BlockingQuery;
        signal: AbortSignal;
      },
      work: () => T,
    ): Promise<T & { index: bigint }> {
      await hop(signal);
      if (from !== undefined && from >= BigInt(indexes[topic])) {
        const wake = createWake();
        const over = new AbortController();
        waiting.set(wake, topic);
        const timer = setTimeout(() => over.abort(), waitSeconds * 1_000);
        await wake.wait(AbortSignal.any([signal, over.signal]));
        clearTimeout(timer);
        waiting.delete(wake);
      }
      signal.throwIfAborted();
      const answer = { ...work(), index: BigInt(indexes[topic]) };
      await hop(signal);
      return answer;
    }

    function keysBelow(prefix: string): string[] {
      return [...keys.keys()].filter((key) => key.startsWith(prefix));
    }

    function heldBelow(prefix: string): HeldKey[] {
      return [...keys].flatMap(([key, { session, value }]) =>
        session !== undefined && key.startsWith(prefix) ? [{ key, session, value }] : []
      );
    }

    function acquire(key: string, session: string, value: string): boolean {
      if (!sessions.has(session)) throw new Error("invalid session");
      const known = keys.get(key);
      const isFree = known?.session === undefined || known.session === session;
      if (!isFree || (delayed.get(key) ?? 0) > performance.now()) return false;
      if (known?.session === session && known.value === value) return true;
      changed("keys");
      const times = (known?.times ?? 0) + (known?.session === session ? 0 : 1);
      const createdAt = known?.createdAt ?? index;
      keys.set(key, { value, session, times, createdAt, changedAt: index });
      return true;
    }

    function lockedKey(key: string): readonly LockedKey[] {
      const known = keys.get(key);
      return known ? [{ key, ...known }] : [];
    }

    function leave(
      key: string,
      { session, note }: { readonly session: string; readonly note?: string | null },
    ): readonly LockedKey[] {
      const known = keys.get(key);
      if (known?.session !== session) return [];
      changed("keys");
      const { session: _, ...rest } = known;
      keys.set(key, { ...rest, changedAt: index });
      changeNote(key, note);
      return lockedKey(key);
    }

    function changeNote(key: string, note: string | null | undefined): void {
      if (note === null) keys.delete(noteKey(key));
      else if (note !== undefined) set(noteKey(key), note);
    }

    function set(key: string, value: string): void {
      changed("keys");
      const known = keys.get(key);
      const createdAt = known?.createdAt ?? index;
      keys.set(key, { ...known, value, times: known?.times ?? 0, createdAt, changedAt: index });
    }

    function take(key: string, session: string) {
      if (!acquire(key, session, "")) return undefined;
      const note = keys.get(noteKey(key))?.value;
      keys.delete(noteKey(key));
      return note === undefined ? {} : { note };
    }

    function deleteUnchanged({ key, changedAt }: FreeKey): boolean {
      const known = keys.get(key);
      if (known && known.changedAt !== changedAt) return false;
      keys.delete(key);
      return true;
    }

    function release(key: string, session: string): boolean {
      if (keys.get(key)?.session !== session) return false;
      keys.delete(key);
      keys.delete(noteKey(key));
      changed("keys");
      return true;
    }

    function releaseAll(all: readonly Release[], session: string) {
      let held = keys.get(all[0].key)?.session === session;
      const left: LockedKey[] = [];
      const notes: LockedKey[] = [];
      for (const one of all) {
        const stays = one.stays ? leave(one.key, { session }) : [];
        left.push(...stays);
        if (one.stays ? stays.length > 0 : deleteUnchanged(one)) {
          changeNote(one.key, one.note);
          notes.push(...lockedKey(noteKey(one.key)));
        } else held = false;
      }
      changed("keys");
      return { held, left, notes };
    }

    return {
      url: `http://${node.name}`,
      service: (name, blocking, signal) =>
        query("catalogue", { blocking, signal }, () => ({ entries: entries(name) })),
      nodes: (signal) =>
        call(signal, () =>
          nodes.filter(({ isUp }) => isUp).map(({ name, createIndex }) => ({
            Node: name,
            Address: "",
            CreateIndex: createIndex,
          }))),
      localServices: (signal) =>
        call(signal, () =>
          new Map(
            [...node.services].map(([id, { registration: { name, address, port } }]) => [
              id,
              { Service: name, Address: address, Port: port },
            ]),
          )),
      register: (registration, signal) =>
        call(signal, () => {
          const known = node.services.get(registration.id);
          const status = known?.status ?? registration.check.status;
          node.services.set(registration.id, { registration, status });
          changed("catalogue");
        }),
      localChecks: (signal) =>
        call(signal, () =>
          new Map(
            [...node.services].map(([id, { registration: { check } }]) => [
              `service:${id}`,
              Object.keys(check.target)[0],
            ]),
          )),
      deregisterCheck: (id) => {
        throw new Error(`no check changes its kind here: ${id}`);
      },
      deregister: (id, signal) =>
        call(signal, () => {
          if (node.services.delete(id)) changed("catalogue");
        }),
      keys: (prefix, signal) => call(signal, () => keysBelow(prefix)),
      watchKeys: (prefix, blocking, signal) =>
        query("keys", { blocking, signal }, () => ({ keys: keysBelow(prefix) })),
      keyHolder: (key, blocking, signal) =>
        query("keys", { blocking, signal }, () => ({ session: keys.get(key)?.session })),
      watchHeldKeys: (prefix, blocking, signal) =>
        query("keys", { blocking, signal }, () => ({ keys: heldBelow(prefix) })),
      setKey: (key, value, signal) => call(signal, () => set(key, value)),
      deleteKey: (key, signal) =>
        call(signal, () => {
          if (keys.delete(key)) changed("keys");
        }),
      acquireKey: (key, { session, value = "" }, signal) =>
        call(signal, () => acquire(key, session, value)),
      acquireKeys: (all, session, signal) =>
        call(signal, () => all.filter((key) => acquire(key, session, "")).flatMap(lockedKey)),
      releaseKey: (key, session, signal) => call(signal, () => release(key, session)),
      releaseKeys: (all, session, signal) => call(signal, () => releaseAll(all, session)),
      takeKey: (key, session, signal) => call(signal, () => take(key, session)),
      leaveKey: (key, leaving, signal) => call(signal, () => leave(key, leaving)[0]),
      freeKeys: (prefix, signal) =>
        call(
          signal,
          () =>
            [...keys].flatMap(([key, { session, changedAt }]) =>
              session === undefined && key.startsWith(prefix) ? [{ key, changedAt }] : []
            ),
        ),
      deleteUnchanged: (found, signal) =>
        call(signal, () => {
          for (const one of found) deleteUnchanged(one);
          changed("keys");
        }),
      createSession: ({ ttlSeconds, lockDelaySeconds }, signal) =>
        call(signal, () => {
          const id = `session-${++lastSession}`;
          const ttlMs = ttlSeconds * 1_000;
          const timer = expiry(id, ttlMs);
          sessions.set(id, { node, ttlMs, lockDelayMs: lockDelaySeconds * 1_000, timer });
          return id;
        }),
      renewSession: (id, signal) =>
        call(signal, () => {
          const session = sessions.get(id);
          if (!session) return false;
          clearTimeout(session.timer);
          session.timer = expiry(id, session.ttlMs);
          return true;
        }),
      destroySession: (id, signal) => call(signal, () => endSession(id)),
      sessionExists: (id, blocking, signal) =>
        query("sessions", { blocking, signal }, () => ({ exists: sessions.has(id) })),
      [Symbol.dispose]() {},
    };
  }

  const agents = nodes.map((node): Agent => ({
    name: node.name,
    get isUp() {
      return node.isUp;
    },
    leave() {
      node.isUp = false;
      for (const [id, session] of sessions) if (session.node === node) endSession(id);
      changed("catalogue");
    },
    join(keepsServices) {
      node.isUp = true;
      node.createIndex = ++index;
      if (!keepsServices) node.services.clear();
      for (const service of node.services.values()) service.status = "critical";
      changed("catalogue");
    },
    client: (process) => openClient(node, process),
  }));

  return {
    agents,
    async run(signal) {
      await Promise.all(nodes.map(async (node) => {
        while (!signal.aborted) {
          await sleep(CHECK_MS * (0.5 + 0.5 * random.next()), signal);
          if (node.isUp) { for (const service of node.services.values()) check(service); }
        }
      }));
    },
    deregister(id) {
      for (const node of nodes) if (node.services.delete(id)) changed("catalogue");
    },
  };
}
