/**
 * Does the same for many that share costly reads: batch by batch, those of a batch in step.
 *
 * While a batch is under way nothing else may handle its items, so it shall not take much longer than
 * its reads: it grows while it takes hardly longer than the first, small one did, and shrinks where
 * what is done for each item prevails, as where Pushgateways check each push against all they hold.
 *
 * @module
 */

const FIRST = 8;
const MAX = 512;
/** A first batch that took less counts as this: so short a time says little. */
const BASE_MS_MIN = 500;
const [GROW_BELOW, SHRINK_ABOVE] = [1.5, 3];
const [GROW, SHRINK] = [4, 0.5];

/**
 * Runs `work` for each item, and awaits all that has begun.
 *
 * @param options.now for how long a batch took, in ms
 * @throws what a failing call threw, after which no further batch begins; the signal's reason when it
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
