/** Runs tasks that begin and end together. @module */

/** A task that ends when its signal aborts, or before that. */
export type Task = (signal: AbortSignal) => Promise<void>;

/**
 * Deno 2.7 collects a signal of `AbortSignal.any` that only its own listeners refer to, and never calls them:
 * a task that waits only for its end would not end.
 */
const running = new Set<AbortSignal>();

/**
 * Runs tasks until the first of them ends or fails, or the signal aborts. Then stops the others and waits for
 * all of them.
 *
 * @throws the error of the first task that failed. An abort alone is not a failure
 */
export async function runGroup(tasks: readonly Task[], signal: AbortSignal): Promise<void> {
  const stop = new AbortController();
  const group = AbortSignal.any([signal, stop.signal]);
  running.add(group);
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
  running.delete(group);
  if (failures.length > 0) throw failures[0];
}
