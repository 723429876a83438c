/** Finds lines in the bytes of the text format. Pure. @module */

export const NEWLINE = 0x0a;
/** The first character of comments. It is rare elsewhere. */
export const HASH = 0x23;
/** The longest line. A Pushgateway refuses URLs of more than a megabyte, so labels are shorter. */
export const LINE_BYTES_MAX = 8_000_000;

/**
 * Returns where the next line that is a comment begins, or the end of the bytes if there is none.
 *
 * @param endsLine whether a line begins at the beginning of the bytes, if `from` is there
 */
export function nextComment(bytes: Uint8Array, from: number, endsLine: boolean): number {
  for (let at = from;;) {
    const hash = bytes.indexOf(HASH, at);
    if (hash < 0) return bytes.length;
    if (hash === 0 ? endsLine : bytes[hash - 1] === NEWLINE) return hash;
    at = hash + 1;
  }
}

/** Whether a line, or the bytes from some position on, begins with given bytes. */
export function begins(bytes: Uint8Array, start: Uint8Array, from = 0): boolean {
  if (bytes.length - from < start.length) return false;
  for (let i = 0; i < start.length; i++) if (bytes[from + i] !== start[i]) return false;
  return true;
}
