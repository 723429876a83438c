/**
 * A text that each process announces to the others, in a key that its session holds. The key disappears
 * with the process, so the texts of dead processes are not read.
 *
 * @module
 */

import { type BackoffLimits, backoffMs, sleep } from "../concurrency/backoff.ts";
import { deadline } from "../concurrency/deadline.ts";
import { runGroup } from "../concurrency/run_group.ts";
import { createWake } from "../concurrency/wake.ts";
import { followQuery, QUERY_INTERVAL_MS_MIN } from "./blocking.ts";
import type { BlockingQuery, ConsulClient, HeldKey } from "./client.ts";
import { TRACED_MS } from "./trace_times.ts";
import type { Session, SessionKeeper } from "./session.ts";

/** The announcement of one process. */
export interface Announcement {
  /** Names the session that holds it: a process with a new session has a new ID. */
  readonly id: string;
  readonly text: string;
  /** Whether this process announces it. */
  readonly isOwn: boolean;
  /** Whether it has disappeared although its process has not said that it ends. */
  readonly isLost: boolean;
}

/** Announcements of all processes that share a prefix. */
export interface Announcements {
  /** Announces a text instead of the former one, as soon as Consul can be reached. */
  announce(text: string): void;
  /**
   * All announcements as they were last read, in an order that is the same in every process. Absent until
   * the first read.
   */
  readonly all: readonly Announcement[] | undefined;
  /** Whether `all` is up to date: the last read was answered, and changes would be known. */
  readonly isCurrent: boolean;
  /**
   * Keeps the announcement of this process in Consul and reads all of them, until the signal aborts. Then
   * it announces that this process ends. Calls back when `all` has changed, or whether anything can be
   * announced.
   */
  run(onChange: () => void, signal: AbortSignal): Promise<void>;
}

/** What announcing needs. */
export interface AnnouncementsDeps {
  readonly consul: Pick<ConsulClient, "acquireKey" | "watchHeldKeys">;
  readonly sessions: Pick<SessionKeeper, "current" | "watch">;
  /** The prefix of the keys. */
  readonly prefix: string;
  readonly random: () => number;
}

const WAIT_SECONDS = 20;
/**
 * How long the announcement of a process counts after it has disappeared without a farewell. Such a
 * process was killed, or cannot reach Consul and goes on as it has announced. Its session has also
 * deleted traces of others. After this time no process relies on those any more.
 */
const LOST_MS = TRACED_MS;
/** The text by which a process announces that it ends. */
const END = "";
const END_MS_MAX = 1_000;
const RETRY: BackoffLimits = { firstMs: 250, maxMs: 5_000 };

/** Creates announcements; nothing is written or read yet. */
export function createAnnouncements(
  { consul, sessions, prefix, random }: AnnouncementsDeps,
): Announcements {
  let wanted: string | undefined;
  let written: { readonly session: Session; readonly text: string } | undefined;
  let isWriting = false;
  /** The announcements that Consul has now. */
  let present: readonly { readonly key: string; readonly text: string }[] | undefined;
  let ownKey: string | undefined;
  let isCurrent = false;
  /** The texts by key, as they were last read. */
  let known = new Map<string, string>();
  const lost = new Map<string, { readonly text: string }>();
  /** Keys of sessions that were ours. */
  const owned = new Set<string>();
  const changed = createWake();
  const idOf = (key: string) => key.slice(prefix.length);

  async function write(signal: AbortSignal): Promise<void> {
    using _watch = sessions.watch(changed.raise);
    let failures = 0;
    while (!signal.aborted) {
      const [session, text] = [sessions.current(), wanted];
      const isWritten = written?.session === session && written?.text === text;
      if (!session || text === undefined || isWritten) {
        await changed.wait(signal);
        continue;
      }
      try {
        ownKey = prefix + session.id;
        owned.add(ownKey);
        isWriting = true;
        const holder = { session: session.id, value: text };
        const ends = AbortSignal.any([signal, session.signal]);
        if (await consul.acquireKey(ownKey, holder, ends)) {
          written = { session, text };
          failures = 0;
          continue;
        }
      } catch (error) {
        if (signal.aborted) return;
        session.suspect(error);
      } finally {
        isWriting = false;
      }
      await sleep(backoffMs(++failures, RETRY, random), signal);
    }
  }

  async function read(onChange: () => void, signal: AbortSignal): Promise<void> {
    const ask = (query: BlockingQuery, signal: AbortSignal) =>
      consul.watchHeldKeys(prefix, query, signal);
    let again = new AbortController();
    // The session notices that Consul is back before the next try would.
    using _watch = sessions.watch(() => {
      if (!isCurrent && sessions.current()) again.abort();
    });
    while (!signal.aborted) {
      again = new AbortController();
      const ends = AbortSignal.any([signal, again.signal]);
      for await (const look of followQuery(ask, { waitSeconds: WAIT_SECONDS, random }, ends)) {
        isCurrent = look.kind === "answered";
        if (look.kind === "answered") take(look.answer.keys);
        onChange();
      }
    }

    function take(keys: readonly HeldKey[]): void {
      const sorted = keys.toSorted((a, b) => a.key < b.key ? -1 : 1);
      // An announcement of our former session counts for others until Consul ends that session.
      present = sorted.filter(({ value }) => value !== END)
        .map(({ key, value }) => ({ key, text: value }));
      const read = new Map(sorted.map(({ key, value }) => [key, value]));
      for (const [key, text] of known) {
        if (!read.has(key) && text !== END && !owned.has(key)) loses(key, text);
      }
      known = read;
      for (const key of read.keys()) lost.delete(key);
      if (written && !isWriting && read.get(prefix + written.session.id) !== written.text) {
        // Somebody has deleted or overwritten it.
        written = undefined;
        changed.raise();
      }
    }

    function loses(key: string, text: string): void {
      const one = { text };
      lost.set(key, one);
      void sleep(LOST_MS, signal).then(() => {
        if (lost.get(key) !== one) return;
        lost.delete(key);
        if (!signal.aborted) onChange();
      });
    }
  }

  /** Announces that this process ends, so that others do not count it any more. */
  async function end(): Promise<void> {
    const session = sessions.current();
    if (!session) return;
    using late = deadline(END_MS_MAX, session.signal);
    const holder = { session: session.id, value: END };
    try {
      await consul.acquireKey(prefix + session.id, holder, late.signal);
      // The session is destroyed next, and its key with it: the others should have read this before.
      await sleep(2 * QUERY_INTERVAL_MS_MIN, late.signal);
    } catch {
      // Then it counts for others for a while.
    }
  }

  return {
    announce(text) {
      wanted = text;
      changed.raise();
    },
    get all() {
      const gone = [...lost].map(([key, { text }]) => ({
        id: idOf(key),
        text,
        isOwn: false,
        isLost: true,
      }));
      return present && [
        ...present.map(({ key, text }) => ({
          id: idOf(key),
          text,
          isOwn: key === ownKey,
          isLost: false,
        })),
        ...gone,
      ];
    },
    get isCurrent() {
      return isCurrent;
    },
    async run(onChange, signal) {
      using _watch = sessions.watch(onChange);
      await runGroup([write, (signal) => read(onChange, signal)], signal);
      await end();
    },
  };
}
