/** Asks one Pushgateway whether it is healthy. @module */

import { Agent, request } from "node:http";
import { type Member, splitMember } from "../member.ts";

/** How a probe ended: answered 200; nobody listens; anything else (timeout, reset, another status). */
export type ProbeOutcome = "ok" | "refused" | "failed";

/** Probes a member's `/-/healthy`; never throws. Ends as `failed` when the signal aborts. */
export type Probe = (member: Member, signal: AbortSignal) => Promise<ProbeOutcome>;

const PROBE_TIMEOUT_MS = 1_000;

/**
 * Opens a prober that keeps its connections alive.
 *
 * It does not use `fetch`, which blocks some ports, heeds `HTTP_PROXY`, and tells a refused
 * connection only in prose.
 */
export function openProbe(): { probe: Probe } & Disposable {
  const agent = new Agent({ keepAlive: true, maxFreeSockets: 1 });
  return {
    probe: (member, signal) => probeOnce(member, { agent, signal }),
    [Symbol.dispose]: () => agent.destroy(),
  };
}

function probeOnce(
  member: Member,
  { agent, signal }: { agent: Agent; signal: AbortSignal },
): Promise<ProbeOutcome> {
  const { host, port } = splitMember(member);
  return new Promise((resolve) => {
    const sent = request({ host, port, agent, path: "/-/healthy" });
    const settle = (outcome: ProbeOutcome) => {
      clearTimeout(timer);
      signal.removeEventListener("abort", giveUp);
      resolve(outcome);
    };
    const giveUp = () => {
      settle("failed");
      sent.destroy();
    };
    const timer = setTimeout(giveUp, PROBE_TIMEOUT_MS);
    signal.addEventListener("abort", giveUp, { once: true });
    sent.on("response", (answer) => {
      answer.resume();
      answer.on("end", () => settle(answer.statusCode === 200 ? "ok" : "failed"));
      answer.on("error", () => settle("failed"));
    });
    sent.on("error", (error) => settle(isRefused(error) ? "refused" : "failed"));
    if (signal.aborted) giveUp();
    else sent.end();
  });
}

/** A host with several addresses fails with one error for each; refused by all is refused. */
function isRefused(error: Error): boolean {
  if (error instanceof AggregateError) return error.errors.every(isRefused);
  return "code" in error && error.code === "ECONNREFUSED";
}
