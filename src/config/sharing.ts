/** Whether a configuration may serve an address on which others listen, too. @module */

import type { Config } from "./config.ts";

/**
 * What is wrong where another process may listen on the same address; nothing where that is safe. Of two
 * that bring groups home without shared locks, one deletes the copy that the other has just pushed to.
 */
export function sharingConflict({ consul, handoff }: Config): string | undefined {
  if (consul || !handoff.enabled) return undefined;
  return "--web.reuse-port: expected consul_server or handoff.enabled: false beside it, found neither; " +
    "two processes that share an address and no locks lose pushes of groups that are being moved";
}
