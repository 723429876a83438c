/** Tasks that live and die together. @module */

/** A task that ends when its signal aborts, or before that. */
export type Task = (signal: AbortSignal) => Promise<void>;

/**
 * Runs tasks until the first of them ends or fails, or the signal aborts; then stops the rest and
 * waits for every one.
 *
 * @throws what the first failing task threw; abort alone is no failure
 */
export async function runGroup(tasks: readonly Task[], signal: AbortSignal): Promise<void> {
  const stop = new AbortController();
  const group = AbortSignal.any([signal, stop.signal]);
  const failures: unknown[] = [];
  await Promise.all(tasks.map(async (task) => {
    try {
      await task(group);
    } catch (error) {
      failures.push(error);
    } finally {
      stop.abort();
    }
  }));
  if (failures.length > 0) throw failures[0];
}
