/**
 * Gathers callers that want the same costly read: a Pushgateway can only be read as a whole, so one read
 * serves all callers that wait for it.
 *
 * @module
 */

import { abandonable } from "./abort.ts";
import { sleep } from "./backoff.ts";

/** Reads for a subject. A caller that asks during a read gets the next one. */
export interface Gathered<Subject, Want, Result> {
  /**
   * Waits for a read that begins after this call.
   *
   * @param want what the caller wants. A read is passed the wants of all its callers
   * @throws what the read throws; the signal's reason when it aborts, which ends only this wait
   */
  read(subject: Subject, want: Want, signal: AbortSignal): Promise<Result>;
  /** Forgets how long reads of a subject take. */
  forget(subject: Subject): void;
  /** Ends all reads and waits for them. A read that is asked for afterwards ends at once. */
  end(): Promise<void>;
}

interface Batch<Want, Result> {
  readonly wants: Want[];
  readonly done: Promise<Result>;
}

/**
 * Creates a gathering reader.
 *
 * @param read reads for a subject, for all callers that wait. It limits its own time; its signal aborts when
 *   all reads are to end, and not when a caller gives up
 * @param patience if no read is running, the next one waits for more callers, for this part of the duration
 *   of the subject's last read: many callers that work in step then share one read, not two
 */
export function gather<Subject, Want, Result>(
  read: (subject: Subject, wants: readonly Want[], signal: AbortSignal) => Promise<Result>,
  patience = 0,
): Gathered<Subject, Want, Result> {
  const running = new Map<Subject, Promise<unknown>>();
  const waiting = new Map<Subject, Batch<Want, Result>>();
  const tookMs = new Map<Subject, number>();
  const ended = new AbortController();

  async function timed(subject: Subject, wants: readonly Want[]): Promise<Result> {
    const began = performance.now();
    try {
      return await read(subject, wants, ended.signal);
    } finally {
      tookMs.set(subject, performance.now() - began);
    }
  }

  function begin(subject: Subject): Batch<Want, Result> {
    const wants: Want[] = [];
    const lingerMs = patience * (tookMs.get(subject) ?? 0);
    // A caller that wants another read after one has ended asks for it a moment later.
    const before = running.get(subject)?.then(() => sleep(1)) ??
      (lingerMs >= 1 ? sleep(lingerMs, ended.signal) : Promise.resolve());
    const done = before.catch(() => {}).then(() => {
      waiting.delete(subject);
      return timed(subject, wants);
    });
    const settled = done.catch(() => {}).then(() => {
      if (running.get(subject) === settled) running.delete(subject);
    });
    running.set(subject, settled);
    return { wants, done };
  }

  return {
    read(subject, want, signal) {
      const batch = waiting.get(subject) ?? begin(subject);
      waiting.set(subject, batch);
      batch.wants.push(want);
      return abandonable(batch.done, signal);
    },
    forget: (subject) => void tookMs.delete(subject),
    async end() {
      ended.abort();
      await Promise.all(running.values());
    },
  };
}
