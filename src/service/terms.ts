/**
 * Keeps the configurations, one after the other. Each is opened once, in force until the next one is, and
 * closed once. The tasks of the next one begin before those of the last one have ended, so there is no gap.
 *
 * @module
 */

import { untilAborted } from "../concurrency/abort.ts";
import { within } from "../concurrency/backoff.ts";
import { runGroup, type Task } from "../concurrency/run_group.ts";
import type { ConsulLink } from "./consul_link.ts";
import type { Term } from "./term.ts";

/** What keeping the configurations needs. */
export interface TermsDeps {
  /**
   * Opens the next configuration.
   *
   * @throws {ConfigError} if the file is wrong
   */
  readonly open: (previous: Term) => Promise<Term>;
  /** Returns what runs while a configuration is in force. */
  readonly tasksOf: (term: Term, start: TermStart) => readonly Task[];
  /**
   * Returns what runs as long as a link to Consul is used. The tasks of the last link are the last to end.
   */
  readonly linkTasksOf: (link: ConsulLink) => readonly Task[];
  /** Called when another configuration is in force. Its tasks are about to begin. */
  readonly onSwap: (next: Term, previous: Term) => void;
}

/** How a configuration comes into force. */
export interface TermStart {
  /** The configuration before it. */
  readonly previous?: Term;
  /** Called when the members are those of the configuration. */
  readonly inForce: () => void;
}

/** The configurations. */
export interface Terms {
  /** The configuration in force. */
  current(): Term;
  /**
   * Puts the next configuration in force, one call after the other. Ends when the members are those of the
   * new configuration, or after 8 s; then they follow later.
   *
   * @throws {ConfigError} if the file is wrong; nothing has changed
   * @throws if the service does not run, or is about to end
   */
  reload(): Promise<void>;
  /**
   * Runs the tasks of the configuration in force until the signal aborts. Everything is closed when it
   * returns.
   */
  run(signal: AbortSignal): Promise<void>;
}

/**
 * Closes a configuration that was never in force, and its link to Consul unless another configuration uses
 * it.
 */
export function closeUnused(term: Term, other?: Term): void {
  term[Symbol.dispose]();
  if (term.consul?.link !== other?.consul?.link) term.consul?.link[Symbol.dispose]();
}

/** Something open that has tasks. */
interface Lifetime {
  /** Stops its tasks, waits for them, and closes it. Once. */
  end(): Promise<void>;
}

/** How long a reload waits for the members of the new configuration. */
const IN_FORCE_MS_MAX = 8_000;

/**
 * Creates the configurations. Nothing runs yet.
 *
 * @param first is open, and is closed by `run`
 */
export function createTerms(first: Term, deps: TermsDeps): Terms {
  let current = first;
  let lifetime: Lifetime | undefined;
  let isOver = false;
  const links = new Map<ConsulLink, Lifetime>();
  /** Configurations whose tasks have not ended. */
  const open = new Set<Term>();
  const closing = new Set<Promise<void>>();
  const failure = Promise.withResolvers<never>();
  let lastReload: Promise<unknown> = Promise.resolve();

  function begin(thing: Disposable, tasks: (signal: AbortSignal) => Promise<void>): Lifetime {
    const stop = new AbortController();
    const ended = tasks(stop.signal).catch(failure.reject);
    let closed: Promise<void> | undefined;
    return {
      end: () =>
        closed ??= (async () => {
          stop.abort();
          await ended;
          thing[Symbol.dispose]();
        })(),
    };
  }

  function enter(term: Term, start: TermStart): Lifetime {
    const link = term.consul?.link;
    if (link && !links.has(link)) {
      links.set(link, begin(link, (signal) => runGroup(deps.linkTasksOf(link), signal)));
    }
    open.add(term);
    return begin(term, (signal) => runGroup(deps.tasksOf(term, start), signal));
  }

  /** Ends a configuration that is no longer in force, and its link to Consul if that is no longer used. */
  function leave(term: Term, { end }: Lifetime): void {
    const task = (async () => {
      await end();
      open.delete(term);
      const link = term.consul?.link;
      if (!link || open.values().some(({ consul }) => consul?.link === link)) return;
      await links.get(link)?.end();
      links.delete(link);
    })();
    closing.add(task);
    void task.finally(() => closing.delete(task));
  }

  async function swap(): Promise<void> {
    const next = await deps.open(current);
    if (!lifetime || isOver) {
      closeUnused(next, current);
      throw new Error("the service is not running");
    }
    const [previous, before] = [current, lifetime];
    const inForce = Promise.withResolvers<void>();
    current = next;
    deps.onSwap(next, previous);
    lifetime = enter(next, { previous, inForce: inForce.resolve });
    leave(previous, before);
    await within(IN_FORCE_MS_MAX, inForce.promise);
  }

  return {
    current: () => current,
    reload() {
      const done = lastReload.then(swap);
      lastReload = done.catch(() => {});
      return done;
    },
    async run(signal) {
      lifetime = enter(current, { inForce: () => {} });
      try {
        await Promise.race([untilAborted(signal), failure.promise]);
      } finally {
        isOver = true;
        await lifetime.end();
        await Promise.all(closing);
        await Promise.all([...links.values()].map(({ end }) => end()));
      }
    },
  };
}
