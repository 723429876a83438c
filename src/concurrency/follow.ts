/** A signal that follows other signals, for as long as a scope lasts. @module */

/** A signal that follows other signals. Disposal stops following them. */
export interface Following extends Disposable {
  readonly signal: AbortSignal;
}

/**
 * Creates a signal that aborts with the first of several signals.
 *
 * `AbortSignal.any` lasts as long as the longest of its sources if a listener is left on it: 1.2 kB for each
 * lock that is held under one session. Listeners that are left on this signal are freed with it.
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
