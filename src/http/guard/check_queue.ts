/**
 * Decides which password is checked next. Only one is checked at a time, so that the other cores are free for
 * pushes. Networks take turns: one that sends many passwords waits for its own checks, and delays another
 * network by one check at most. After a wrong password, the same user from the same network waits for a
 * second.
 *
 * @module
 */

/** A check of a password. */
export interface Check {
  /** The address that it comes from. */
  readonly client: string;
  readonly user: string;
  /** Returns whether the password is right. */
  readonly run: () => Promise<boolean>;
}

/** The checks that wait. Disposal gives up all of them. */
export interface CheckQueue extends Disposable {
  /**
   * Runs a check in its turn.
   *
   * @returns the result; `busy` if too many checks wait, or this one has waited for too long
   * @throws what the check throws
   */
  add(check: Check): Promise<boolean | "busy">;
}

/**
 * The most checks that wait: of one user of a network, of one network, and in total. A check usually takes 60
 * ms.
 */
const WAITING_OF_USER_MAX = 10;
const WAITING_OF_NETWORK_MAX = 100;
const WAITING_MAX = 10_000;
/** Clients have given up by then. */
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
  /** The checks by network. The network whose turn is next comes first, and no list is empty. */
  const networks = new Map<string, Waiting[]>();
  /** When the pause of a network's user after a wrong password ends. */
  const pauses = new Map<string, number>();
  let waiting = 0;
  let isRunning = false;
  let timer: ReturnType<typeof setTimeout> | undefined;

  const pauseKey = ({ client, user }: Check) => `${networkOf(client)} ${user}`;

  /** Takes the next check that does not pause out of the queue. */
  function take(): Waiting | undefined {
    for (const [network, checks] of networks) {
      const index = checks.findIndex((check) => !pauses.has(pauseKey(check)));
      if (index < 0) continue;
      const [check] = checks.splice(index, 1);
      waiting--;
      networks.delete(network);
      if (checks.length > 0) networks.set(network, checks); // after the other networks
      return check;
    }
    return undefined;
  }

  function endPauses(): void {
    const time = now();
    for (const [key, untilMs] of pauses) {
      if (untilMs > time) break; // they are in the order of their ends
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
        pauses.delete(key); // so that it becomes the last one
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

/**
 * Returns an IPv4 address, or the half of an IPv6 address that names its network, because its owner has all
 * addresses of the network.
 */
export function networkOf(address: string): string {
  if (address.includes(".")) return address;
  const [left] = address.split("::");
  const hextets = left.split(":").filter((hextet) => hextet !== "");
  while (hextets.length < HEXTETS) hextets.push("0");
  return hextets.slice(0, HEXTETS).join(":");
}
