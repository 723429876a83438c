/** A client that pushes at a steady rate, whatever happens, and says which pushes failed. @module */

import { sleep } from "../../src/concurrency/backoff.ts";

/** What became of its pushes. */
export interface Pushed {
  readonly pushes: number;
  /** Why, each one. */
  readonly failures: readonly string[];
}

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** Push `n` is of group `steady<n modulo this>`, with `n` as `last_push`. */
export const STEADY_GROUPS = 20;

/** How they are pushed. */
export interface Pushing {
  /** One does not wait for the other. */
  readonly perSecond: number;
  readonly signal: AbortSignal;
  /** Over TLS, by certificates of this authority. */
  readonly caCert?: string;
  /** With this header. */
  readonly authorization?: string;
}

/**
 * Pushes until the signal aborts, each push over a connection of its own, as cron jobs do, and none
 * tried again.
 */
export async function pushSteadily(port: number, pushing: Pushing): Promise<Pushed> {
  const { perSecond, signal } = pushing;
  const failures: string[] = [];
  const begun: Promise<void>[] = [];
  const started = performance.now();
  while (!signal.aborted) {
    const due = Math.floor((performance.now() - started) / 1_000 * perSecond);
    while (begun.length < due) {
      const number = begun.length;
      begun.push(
        push(port, number, pushing).catch((error) => {
          const ms = Math.round(performance.now() - started);
          failures.push(`push ${number} at ${ms} ms: ${error.message}`);
        }),
      );
    }
    await sleep(1, signal);
  }
  await Promise.all(begun);
  return { pushes: begun.length, failures };
}

async function push(
  port: number,
  number: number,
  { caCert, authorization }: Pushing,
): Promise<void> {
  using connection = caCert === undefined
    ? await Deno.connect({ hostname: "127.0.0.1", port })
    : await Deno.connectTls({ hostname: "localhost", port, caCerts: [caCert] });
  const body = `last_push ${number}\n`;
  const request =
    `PUT /metrics/job/steady${number % STEADY_GROUPS} HTTP/1.1\r\nHost: 127.0.0.1\r\n` +
    `Connection: close\r\n${
      authorization ? `Authorization: ${authorization}\r\n` : ""
    }Content-Length: ${body.length}\r\n\r\n${body}`;
  await connection.write(encoder.encode(request));
  let answer = "";
  const buffer = new Uint8Array(4_096);
  for (;;) {
    const length = await connection.read(buffer);
    if (length === null) break;
    answer += decoder.decode(buffer.subarray(0, length));
  }
  if (!/^HTTP\/1\.1 20[02] /.test(answer)) {
    throw new Error(`expected 200, found ${JSON.stringify(answer)}`);
  }
}
