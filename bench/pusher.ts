/**
 * Pushes five series to one of many groups. Where a push takes seconds wrk's own corrections get in
 * the way, and its load is not needed.
 *
 * @module
 */

/** What came of some seconds of pushing. */
export interface PushRun {
  readonly pushesPerSecond: number;
  readonly latenciesMs: readonly number[];
  /** Those of the warm-up and of the end among them. */
  readonly answered: number;
}

/** How to push. */
export interface PushOptions {
  /** How many there are; they are pushed to at random. */
  readonly groups: number;
  /** Each waits for its answer before it pushes again. */
  readonly connections: number;
  /** What is answered in these counts for no rate and no latency. */
  readonly warmUpMs: number;
  readonly windowMs: number;
  readonly signal: AbortSignal;
}

const BODY = [1, 2, 3, 4, 5].map((step) => `backup_step_seconds{step="${step}"} 1.5\n`).join("");

/**
 * Pushes for a while; what is on its way at the end is waited for.
 *
 * @throws {Error} where an answer is not 200; the signal's reason
 */
export async function pushFor(
  url: string,
  { groups, connections, warmUpMs, windowMs, signal }: PushOptions,
): Promise<PushRun> {
  const begin = performance.now() + warmUpMs;
  const end = begin + windowMs;
  const latenciesMs: number[] = [];
  let answered = 0;
  await together(connections, signal, async (signal) => {
    for (let started = performance.now(); started < end;) {
      await push(url, { group: Math.floor(Math.random() * groups), status: 200, signal });
      const now = performance.now();
      answered++;
      if (now >= begin && now < end) latenciesMs.push(now - started);
      started = now;
    }
  });
  return { pushesPerSecond: latenciesMs.length / windowMs * 1_000, latenciesMs, answered };
}

/**
 * Pushes once to each of so many groups, to Pushgateways that check nothing.
 *
 * @throws {Error} where an answer is not 202; the signal's reason
 */
export async function pushAll(
  url: string,
  { groups, connections, signal }: Pick<PushOptions, "groups" | "connections" | "signal">,
): Promise<void> {
  let next = 0;
  await together(connections, signal, async (signal) => {
    while (next < groups) await push(url, { group: next++, status: 202, signal });
  });
}

/** Runs so many at once; the first that throws ends the others. */
export async function together(
  count: number,
  signal: AbortSignal,
  work: (signal: AbortSignal) => Promise<void>,
): Promise<void> {
  const failed = new AbortController();
  const either = AbortSignal.any([signal, failed.signal]);
  const works = Array.from({ length: count }, () => work(either));
  try {
    await Promise.all(works);
  } catch (error) {
    failed.abort(error);
    await Promise.allSettled(works);
    throw error;
  }
}

async function push(
  url: string,
  { group, status, signal }: { group: number; status: number; signal: AbortSignal },
): Promise<void> {
  const path = pathOf(group);
  const response = await fetch(`${url}${path}`, { method: "PUT", body: BODY, signal });
  const text = await response.text();
  if (response.status !== status) {
    throw new Error(`${url}${path}: expected ${status}, found ${response.status}: ${text}`);
  }
}

/** Where a group is pushed to. */
export function pathOf(group: number): string {
  return `/metrics/job/backup-${group % 50}/env/production/instance/host-${group}`;
}
