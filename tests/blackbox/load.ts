/** Clients that push the groups again and again, each group's pushes one after the other. @module */

import { sleep } from "../../src/concurrency/backoff.ts";
import { bodyOf, familyOf, type Group, TOTAL } from "./groups.ts";
import type { Instance } from "./instance.ts";
import type { Ledger, Outcome } from "./ledger.ts";
import type { Random } from "../../tools/random.ts";

/** What is pushed, through whom, and who keeps account. */
export interface LoadOptions {
  readonly groups: readonly Group[];
  readonly instances: readonly Instance[];
  readonly random: Random;
  readonly ledger: Ledger;
}

/** Clients at work. Disposal lets each have its last answer. */
export interface Load extends AsyncDisposable {
  /** Ends the pushing, and waits for the answers under way. */
  stop(): Promise<void>;
}

/** Between two pushes of one group: 40 groups make 80 pushes a second. */
const EVERY_MS = 500;
/**
 * Longer than the service takes to say that a member does not answer: a client that gave up sooner
 * could have its next push overtaken by the last one.
 */
const ANSWER_MS_MAX = 60_000;

/** Starts pushing; the groups' pushes are spread over the time, and go to an instance at random. */
export function startLoad({ groups, instances, random, ledger }: LoadOptions): Load {
  const stop = new AbortController();

  async function keepPushing(group: Group, delayMs: number): Promise<void> {
    let next = performance.now() + delayMs;
    for (let total = 1;; total++) {
      await sleep(Math.max(0, next - performance.now()), stop.signal);
      if (stop.signal.aborted) return;
      next = Math.max(next + EVERY_MS, performance.now());
      const instance = random.pick(instances);
      if (group.kind === "put") await pushTotal(group, { instance, ledger, total });
      else await pushFamily(group, { instance, ledger });
    }
  }

  const done = Promise.all(
    groups.map((group, i) => keepPushing(group, (i * EVERY_MS) / groups.length)),
  );
  const end = async () => {
    stop.abort();
    await done;
  };
  return { stop: end, [Symbol.asyncDispose]: end };
}

/** Through whom a push goes, and where it is entered. */
export interface PushOptions {
  readonly instance: Instance;
  readonly ledger: Ledger;
}

/** POSTs a family that no other push has. */
export async function pushFamily(
  group: Group,
  { instance, ledger }: PushOptions,
): Promise<Outcome> {
  const [family, value, sentUnixMs] = [familyOf(ledger.nextNumber()), 1, Date.now()];
  const outcome = await send(`${instance.url}${group.path}`, "POST", bodyOf(family, value));
  ledger.enter({ group, family, value, instance: instance.name, sentUnixMs }, outcome);
  return outcome;
}

async function pushTotal(
  group: Group,
  { instance, ledger, total: value }: PushOptions & { readonly total: number },
): Promise<void> {
  const sentUnixMs = Date.now();
  const outcome = await send(`${instance.url}${group.path}`, "PUT", bodyOf(TOTAL, value));
  ledger.enter({ group, family: TOTAL, value, instance: instance.name, sentUnixMs }, outcome);
}

/** What `fetch` says itself is always the same; its cause begins with the whole URL. */
function causeOf(error: unknown): string {
  const cause = error instanceof Error ? error.cause ?? error : error;
  const text = cause instanceof Error ? cause.message : String(cause);
  return text.replace(/^error sending request for url \(\S+\): /, "");
}

async function send(url: string, method: "PUT" | "POST", body: string): Promise<Outcome> {
  const late = new AbortController();
  const timer = setTimeout(() => late.abort(), ANSWER_MS_MAX);
  try {
    const response = await fetch(url, { method, body, redirect: "manual", signal: late.signal });
    const why = (await response.text()).trim();
    return { outcome: response.status, why };
  } catch (error) {
    const outcome = late.signal.aborted ? "no answer in time" : "connection error";
    return { outcome, why: causeOf(error) };
  } finally {
    clearTimeout(timer);
  }
}
