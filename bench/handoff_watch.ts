/**
 * Runs inside a server, before its main module, and measures how long its event loop stands still:
 * how much later than it should a timer of a millisecond fires. Some of that is the machine's, where
 * the thread waits for a core: the kernel counts that.
 *
 *     BENCH_STALLS_PORT=9999 deno run --preload=bench/handoff_watch.ts … main.ts
 *
 * @module
 */

import type { Stalls } from "./handoff_stalls.ts";

/** Of the main thread: nanoseconds on a core, nanoseconds of waiting for one, and how often. */
const SCHEDSTAT = `/proc/self/task/${Deno.pid}/schedstat`;
const TIMER_MS = 1;
const KEPT_MAX = 16;

let longestMs = 0;
let ownMs: number[] = [];
let [before, waitedBefore] = [performance.now(), waitedMs()];

function waitedMs(): number {
  return Number(Deno.readTextFileSync(SCHEDSTAT).split(" ")[1]) / 1e6;
}

function tick(): void {
  const [now, waited] = [performance.now(), waitedMs()];
  const ms = now - before - TIMER_MS;
  const own = ms - (waited - waitedBefore);
  longestMs = Math.max(longestMs, ms);
  if (own > (ownMs[KEPT_MAX - 1] ?? 0)) {
    ownMs = [...ownMs, own].sort((a, b) => b - a).slice(0, KEPT_MAX);
  }
  [before, waitedBefore] = [now, waited];
  watch();
}

/** What is not let go of has to end before the main module begins. */
function watch(): void {
  Deno.unrefTimer(setTimeout(tick, TIMER_MS));
}

watch();
Deno.serve({
  hostname: "127.0.0.1",
  port: Number(Deno.env.get("BENCH_STALLS_PORT")),
  onListen: () => {},
}, () => {
  const told: Stalls = { longestMs, ownMs };
  longestMs = 0;
  ownMs = [];
  return Response.json(told);
}).unref();
