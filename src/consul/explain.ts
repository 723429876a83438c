/** Asks Consul for the cause of a failure that does not name it. @module */

import type Consul from "consul";
import * as z from "zod";
import type { Connections } from "./connections.ts";
import {
  type ConsulFailure,
  type FailureConfig,
  leaderless,
  noDatacenter,
  tlsFailure,
} from "./failure.ts";
import type { Ask } from "./requests.ts";

/** What asking needs. */
export interface ExplainDeps {
  readonly consul: Pick<Consul, "status" | "catalog">;
  readonly connections: Pick<Connections, "tlsFault">;
  readonly config: FailureConfig;
}

/**
 * Finds out more about a failure, within a second.
 *
 * @returns the failure itself if nothing more can be found out
 */
export async function explainFailure(
  failure: ConsulFailure,
  ask: Ask,
  { consul, connections, config, signal }: ExplainDeps & { readonly signal: AbortSignal },
): Promise<ConsulFailure> {
  try {
    switch (failure.kind) {
      case "timeout": {
        // A server without a leader keeps requests for 7 s (`rpc_hold_timeout`), and answers this one.
        const leader = await ask((common) => consul.status.leader(common));
        return leader === "" ? leaderless(failure) : failure;
      }
      case "no datacenter": {
        const known = await ask((common) => consul.catalog.datacenters(common));
        return noDatacenter(failure, config, z.array(z.string()).parse(known));
      }
      case "closed": {
        const found = await connections.tlsFault(signal);
        return found === undefined ? failure : tlsFailure(found, config);
      }
      default:
        return failure;
    }
  } catch {
    return failure; // Consul does not answer this request either
  }
}
