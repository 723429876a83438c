/** Does the same for many, a few at a time. @module */

/**
 * Runs `work` for each item, at most `size` at once, and awaits all that has begun.
 *
 * @throws what the first failing call threw, after which no further one begins; the signal's reason
 *   when it aborts
 */
export async function inPool<T>(
  items: Iterable<T>,
  { size, signal }: { readonly size: number; readonly signal: AbortSignal },
  work: (item: T) => Promise<void>,
): Promise<void> {
  const left = items[Symbol.iterator]();
  const failures: unknown[] = [];
  const worker = async () => {
    for (let next = left.next(); !next.done; next = left.next()) {
      if (failures.length > 0 || signal.aborted) return;
      try {
        await work(next.value);
      } catch (error) {
        failures.push(error);
      }
    }
  };
  await Promise.all(Array.from({ length: size }, worker));
  signal.throwIfAborted();
  if (failures.length > 0) throw failures[0];
}
