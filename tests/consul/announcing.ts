/** Processes that announce something by a real Consul. @module */

import { type Announcement, createAnnouncements } from "../../src/consul/announcements.ts";
import { ringPrefix } from "../../src/consul/keys.ts";
import type { ConsulAgent } from "../../tools/consul.ts";
import { waitFor } from "../../tools/wait.ts";
import { startLocks } from "./fixture.ts";

/** A process that announces. Disposal ends it. */
export interface Announcing extends AsyncDisposable {
  announce(text: string): void;
  readonly isCurrent: boolean;
  /** All that it knows of, as `text`, `text own` and `text lost`; absent where it knows nothing. */
  readonly seen: readonly string[] | undefined;
  /** What it saw at each change. */
  readonly history: readonly (readonly string[])[];
  /** Waits until it sees just that, in any order. */
  waitFor(...seen: string[]): Promise<void>;
  /** Waits until it waits for news: it pauses between two questions. */
  waitUntilAsking(): Promise<void>;
  /** The session that it announces by. */
  session(): string | undefined;
  /** Ends it as a service does. */
  end(): Promise<void>;
  /** Ends it as a kill would: its session is gone, and it says nothing. */
  vanish(): Promise<void>;
}

/** Writes an announcement as a word or two. */
export function show({ text, isOwn, isLost }: Announcement): string {
  return `${text}${isOwn ? " own" : ""}${isLost ? " lost" : ""}`;
}

/** Starts one. */
export async function startAnnouncing(
  consul: ConsulAgent,
  { ready = true } = {},
): Promise<Announcing> {
  let asking = 0;
  const locks = await startLocks(consul, {
    ready,
    wrap: (client) => ({
      ...client,
      async watchHeldKeys(...args) {
        asking++;
        try {
          return await client.watchHeldKeys(...args);
        } finally {
          asking--;
        }
      },
    }),
  });
  const announcements = createAnnouncements({
    consul: locks.consul,
    sessions: locks.sessions,
    prefix: ringPrefix("pushgateway"),
    random: Math.random,
  });
  const stop = new AbortController();
  const history: (readonly string[])[] = [];
  const seen = () => announcements.all?.map(show);
  const running = announcements.run(() => history.push(seen() ?? []), stop.signal);
  const end = async () => {
    stop.abort();
    await running;
    await locks.stop();
  };
  return {
    announce: announcements.announce,
    get isCurrent() {
      return announcements.isCurrent;
    },
    get seen() {
      return seen();
    },
    history,
    async waitFor(...expected) {
      const wanted = expected.sort().join();
      await waitFor(() => seen()?.sort().join() === wanted, { what: `"${wanted}" to be seen` });
    },
    async waitUntilAsking() {
      await waitFor(() => asking > 0, { what: "a question to Consul" });
    },
    session: () => locks.sessions.current()?.id,
    end,
    async vanish() {
      await locks.stop();
      await end();
    },
    async [Symbol.asyncDispose]() {
      await end();
      await locks[Symbol.asyncDispose]();
    },
  };
}
