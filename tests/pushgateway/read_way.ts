/** A way to read real Pushgateways, and to push to them. @module */

import type { UpstreamConfig } from "../../src/config/upstream.ts";
import { createDeadlines } from "../../src/concurrency/deadlines.ts";
import { parseMember } from "../../src/member.ts";
import { PROTOBUF_HEADERS } from "../../src/pushgateway/group_content.ts";
import type { ReadWay } from "../../src/pushgateway/push_times.ts";
import { openTransport, type Transport } from "../../src/pushgateway/client/transport.ts";

const UPSTREAM: UpstreamConfig = { scheme: "http", routePrefix: "", tls: {} };
const LIMITS = { idleMax: 4, answers: { bytesMax: 1_000_000, beyond: "error" } } as const;

/** A way to read Pushgateways, closed when it is disposed of. */
export function openWay(): ReadWay & Disposable {
  const deadlines = createDeadlines();
  const transport = openTransport(UPSTREAM, { ...LIMITS, certificates: () => ({}), deadlines });
  return {
    transport,
    timeoutMs: 10_000,
    now: Date.now,
    [Symbol.dispose]() {
      transport[Symbol.dispose]();
      deadlines[Symbol.dispose]();
    },
  };
}

/** What to send; text, or delimited protobuf. */
export interface Push {
  readonly path: string;
  readonly body?: string | Uint8Array;
  readonly method?: string;
}

/** Pushes to a member, or deletes there. @returns the status */
export async function push(
  { address }: { readonly address: string },
  { path, body, method = "PUT" }: Push,
  transport: Transport,
): Promise<number> {
  const { status } = await transport.send(parseMember(address), {
    method,
    target: path,
    headers: typeof body === "string" ? [] : PROTOBUF_HEADERS,
    body: typeof body === "string" ? new TextEncoder().encode(body) : body,
  }, { timeoutMs: 10_000 });
  return status;
}
