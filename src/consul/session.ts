/**
 * Keeps a session of Consul alive: creates, renews and watches it, and creates another one when it is lost.
 *
 * For this process a session ends no later than for Consul: its TTL counts from before a renewal is
 * sent, and Consul's from after it has arrived. So a holder learns of the loss before another can
 * acquire the key.
 *
 * @module
 */

import { backoffMs, sleep } from "../concurrency/backoff.ts";
import { errorText, type Logger } from "../log.ts";
import { createTrouble } from "../log/trouble.ts";
import { runGroup } from "../concurrency/run_group.ts";
import { createWake, type Wake } from "../concurrency/wake.ts";
import { followQuery, retryMs } from "./blocking.ts";
import { type BlockingQuery, type ConsulClient, isForbidden } from "./client.ts";
import { untilAborted } from "../concurrency/abort.ts";
import { follow } from "../concurrency/follow.ts";

/**
 * Whether there can be a session that works:
 *
 * - `unreachable`: Consul does not answer, does not know the token, or a right was revoked. Other
 *   instances may have sessions
 * - `forbidden`: the token has not had the rights since this process was started
 */
export type SessionState = "yes" | "unreachable" | "forbidden";

/** A session that Consul has. */
export interface Session {
  readonly id: string;
  /** Aborts when the session is no longer reliable. */
  readonly signal: AbortSignal;
  /** Marks the session as in use: it is not destroyed until disposal. */
  use(): Disposable;
  /**
   * Reports that a call under this session has failed. The state of the session is checked again at once.
   */
  suspect(error: unknown): void;
}

/** What keeping a session needs; I/O as functions. */
export interface SessionDeps {
  readonly consul: Pick<
    ConsulClient,
    "url" | "createSession" | "renewSession" | "destroySession" | "sessionExists"
  >;
  /** The name of the sessions, for operators who look at them in Consul. */
  readonly name: string;
  /** Throws if Consul forbids what the session is for. */
  readonly tryRights: (session: string, signal: AbortSignal) => Promise<void>;
  readonly random: () => number;
  readonly log: Logger;
}

/** Keeps one session after the other. */
export interface SessionKeeper {
  /**
   * Keeps a session until the signal aborts. From then on it is not given out any more. It is
   * kept for those who use it, some seconds at most, and then destroyed. Failures are logged and tried
   * again.
   */
  run(signal: AbortSignal): Promise<void>;
  /** Returns the session if there is one that is known to work. */
  current(): Session | undefined;
  /** Calls back when another session, or none, is current. Disposal ends that. */
  watch(onChange: () => void): Disposable;
  /** Aborted once a session has been asked for, with or without success. */
  readonly tried: AbortSignal;
  readonly state: SessionState;
  /** Since when that is so, by the clock of `performance.now()`. */
  readonly since: number;
}

/** Three renewals may fail before the session is lost. */
const TTL_SECONDS = 10;
const RENEW_MS = 3_000;
/** How long a holder may take to stop after it has lost its session. Consul's default is 15 s. */
const LOCK_DELAY_SECONDS = 1;
const WATCH_WAIT_SECONDS = 30;
const RENEW_RETRY = { firstMs: 500, maxMs: 2_000 };
const GONE = "does not exist any more: it was destroyed, or Consul has lost it";
/** How long the end of a session waits for those who use it. */
const USERS_MS_MAX = 5_000;

