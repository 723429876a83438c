/**
 * Unpacks gzip as it arrives. Node's gunzip takes a third of the CPU of a `DecompressionStream`
 * (bench/README.md).
 *
 * @module
 */

import { createGunzip as openGunzip } from "node:zlib";
import { errorText } from "../../log.ts";

/** Takes packed bytes. Its creator has to `end` or `abort` it. */
export interface Gunzip {
  /**
   * Unpacks the next bytes. Ends when all of the result has been taken, except for the last part.
   *
   * @throws {TypeError} if they are not gzip; what the taker throws
   */
  write(packed: Uint8Array): Promise<void>;
  /**
   * Waits for the rest.
   *
   * @throws {TypeError} if the packed text broke off; what the taker throws
   */
  end(): Promise<void>;
  /** Discards the rest. */
  abort(): Promise<void>;
}

/**
 * The size of an unpacked part. Text of one repeated letter shrinks to a thousandth, so the rest has to wait.
 */
const PIECE_BYTES = 262_144;

/**
 * Creates an unpacker.
 *
 * @param take called with each unpacked part. The next part waits until it has finished.
 */
export function createGunzip(take: (bytes: Uint8Array) => Promise<void>): Gunzip {
  const unzip = openGunzip({ chunkSize: PIECE_BYTES });
  let failure: { readonly cause: unknown } | undefined;
  const taking = (async () => {
    try {
      for await (const bytes of unzip) {
        try {
          await take(bytes);
        } catch (cause) {
          failure = { cause }; // the writer would only see that the stream has ended
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
    // If the stream is destroyed while a write is in progress, Deno never calls back.
    void taking.then(() => failure ? reject(failure.cause) : resolve());
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
