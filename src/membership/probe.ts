/** Asks one Pushgateway whether it is healthy. @module */

import { errorText } from "../log.ts";
import type { Member } from "../member.ts";
import { SendFailure } from "../pushgateway/client/connection.ts";
import type { Transport } from "../pushgateway/client/transport.ts";

/** How a probe ended: answered 200; nobody listens; anything else (timeout, reset, another status). */
export type ProbeOutcome = "ok" | "refused" | "failed";

/** Probes a member's `/-/healthy`; never throws. Ends as `failed` when the signal aborts. */
export type Probe = (member: Member, signal: AbortSignal) => Promise<ProbeOutcome>;

const PROBE_TIMEOUT_MS = 1_000;

/**
 * @param transport of the probes alone: they must not wait behind pushes
 * @param onFailure is told why a probe that was not `ok` ended so
 */
export function createProbe(
  transport: Transport,
  onFailure: (member: Member, why: string) => void = () => {},
): Probe {
  return async (member, signal) => {
    const request = { method: "GET", target: "/-/healthy", headers: [] };
    try {
      const limits = { timeoutMs: PROBE_TIMEOUT_MS, signal };
      const { status } = await transport.send(member, request, limits);
      if (status === 200) return "ok";
      onFailure(member, `answers its probe with ${status}`);
      return "failed";
    } catch (failure) {
      if (!(failure instanceof SendFailure)) throw failure;
      onFailure(member, errorText(failure));
      return failure.kind === "refused" ? "refused" : "failed";
    }
  };
}
