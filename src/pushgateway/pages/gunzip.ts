/**
 * Unpacks gzip as it arrives. Node's own takes a third of the CPU of a `DecompressionStream`
 * (bench/README.md).
 *
 * @module
 */

import { createGunzip as openGunzip } from "node:zlib";
import { errorText } from "../../log.ts";

/** Takes packed bytes. Its creator has to `end` or `abort` it. */
export interface Gunzip {
  /**
   * Unpacks the next bytes, and is done when what came of them has been taken, but for the last part.
   *
   * @throws {TypeError} where they are no gzip, and what the taker throws
   */
  write(packed: Uint8Array): Promise<void>;
  /**
   * Waits for the rest.
   *
   * @throws {TypeError} where the packed text broke off, and what the taker throws
   */
  end(): Promise<void>;
  /** Drops what is left. */
  abort(): Promise<void>;
}

/** What is unpacked at once. Text of one letter shrinks to a thousandth: the rest of it waits. */
const PIECE_BYTES = 262_144;

/** @param take what is unpacked, piece by piece; the next waits until it is done */
export function createGunzip(take: (bytes: Uint8Array) => Promise<void>): Gunzip {
  const unzip = openGunzip({ chunkSize: PIECE_BYTES });
  let failure: { readonly cause: unknown } | undefined;
  const taking = (async () => {
    try {
      for await (const bytes of unzip) {
        try {
          await take(bytes);
        } catch (cause) {
          failure = { cause }; // who writes would only hear that the stream has ended
          return;
        }
      }
    } catch (cause) {
      failure = { cause: new TypeError(`expected gzip, found: ${errorText(cause)}`, { cause }) };
    }
  })();

  async function orFailure(begin: (done: (error?: Error | null) => void) => void): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    begin((error) => error ? reject(error) : resolve());
    try {
      await promise;
    } catch (cause) {
      await taking;
      throw failure ? failure.cause : cause;
    }
  }

  return {
    write: (packed) => orFailure((done) => void unzip.write(packed, done)),
    async end() {
      await orFailure((done) => void unzip.end(done));
      await taking;
      if (failure) throw failure.cause;
    },
    async abort() {
      unzip.destroy();
      await taking;
    },
  };
}
