/** Sends a push through a transport, and tells how far it got. @module */

import assert from "node:assert/strict";
import { createDeadlines } from "../../../src/concurrency/deadlines.ts";
import type { UpstreamConfig } from "../../../src/config/upstream.ts";
import { type FailureKind, SendFailure } from "../../../src/pushgateway/client/connection.ts";
import {
  openTransport,
  type Transport,
  type TransportLimits,
  type UpstreamRequest,
} from "../../../src/pushgateway/client/transport.ts";

export const UPSTREAM = { scheme: "http", routePrefix: "", tls: {} } as const;
export const LIMITS = { idleMax: 2, answers: { bytesMax: 1_000_000, beyond: "error" } } as const;
export const PUSH: UpstreamRequest = {
  method: "PUT",
  target: "/metrics/job/a?x=1",
  headers: ["x-latin", "\u00e9"],
  body: new TextEncoder().encode("m 1\n"),
};
/** The bytes of an answer. */
export const OK = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

/** A transport with deadlines of its own, closed together. */
export function openWith(
  upstream: UpstreamConfig,
  limits: Omit<TransportLimits, "certificates" | "deadlines"> = LIMITS,
): Transport {
  const deadlines = createDeadlines();
  const transport = openTransport(upstream, { ...limits, certificates: () => ({}), deadlines });
  return {
    send: transport.send,
    [Symbol.dispose]() {
      transport[Symbol.dispose]();
      deadlines[Symbol.dispose]();
    },
  };
}

/** How a request failed. */
export async function kindOf(sending: Promise<unknown>): Promise<FailureKind> {
  try {
    await sending;
  } catch (error) {
    assert(error instanceof SendFailure, String(error));
    return error.kind;
  }
  throw new Error("expected a failure, found an answer");
}
