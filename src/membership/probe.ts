/** Asks one Pushgateway whether it is healthy, since when it runs, and which version it is. @module */

import { errorText } from "../log.ts";
import type { Member } from "../member.ts";
import { parseStatus } from "../pushgateway/api.ts";
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
  /** The version of that process, in its own words, as `1.11.2`. Absent where it does not tell. */
  readonly version?: string;
}

/** Probes a member. Never throws. Ends as `failed` when the signal aborts. */
export type Probe = (member: Member, signal: AbortSignal) => Promise<ProbeResult>;

const PROBE_TIMEOUT_MS = 1_000;

/**
 * Creates a probe of a member's `/-/healthy`, and of its `/api/v1/status` if it is healthy.
 *
 * @param transport only for probes, so that they do not wait behind pushes
 * @param onFailure is called with the reason why a probe that was not `ok` ended so
 */
export function createProbe(
  transport: Transport,
  onFailure: (member: Member, why: string) => void = () => {},
): Probe {
  const get = (member: Member, target: string, signal: AbortSignal) =>
    transport.send(member, { method: "GET", target, headers: [] }, {
      timeoutMs: PROBE_TIMEOUT_MS,
      signal,
    });

  /** Reads what it says of its process. A member that does not answer this is not down. */
  async function readProcess(
    member: Member,
    signal: AbortSignal,
  ): Promise<Pick<ProbeResult, "started" | "version">> {
    try {
      const { status, body } = await get(member, "/api/v1/status", signal);
      if (status !== 200) return {};
      const { start_time, build_information: { version } } = parseStatus(
        new TextDecoder().decode(body),
      );
      return { started: start_time, ...(version !== undefined && { version }) };
    } catch {
      return {}; // the next probe asks again
    }
  }

  return async (member, signal) => {
    try {
      const { status } = await get(member, "/-/healthy", signal);
      if (status !== 200) {
        onFailure(member, `answers its probe with ${status}`);
        return { outcome: "failed" };
      }
    } catch (failure) {
      if (!(failure instanceof SendFailure)) throw failure;
      onFailure(member, errorText(failure));
      return { outcome: failure.kind === "refused" ? "refused" : "failed" };
    }
    return { outcome: "ok", ...await readProcess(member, signal) };
  };
}
