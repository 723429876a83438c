/**
 * Compares passwords with bcrypt hashes in a thread of its own: a comparison takes 60 ms at a cost of 10,
 * during which the event loop would be blocked. The thread takes about 30 MB, and starts with the first
 * comparison.
 *
 * @module
 */

import library from "bcryptjs" with { type: "text" };

/** Compares one password at a time. Disposal ends the thread and its comparison. */
export interface Bcrypt extends Disposable {
  /**
   * Compares a password with a hash.
   *
   * @throws if the thread fails
   */
  compare(password: string, hash: string): Promise<boolean>;
}

/** The library's import for its salts, which has another name outside of packages. */
const BARE_IMPORT = 'from "crypto"';
const ON_MESSAGE =
  "onmessage = ({ data: { password, hash } }) => postMessage(compareSync(password, hash));";

/** Creates a worker whose thread does not run yet. */
export function createBcryptWorker(): Bcrypt {
  let worker: Worker | undefined;
  let pending: PromiseWithResolvers<boolean> | undefined;

  function fail(message: string): void {
    worker?.terminate();
    worker = undefined;
    pending?.reject(new Error(message));
    pending = undefined;
  }

  function start(): Worker {
    const source = `${library.replace(BARE_IMPORT, 'from "node:crypto"')}\n${ON_MESSAGE}`;
    const started = new Worker(`data:text/javascript,${encodeURIComponent(source)}`, {
      type: "module",
      name: "bcrypt",
    });
    started.onmessage = ({ data }: MessageEvent<boolean>) => {
      pending?.resolve(data);
      pending = undefined;
    };
    started.onerror = (event) => {
      event.preventDefault(); // otherwise it would end the process
      fail(`the thread that compares passwords has failed: ${event.message}`);
    };
    return started;
  }

  return {
    compare(password, hash) {
      pending = Promise.withResolvers();
      const { promise } = pending;
      worker ??= start();
      worker.postMessage({ password, hash });
      return promise;
    },
    [Symbol.dispose]: () => fail("the service has ended"),
  };
}