/** Creates a keeper. Nothing is sent yet. */
export function createSessionKeeper(deps: SessionDeps): SessionKeeper {
  const { consul, random, log } = deps;
  const tried = new AbortController();
  let state: SessionState = "unreachable";
  let since = performance.now();
  let session: Session | undefined;
  /** Sessions that could not be destroyed yet: Consul keeps them and their keys for up to two TTLs. */
  const undead = new Set<string>();
  const trouble = createTrouble();
  /** Whether there has been a session that could be used. */
  let hadOne = false;
  const watchers = new Set<() => void>();

  function tellWatchers(): void {
    for (const watcher of watchers) watcher();
  }

  function become(next: SessionState): void {
    if (next !== state) since = performance.now();
    state = next;
    tried.abort();
    tellWatchers();
  }

  function works(): void {
    hadOne = true;
    if (state !== "yes") become("yes");
    const past = trouble.over();
    if (past) log.info("locks in Consul are available again", { consul: consul.url, ...past });
  }

  function stateAfter(error: unknown): SessionState {
    return isForbidden(error) && !hadOne ? "forbidden" : "unreachable";
  }

  function fails(error: unknown): void {
    become(stateAfter(error));
    if (!trouble.isNews(error)) return;
    const fields = { consul: consul.url, err: errorText(error) };
    log.warn("locks in Consul are not available: pushes go on, drains and deletions wait", fields);
  }

  function loses(why: unknown): void {
    if (trouble.isNews(why)) {
      log.warn("locks in Consul are lost", { consul: consul.url, err: errorText(why) });
    }
    become(stateAfter(why));
  }

  async function open(signal: AbortSignal): Promise<string> {
    const options = {
      name: deps.name,
      ttlSeconds: TTL_SECONDS,
      lockDelaySeconds: LOCK_DELAY_SECONDS,
    };
    const id = await consul.createSession(options, signal);
    try {
      await deps.tryRights(id, signal);
      await Promise.all([...undead].map(destroy));
      return id;
    } catch (error) {
      await destroy(id);
      throw error;
    }
  }

  async function destroy(id: string): Promise<void> {
    try {
      await consul.destroySession(id, new AbortController().signal);
      undead.delete(id);
    } catch (error) {
      undead.add(id);
      const fields = { consul: consul.url, session: id, err: errorText(error) };
      log.debug("destroying a session in Consul failed", fields);
    }
  }

  /**
   * Keeps one session until it is lost or the signal aborts, and ends it then.
   *
   * @param askedMs when Consul was asked for it
   */
  async function keep(id: string, askedMs: number, signal: AbortSignal): Promise<void> {
    const end = new AbortController();
    const users = new Set<Disposable>();
    const left = createWake();
    let goodUntilMs = askedMs + TTL_SECONDS * 1_000;
    let doubt = new AbortController();
    const lose = (why: string) => end.abort(new Error(`Consul's session ${id} ${why}`));

    async function renew(signal: AbortSignal): Promise<void> {
      for (let failures = 0; !signal.aborted;) {
        const pauseMs = failures ? backoffMs(failures, RENEW_RETRY, random) : RENEW_MS;
        await sleep(pauseMs, AbortSignal.any([signal, doubt.signal]));
        doubt = new AbortController();
        if (signal.aborted) return;
        const sentMs = performance.now();
        try {
          if (!await consul.renewSession(id, signal)) return lose(GONE);
          goodUntilMs = sentMs + TTL_SECONDS * 1_000;
          failures = 0;
          works();
        } catch (error) {
          if (signal.aborted) return;
          failures++;
          fails(error);
        }
      }
    }

    async function expire(signal: AbortSignal): Promise<void> {
      while (!signal.aborted) {
        const leftMs = goodUntilMs - performance.now();
        if (leftMs <= 0) return lose("could not be renewed within its TTL");
        await sleep(leftMs, signal);
      }
    }

    /**
     * Learns at once when somebody else ends the session: the lock delay is shorter than the pause
     * between renewals.
     */
    async function watch(signal: AbortSignal): Promise<void> {
      const ask = (query: BlockingQuery, signal: AbortSignal) =>
        consul.sessionExists(id, query, signal);
      const options = { waitSeconds: WATCH_WAIT_SECONDS, random };
      for await (const look of followQuery(ask, options, signal)) {
        // Failures are noticed by renewals, only later.
        if (look.kind === "answered" && !look.answer.exists) return lose(GONE);
      }
    }

    /** Ends the session for new users. Those who use it go on. */
    async function retire(): Promise<void> {
      using either = follow([signal, end.signal]);
      await untilAborted(either.signal);
      session = undefined;
      tellWatchers();
      await allLeft(users, left);
      end.abort(new Error(`Consul's session ${id} is not kept any more`));
    }

    session = {
      id,
      signal: end.signal,
      use() {
        const user: Disposable = {
          [Symbol.dispose]() {
            users.delete(user);
            left.raise();
          },
        };
        users.add(user);
        return user;
      },
      suspect(error) {
        if (end.signal.aborted) return;
        fails(error);
        if (isForbidden(error)) end.abort(error);
        else doubt.abort();
      },
    };
    works();
    tellWatchers();
    await runGroup([renew, expire, watch, retire], end.signal);
    if (signal.aborted) become("unreachable");
    else loses(end.signal.reason);
    if (await allLeft(users, left)) await destroy(id);
  }

  return {
    async run(signal) {
      for (let failures = 0; !signal.aborted;) {
        let failure: unknown;
        try {
          const askedMs = performance.now();
          const id = await open(signal);
          await keep(id, askedMs, signal);
          if (signal.aborted) return;
          failures = 1;
        } catch (error) {
          if (signal.aborted) return;
          failures++;
          failure = error;
          fails(error);
        }
        await sleep(retryMs(failures, failure, random), signal);
      }
    },
    current: () => state === "yes" && !session?.signal.aborted ? session : undefined,
    watch(onChange) {
      watchers.add(onChange);
      return { [Symbol.dispose]: () => void watchers.delete(onChange) };
    },
    tried: tried.signal,
    get state() {
      return state;
    },
    get since() {
      return since;
    },
  };
}

/** Waits until a session is not in use any more. Returns whether that was so in time. */
async function allLeft(users: ReadonlySet<Disposable>, left: Wake): Promise<boolean> {
  const patience = new AbortController();
  const timer = setTimeout(() => patience.abort(), USERS_MS_MAX);
  while (users.size > 0 && !patience.signal.aborted) await left.wait(patience.signal);
  clearTimeout(timer);
  return users.size === 0;
}
