/** Warns of a Prometheus that rarely asks for the members. @module */

import type { Logger } from "../../log.ts";
import { headerValue } from "../../wire/headers.ts";
import type { IncomingRequest } from "../message.ts";

/** The longest interval that is not warned of. Prometheus's default is 60 s. */
const SECONDS_MAX = 30;

/**
 * Creates what is told of each request for the members. Prometheus says its `refresh_interval` with it. A
 * group that is moved to a new member has no samples until Prometheus asks again. It is logged once.
 */
export function createIntervalWarning(
  log: Logger,
): (request: Pick<IncomingRequest, "headers" | "client">) => void {
  let isTold = false;
  return ({ headers, client }) => {
    if (isTold) return;
    const seconds = Number(headerValue(headers, "x-prometheus-refresh-interval-seconds"));
    if (!(seconds > SECONDS_MAX)) return;
    isTold = true;
    log.warn("a scraper rarely asks for the members", { client, refresh_seconds: seconds });
  };
}
