/** Many groups, of every kind of metric that a Pushgateway takes. Pure. @module */

import { GAUGE_HISTOGRAM_PUSH, HARD_PUSHES } from "../contracts/copied_groups.ts";
import { PACKED_AS } from "../contracts/packed_bodies.ts";

/** One push of one group. */
export interface Push {
  readonly method: string;
  readonly path: string;
  /** Text, or delimited protobuf. */
  readonly body: string | Uint8Array<ArrayBuffer>;
  /** How the body is packed, a `Content-Encoding`; absent where it is not. */
  readonly encoding?: string;
}

/** What a push is sent with. */
export interface Sent {
  readonly method: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array<ArrayBuffer>;
}

const PROTOBUF =
  "application/vnd.google.protobuf; proto=io.prometheus.client.MetricFamily; encoding=delimited";

/** Without those that are not moved to old members. */
const KINDS = HARD_PUSHES.filter((push) => push !== GAUGE_HISTOGRAM_PUSH);

/**
 * Makes pushes of so many groups: those that are hard to copy, again and again, with one label more that
 * tells one round from another. Each group of text has a HELP of its own for a family that all have.
 * Methods and encodings take turns.
 */
export function variedPushes(count: number): Push[] {
  return Array.from({ length: count }, (_, i) => {
    const { path, body } = KINDS[i % KINDS.length];
    const round = Math.floor(i / KINDS.length);
    const encoding = [undefined, ...PACKED_AS][(i + round) % (PACKED_AS.length + 1)]?.encoding;
    return {
      method: i % 2 === 0 ? "PUT" : "POST",
      path: `${path}/round/${round}`,
      body: typeof body === "string" && body !== ""
        ? `${body}# HELP shared Help of group ${i}.\n# TYPE shared gauge\nshared ${i}\n`
        : body,
      ...(encoding !== undefined && { encoding }),
    };
  });
}

/** Pushes of a group that every Pushgateway refuses which holds some of the others. */
export function badPushes({ path }: Push): Push[] {
  return [
    { method: "POST", path, body: "late 1 1700000000000\n" },
    { method: "POST", path, body: "# TYPE shared counter\nshared 1\n" },
  ];
}

/** The push as a client sends it; unpacked, where it is for a Pushgateway of any version. */
export function sentAs({ method, body, encoding }: Push, packed: boolean): Sent {
  const plain = typeof body === "string" ? new TextEncoder().encode(body) : body;
  const packing = packed ? PACKED_AS.find((one) => one.encoding === encoding) : undefined;
  return {
    method,
    headers: {
      "content-type": typeof body === "string" ? "text/plain; version=0.0.4" : PROTOBUF,
      ...(packing && { "content-encoding": packing.encoding }),
    },
    body: packing ? packing.pack(plain) : plain,
  };
}
