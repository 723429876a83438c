/** Clients that push growing counters, one push of each group a second, and count what fails. @module */

import { request } from "../../tools/server.ts";
import { sleep } from "../../src/concurrency/backoff.ts";
import { type Group, liveBody } from "./groups.ts";

/** A push that the client sees fail. */
export interface FailedPush {
  readonly group: string;
  readonly unixMs: number;
  readonly why: string;
}

/** Clients at work. Disposal ends them. */
export interface Load extends AsyncDisposable {
  /** Pushes sent and answered so far, failed ones among them. */
  readonly pushes: number;
  readonly failed: readonly FailedPush[];
  /** The value that each group was last pushed with and that was taken. */
  taken(): ReadonlyMap<string, number>;
}

const EVERY_MS = 1_000;
/** No client that the service knows: it is proxied in the mode `auto`. */
const HEADERS = { "user-agent": "e2e-client/1.0" };

/**
 * Starts pushing. The groups' pushes are spread over the time between two pushes of a group, a second unless
 * told. Those of each group alternate between the services, as the list has them then.
 */
export function startLoad(
  groups: readonly Group[],
  services: readonly string[],
  everyMs = EVERY_MS,
): Load {
  const stop = new AbortController();
  const failed: FailedPush[] = [];
  const taken = new Map<string, number>();
  let pushes = 0;

  async function keepPushing(group: Group, delayMs: number): Promise<void> {
    const method = group.kind === "post" ? "POST" : "PUT";
    let next = performance.now() + delayMs;
    for (let value = 1;; value++) {
      await sleep(Math.max(0, next - performance.now()), stop.signal);
      if (stop.signal.aborted) return;
      next = Math.max(next + everyMs, performance.now());
      const service = services[value % services.length];
      const why = await push(`${service}${group.path}`, { method, body: liveBody(group, value) });
      pushes++;
      if (why === undefined) taken.set(group.name, value);
      else failed.push({ group: group.name, unixMs: Date.now(), why: `${value}: ${why}` });
    }
  }

  const done = Promise.all(
    groups.map((group, i) => keepPushing(group, (i * everyMs) / groups.length)),
  );
  return {
    get pushes() {
      return pushes;
    },
    failed,
    taken: () => new Map(taken),
    async [Symbol.asyncDispose]() {
      stop.abort();
      await done;
    },
  };
}

/** One push; why it failed, where it did. */
export async function push(
  url: string,
  init: { readonly method: "PUT" | "POST"; readonly body: string },
): Promise<string | undefined> {
  try {
    const { status, text } = await request(url, { ...init, headers: HEADERS, redirect: "manual" });
    return status >= 200 && status < 300 ? undefined : `status ${status}: ${text.trim()}`;
  } catch (error) {
    return String(error);
  }
}
