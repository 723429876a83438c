/** Counts who is redirected, and warns of clients that may lose their pushes. @module */

import type { Logger } from "../../log.ts";
import type { Metrics } from "../../metrics/metrics.ts";
import type { IncomingRequest } from "../message.ts";
import { CLIENT_KINDS, type ClientKind, pushClientOf } from "./client_kinds.ts";

/** Takes note of a push that was redirected. */
export type NoteRedirect = (request: Pick<IncomingRequest, "headers" | "client">) => void;

const AGENT_LENGTH_MAX = 100;

/**
 * Creates the log of redirects. In `redirect` mode it warns once of each kind of client that does not follow a
 * redirect, or only if it has been set up for that. In `auto` mode the operator says which of them follow.
 */
export function createRedirectLog(
  { log, metrics, isRedirectMode }: {
    log: Logger;
    metrics: Metrics;
    isRedirectMode: () => boolean;
  },
): NoteRedirect {
  for (const { name } of CLIENT_KINDS) metrics.redirected(name, 0);
  const warned = new Set<ClientKind>();
  return ({ headers, client }) => {
    const { kind, agent } = pushClientOf(headers);
    metrics.redirected(kind.name, 1);
    if (kind.redirected !== "loses" || warned.has(kind) || !isRedirectMode()) return;
    warned.add(kind);
    log.warn("a redirected client may lose its pushes", {
      kind: kind.name,
      user_agent: agent.slice(0, AGENT_LENGTH_MAX),
      client,
      remedy: remedyOf(kind),
    });
  };
}

function remedyOf({ setting }: ClientKind): string {
  const mode = "set mode: auto in the configuration";
  return setting === undefined ? mode : `${setting}, or ${mode}`;
}
