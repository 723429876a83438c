/** Puts bytes together. @module */

/**
 * All pieces in one. A `Buffer` would do it too, but its `slice` does not copy: whoever is handed
 * one as bytes keeps what is written over later.
 */
export function concat(pieces: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const whole = new Uint8Array(pieces.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const piece of pieces) {
    whole.set(piece, at);
    at += piece.length;
  }
  return whole;
}
