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
  /** How many there are, or which; they are pushed to at random. */
  readonly groups: number | readonly number[];
  /** Each waits for its answer before it pushes again. */
  readonly connections: number;
  /** What is answered in these counts for no rate and no latency. */
  readonly warmUpMs: number;
  readonly windowMs: number;
  /** Of an answer: by default what a Pushgateway says that checks pushes. */
  readonly status?: number;
  readonly signal: AbortSignal;
}

/** A metric family of five series, as groups hold it. */
export interface Family {
  readonly name: string;
  readonly value: number;
}

/** What groups are filled with, and what every `PUT` brings. */
export const BACKUP: Family = { name: "backup_step_seconds", value: 1.5 };
/** What a `POST` brings: not what the groups hold, so it has to be added to that. */
export const RESTORE: Family = { name: "restore_step_seconds", value: 2.5 };

export const STEPS = [1, 2, 3, 4, 5];
/** A family as it is pushed. */
export const bodyOf = ({ name, value }: Family) =>
  STEPS.map((step) => `${name}{step="${step}"} ${value}\n`).join("");
const BODY = bodyOf(BACKUP);

/**
 * Pushes for a while; what is on its way at the end is waited for.
 *
 * @throws {Error} where an answer has another status; the signal's reason
 */
export async function pushFor(
  url: string,
  { groups, connections, warmUpMs, windowMs, status = 200, signal }: PushOptions,
): Promise<PushRun> {
  const begin = performance.now() + warmUpMs;
  const end = begin + windowMs;
  const latenciesMs: number[] = [];
  let answered = 0;
  await together(connections, signal, async (signal) => {
    for (let started = performance.now(); started < end;) {
      await push(url, { group: randomOf(groups), status, signal });
      const now = performance.now();
      answered++;
      if (now >= begin && now < end) latenciesMs.push(now - started);
      started = now;
    }
  });
  return { pushesPerSecond: latenciesMs.length / windowMs * 1_000, latenciesMs, answered };
}

/**
 * Pushes once to each of some groups, to Pushgateways that check nothing.
 *
 * @param urlOf where a group is pushed to
 * @throws {Error} where an answer is not 202; the signal's reason
 */
export async function pushAll(
  groups: readonly number[],
  { urlOf, connections, signal }: Pick<PushOptions, "connections" | "signal"> & {
    readonly urlOf: (group: number) => string;
  },
): Promise<void> {
  let next = 0;
  await together(connections, signal, async (signal) => {
    while (next < groups.length) {
      const group = groups[next++];
      await push(urlOf(group), { group, status: 202, signal });
    }
  });
}

/** So many groups, by their numbers. */
export function groupsUpTo(count: number): number[] {
  return Array.from({ length: count }, (_, group) => group);
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

/** Any one of so many, or of these. */
export function randomOf(groups: number | readonly number[]): number {
  return typeof groups === "number"
    ? Math.floor(Math.random() * groups)
    : groups[Math.floor(Math.random() * groups.length)];
}
