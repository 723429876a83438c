/** Asks one Pushgateway whether it is healthy, and since when it runs. @module */

import { errorText } from "../log.ts";
import type { Member } from "../member.ts";
import { type ApiStatus, parseStatus } from "../pushgateway/api.ts";
import { SendFailure } from "../pushgateway/client/connection.ts";
import type { Transport } from "../pushgateway/client/transport.ts";

/** How a probe ended: answered with 200, refused, or anything else (timeout, reset, another status). */
export type ProbeOutcome = "ok" | "refused" | "failed";

/** What a probe found. */
export interface ProbeResult {
  readonly outcome: ProbeOutcome;
  /**
   * When the process of the Pushgateway started, as it says, to the nanosecond: no two processes say the
   * same. Absent if it does not say so now.
   */
  readonly started?: string;
}

/** Probes a member. Never throws. Ends as `failed` when the signal aborts. */
export type Probe = (member: Member, signal: AbortSignal) => Promise<ProbeResult>;

const PROBE_TIMEOUT_MS = 1_000;

/** Who is told of probes. */
export interface ProbeListener {
  /** Is told why a probe that was not `ok` ended so. */
  probeFailed(member: Member, why: string): void;
  /** Is told what a member says of itself. */
  statusRead(member: Member, status: ApiStatus): void;
}

/**
 * Creates a probe of a member's `/-/healthy`, and of its `/api/v1/status` if it is healthy.
 *
 * @param transport only for probes, so that they do not wait behind pushes
 */
export function createProbe(
  transport: Transport,
  { probeFailed, statusRead }: ProbeListener = { probeFailed() {}, statusRead() {} },
): Probe {
  const get = (member: Member, target: string, signal: AbortSignal) =>
    transport.send(member, { method: "GET", target, headers: [] }, {
      timeoutMs: PROBE_TIMEOUT_MS,
      signal,
    });

  /** Reads the start time. A member that does not answer this is not down. */
  async function startTime(member: Member, signal: AbortSignal): Promise<string | undefined> {
    try {
      const { status, body } = await get(member, "/api/v1/status", signal);
      if (status !== 200) return undefined;
      const told = parseStatus(new TextDecoder().decode(body));
      statusRead(member, told);
      return told.start_time;
    } catch {
      return undefined; // the next probe asks again
    }
  }

  return async (member, signal) => {
    try {
      const { status } = await get(member, "/-/healthy", signal);
      if (status !== 200) {
        probeFailed(member, `answers its probe with ${status}`);
        return { outcome: "failed" };
      }
    } catch (failure) {
      if (!(failure instanceof SendFailure)) throw failure;
      probeFailed(member, errorText(failure));
      return { outcome: failure.kind === "refused" ? "refused" : "failed" };
    }
    const started = await startTime(member, signal);
    return { outcome: "ok", ...(started !== undefined && { started }) };
  };
}
