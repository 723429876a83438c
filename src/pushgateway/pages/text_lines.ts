/** Finds lines in the bytes of the text format. Pure. @module */

export const NEWLINE = 0x0a;
/** What comments begin with, and hardly anything else has in it. */
export const HASH = 0x23;
/** A URL of more than a megabyte is refused by the Pushgateway, and so no labels come to that. */
export const LINE_BYTES_MAX = 8_000_000;

/**
 * Where the next line begins that is a comment; the end where there is none.
 *
 * @param endsLine whether a line begins at `from`, where that is the beginning of the bytes
 */
export function nextComment(bytes: Uint8Array, from: number, endsLine: boolean): number {
  for (let at = from;;) {
    const hash = bytes.indexOf(HASH, at);
    if (hash < 0) return bytes.length;
    if (hash === 0 ? endsLine : bytes[hash - 1] === NEWLINE) return hash;
    at = hash + 1;
  }
}

/** Whether a line, or what lies from somewhere on, begins with something. */
export function begins(bytes: Uint8Array, start: Uint8Array, from = 0): boolean {
  if (bytes.length - from < start.length) return false;
  for (let i = 0; i < start.length; i++) if (bytes[from + i] !== start[i]) return false;
  return true;
}
