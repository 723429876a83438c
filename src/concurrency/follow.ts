/** A signal that aborts with others, for as long as a scope lasts. @module */

/** A signal of its own. Disposal lets go of those it follows. */
export interface Following extends Disposable {
  readonly signal: AbortSignal;
}

/**
 * Creates a signal that aborts with the first of others.
 *
 * `AbortSignal.any` lasts as long as the longest of its sources where somebody has left a listener on
 * it: 1.2 kB for each lock that is held under one session. What is left on this one goes with it.
 */
export function follow(sources: readonly AbortSignal[]): Following {
  const own = new AbortController();
  const listeners = sources.map((source) => {
    const abort = () => own.abort(source.reason);
    if (source.aborted) abort();
    else source.addEventListener("abort", abort, { once: true });
    return () => source.removeEventListener("abort", abort);
  });
  return {
    signal: own.signal,
    [Symbol.dispose]() {
      for (const remove of listeners) remove();
    },
  };
}
