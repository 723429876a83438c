/** Whether a configuration allows other processes to listen on the same address. @module */

import type { Config } from "./config.ts";

/**
 * Returns why another process must not listen on the same address, or `undefined` if it may. Of two processes
 * that move groups without shared locks, one deletes the copy that the other has just pushed to.
 */
export function sharingConflict({ consul, handoff }: Config): string | undefined {
  if (consul || !handoff.enabled) return undefined;
  return "--web.reuse-port: expected consul_server or handoff.enabled: false beside it, found neither; " +
    "two processes on one address without shared locks lose pushes of groups that are being moved";
}
