/**
 * Whose password is checked next. Only one is at a time, so the rest of the machine has its cores for
 * pushes. Networks take turns: one that sends many passwords waits for itself, and holds up another by one
 * check at most. After a wrong password the same user from the same network waits for a second.
 *
 * @module
 */

/** A check to come. */
export interface Check {
  /** The address that it comes from. */
  readonly client: string;
  readonly user: string;
  /** Says whether the password is right. */
  readonly run: () => Promise<boolean>;
}

/** The checks that wait. Disposal gives them all up. */
export interface CheckQueue extends Disposable {
  /**
   * Runs a check in its turn.
   *
   * @returns what it says; `busy` where too many wait, or it has waited for too long
   * @throws what it throws
   */
  add(check: Check): Promise<boolean | "busy">;
}

/** Of one user of a network, of one network, and of all. A check takes 60 ms as a rule. */
const WAITING_OF_USER_MAX = 10;
const WAITING_OF_NETWORK_MAX = 100;
const WAITING_MAX = 10_000;
/** A client has given up after that. */
const WAIT_MS_MAX = 30_000;
const AFTER_WRONG_MS = 1_000;

interface Waiting extends Check {
  readonly sinceMs: number;
  readonly settle: PromiseWithResolvers<boolean | "busy">;
}

/**
 * Creates an empty queue.
 *
 * @param now a clock in milliseconds
 */
export function createCheckQueue(now: () => number): CheckQueue {
  /** By network; the one whose turn it is next is the first. None of them is empty. */
  const networks = new Map<string, Waiting[]>();
  /** Until when a user of a network waits after a wrong password. */
  const pauses = new Map<string, number>();
  let waiting = 0;
  let isRunning = false;
  let timer: ReturnType<typeof setTimeout> | undefined;

  const pauseKey = ({ client, user }: Check) => `${networkOf(client)} ${user}`;

  /** The next one that does not pause, taken out of the queue. */
  function take(): Waiting | undefined {
    for (const [network, checks] of networks) {
      const index = checks.findIndex((check) => !pauses.has(pauseKey(check)));
      if (index < 0) continue;
      const [check] = checks.splice(index, 1);
      waiting--;
      networks.delete(network);
      if (checks.length > 0) networks.set(network, checks); // behind the others
      return check;
    }
    return undefined;
  }

  function endPauses(): void {
    const time = now();
    for (const [key, untilMs] of pauses) {
      if (untilMs > time) break; // in the order that they were made in
      pauses.delete(key);
    }
  }

  function next(): void {
    if (isRunning) return;
    endPauses();
    for (let check = take(); check; check = take()) {
      if (now() - check.sinceMs <= WAIT_MS_MAX) return void run(check);
      check.settle.resolve("busy");
    }
    if (waiting === 0) return;
    const [untilMs] = pauses.values();
    clearTimeout(timer);
    timer = setTimeout(next, untilMs - now());
  }

  async function run(check: Waiting): Promise<void> {
    isRunning = true;
    try {
      const isRight = await check.run();
      if (!isRight) {
        const key = pauseKey(check);
        pauses.delete(key); // so that it is the last one
        pauses.set(key, now() + AFTER_WRONG_MS);
      }
      check.settle.resolve(isRight);
    } catch (error) {
      check.settle.reject(error);
    }
    isRunning = false;
    next();
  }

  return {
    add(check) {
      const network = networkOf(check.client);
      const checks = networks.get(network) ?? [];
      const ofUser = checks.filter(({ user }) => user === check.user).length;
      const isFull = waiting >= WAITING_MAX || checks.length >= WAITING_OF_NETWORK_MAX ||
        ofUser >= WAITING_OF_USER_MAX;
      if (isFull) return Promise.resolve("busy");
      const settle = Promise.withResolvers<boolean | "busy">();
      checks.push({ ...check, sinceMs: now(), settle });
      networks.set(network, checks);
      waiting++;
      next();
      return settle.promise;
    },
    [Symbol.dispose]() {
      clearTimeout(timer);
      for (const { settle } of [...networks.values()].flat()) settle.resolve("busy");
      networks.clear();
      waiting = 0;
    },
  };
}

const HEXTETS = 4;

/** An IPv4 address, or the half of an IPv6 address that names its network: its owner has all of the rest. */
export function networkOf(address: string): string {
  if (address.includes(".")) return address;
  const [left] = address.split("::");
  const hextets = left.split(":").filter((hextet) => hextet !== "");
  while (hextets.length < HEXTETS) hextets.push("0");
  return hextets.slice(0, HEXTETS).join(":");
}
