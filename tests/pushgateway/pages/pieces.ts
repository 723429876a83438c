/** Bytes, cut anywhere. @module */

import fc from "fast-check";

/** Where bytes are cut: each piece's share of what is left. */
export const cuts = fc.array(fc.nat({ max: 40 }), { maxLength: 60 });

/**
 * The bytes in pieces of these sizes, the rest in one. Each piece is overwritten once the next is
 * asked for, as a read buffer is.
 */
export function* pieces(bytes: Uint8Array, sizes: readonly number[]): Generator<Uint8Array> {
  let at = 0;
  for (const size of [...sizes, bytes.length]) {
    const piece = bytes.slice(at, at + size);
    at += size;
    yield piece;
    piece.fill(0x22);
  }
}
