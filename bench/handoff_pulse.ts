/**
 * Asks servers for `/-/healthy` every two milliseconds, each over one connection, and prints as JSON
 * how long the answers took. Both its own unrest and the machine's are in the figures of all.
 *
 *     deno run --allow-net bench/handoff_pulse.ts SECONDS PORT…
 *
 * @module
 */

import { sleep } from "../src/concurrency/backoff.ts";
import type { Pulse } from "./handoff_stalls.ts";
import { quantile } from "./spread.ts";

const EVERY_MS = 2;
const REQUEST = new TextEncoder().encode("GET /-/healthy HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n");

async function pulse(port: number, seconds: number): Promise<Pulse> {
  using connection = await Deno.connect({ hostname: "127.0.0.1", port });
  connection.setNoDelay();
  const buffer = new Uint8Array(16_384);
  const ms: number[] = [];
  const end = performance.now() + seconds * 1_000;
  for (let started = performance.now(); started < end; started = performance.now()) {
    await connection.write(REQUEST);
    // So small an answer comes in one piece.
    if (await connection.read(buffer) === null) throw new Error(`${port} closed the connection`);
    const took = performance.now() - started;
    ms.push(took);
    if (took < EVERY_MS) await sleep(EVERY_MS - took);
  }
  return {
    answered: ms.length,
    medianMs: quantile(ms, 0.5),
    p99Ms: quantile(ms, 0.99),
    longestMs: quantile(ms, 1),
  };
}

const [seconds, ...ports] = Deno.args.map(Number);
console.log(JSON.stringify(await Promise.all(ports.map((port) => pulse(port, seconds)))));
