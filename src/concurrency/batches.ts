/**
 * Does the same work for many items that share costly reads: batch by batch, the items of a batch in step.
 *
 * While a batch is under way, nothing else may handle its items, so it should not take much longer than its
 * reads. The batch size grows while a batch takes hardly longer than the first, small one. It shrinks if the
 * work for each item prevails, as when Pushgateways check each push against all they hold.
 *
 * @module
 */

const FIRST = 8;
const MAX = 512;
/** A first batch that took less counts as this, because so short a time says little. */
const BASE_MS_MIN = 500;
const [GROW_BELOW, SHRINK_ABOVE] = [1.5, 3];
const [GROW, SHRINK] = [4, 0.5];

/**
 * Runs `work` for each item, and waits for all work that has begun.
 *
 * @param options.now a clock in ms, for the duration of a batch
 * @throws the error of a call that failed, after which no further batch begins; the signal's reason when it
 *   aborts
 */
export async function inBatches<T>(
  items: Iterable<T>,
  { signal, now = () => performance.now() }: {
    readonly signal: AbortSignal;
    readonly now?: () => number;
  },
  work: (item: T) => Promise<void>,
): Promise<void> {
  const left = [...items];
  let size = FIRST;
  let baseMs: number | undefined;
  for (let at = 0; at < left.length;) {
    signal.throwIfAborted();
    const batch = left.slice(at, at + size);
    at += batch.length;
    const began = now();
    const outcomes = await Promise.allSettled(batch.map(work));
    signal.throwIfAborted();
    const failed = outcomes.find(({ status }) => status === "rejected");
    if (failed?.status === "rejected") throw failed.reason;
    const tookMs = now() - began;
    baseMs ??= Math.max(BASE_MS_MIN, tookMs);
    if (tookMs < GROW_BELOW * baseMs) size = Math.min(MAX, size * GROW);
    else if (tookMs > SHRINK_ABOVE * baseMs) size = Math.max(1, size * SHRINK);
  }
}
