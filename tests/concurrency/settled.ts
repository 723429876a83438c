/** Whether a promise is still open. @module */

import { setImmediate } from "node:timers";

/** Whether it is still open after everything that is ready has run. */
export async function isPending(promise: Promise<unknown>): Promise<boolean> {
  const open = Symbol();
  const turn = new Promise((resolve) => setImmediate(() => resolve(open)));
  return await Promise.race([promise.catch(() => {}), turn]) === open;
}
