/** Unpacks gzip as it arrives. @module */

/** Takes packed bytes. Whoever makes one has to `end` or `abort` it. */
export interface Gunzip {
  /**
   * Unpacks the next bytes, and is done when what came of them has been taken.
   *
   * @throws where they are no gzip, and what the taker throws
   */
  write(packed: Uint8Array): Promise<void>;
  /**
   * Waits for the rest.
   *
   * @throws where the packed text broke off, and what the taker throws
   */
  end(): Promise<void>;
  /** Drops what is left. */
  abort(): Promise<void>;
}

/** Text of one letter shrinks to a thousandth: a larger piece would unpack to megabytes at once. */
const PIECE_BYTES = 2_048;

/** @param take what is unpacked, piece by piece; the next waits until it is done */
export function createGunzip(take: (bytes: Uint8Array) => Promise<void>): Gunzip {
  const { readable, writable } = new DecompressionStream("gzip");
  const writer = writable.getWriter();
  writer.closed.catch(() => {}); // told by the write that fails
  let failure: { readonly cause: unknown } | undefined;
  const taking = (async () => {
    try {
      for await (const bytes of readable) await take(bytes);
    } catch (cause) {
      failure = { cause }; // the writer would only hear that the reader has gone
    }
  })();

  async function orFailure(writing: Promise<void>): Promise<void> {
    try {
      await writing;
    } catch (cause) {
      throw failure ? failure.cause : cause;
    }
  }

  return {
    async write(packed) {
      for (let at = 0; at < packed.length; at += PIECE_BYTES) {
        await orFailure(writer.write(packed.slice(at, at + PIECE_BYTES)));
      }
    },
    async end() {
      await orFailure(writer.close());
      await taking;
      if (failure) throw failure.cause;
    },
    async abort() {
      await writer.abort().catch(() => {}); // failed already
      await taking;
    },
  };
}
