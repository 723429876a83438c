/** Runs tasks that begin together and end one after the other. @module */

import { untilAborted } from "./abort.ts";
import type { Task } from "./run_group.ts";

/**
 * Runs tasks until one of them ends or fails, or the signal aborts. Then stops them in their order, each when
 * the one before it has ended. A task that another one needs until its end comes after it.
 *
 * @throws the error of the first task that failed. An abort alone is not a failure
 */
export async function runStages(tasks: readonly Task[], signal: AbortSignal): Promise<void> {
  const over = new AbortController();
  const failures: unknown[] = [];
  const stages = tasks.map((task) => {
    const stop = new AbortController();
    const ended = (async () => await task(stop.signal))().catch((error) =>
      void failures.push(error)
    ).finally(() => over.abort());
    return { stop, ended };
  });
  await Promise.race([untilAborted(signal), untilAborted(over.signal)]);
  for (const { stop, ended } of stages) {
    stop.abort();
    await ended;
  }
  if (failures.length > 0) throw failures[0];
}
