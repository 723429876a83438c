/** Pushes that go on while groups are moved: what each waited for, and what its group holds since. @module */

import { sleep } from "../src/concurrency/backoff.ts";
import { BACKUP, bodyOf, type Family, pathOf, randomOf, RESTORE } from "./pusher.ts";

/** One push that was answered, or given up. */
export interface Answered {
  /** When it was sent. */
  readonly at: number;
  readonly ms: number;
  readonly ok: boolean;
}

const BODIES = { PUT: bodyOf(BACKUP), POST: bodyOf(RESTORE) };
/** Longer than the service lets any take. */
const PUSH_MS_MAX = 60_000;

/**
 * Pushes five series: the same ones as before by `PUT`, others by `POST`. One that is not answered
 * counts like one that is refused, for whoever waits for it is as badly off.
 *
 * @throws the signal's reason
 */
export async function sendPush(
  url: string,
  { group, method, signal }: {
    readonly group: number;
    readonly method: "PUT" | "POST";
    readonly signal: AbortSignal;
  },
): Promise<Answered> {
  const at = performance.now();
  let ok = false;
  try {
    const response = await fetch(`${url}${pathOf(group)}`, {
      method,
      body: BODIES[method],
      signal: AbortSignal.any([signal, AbortSignal.timeout(PUSH_MS_MAX)]),
    });
    await response.body?.cancel();
    ok = response.ok;
  } catch {
    signal.throwIfAborted();
  }
  return { at, ms: performance.now() - at, ok };
}

/** Pushes at an even pace. */
export interface Paced {
  readonly answered: readonly Answered[];
  /** What the groups hold that were pushed to; nothing where it cannot be told, after a refusal. */
  readonly families: ReadonlyMap<number, readonly Family[] | undefined>;
  /** Sends no more, and waits for those that are on their way. */
  stop(): Promise<void>;
}

/** Pushes to random groups, half by `PUT`, half by `POST`; none waits for another one's answer. */
export function pushPaced(
  url: string,
  { groups, perSecond, signal }: {
    readonly groups: readonly number[];
    readonly perSecond: number;
    readonly signal: AbortSignal;
  },
): Paced {
  const answered: Answered[] = [];
  const families = new Map<number, readonly Family[] | undefined>();
  const underWay = new Map<number, Promise<void>>();
  const over = new AbortController();
  const either = AbortSignal.any([signal, over.signal]);

  const pushOne = async (group: number, method: "PUT" | "POST") => {
    const push = await sendPush(url, { group, method, signal });
    answered.push(push);
    const held = method === "PUT" ? [BACKUP] : [BACKUP, RESTORE];
    families.set(group, push.ok ? held : undefined);
    underWay.delete(group);
  };
  const pushing = (async () => {
    const began = performance.now();
    for (let sent = 0; !either.aborted; sent++) {
      await sleep(Math.max(0, began + sent * 1_000 / perSecond - performance.now()), either);
      if (either.aborted) return;
      const group = randomOf(groups);
      // Of two at once nobody could say which was the last.
      if (underWay.has(group)) continue;
      const push = pushOne(group, sent % 2 === 0 ? "PUT" : "POST");
      push.catch(() => {}); // told by `stop`
      underWay.set(group, push);
    }
  })();
  return {
    answered,
    families,
    async stop() {
      over.abort();
      await pushing;
      await Promise.all(underWay.values());
    },
  };
}
