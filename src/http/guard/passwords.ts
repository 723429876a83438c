/** Checks the passwords of users. A password that was checked before needs no comparison. @module */

import { Buffer } from "node:buffer";
import type { Bcrypt } from "./bcrypt_worker.ts";
import { createCheckQueue } from "./check_queue.ts";
import type { Credentials } from "../../wire/basic_auth.ts";
import { type Admission, createRemembered } from "./remembered.ts";

/** bcrypt hashes by the names of users, at least one. */
export type Users = ReadonlyMap<string, string>;

/** The result of a check. */
export type Verdict = Admission | "wrong" | "busy";

/** Checks passwords. Disposal gives up all checks in progress. */
export interface Passwords extends Disposable {
  /**
   * Checks credentials, at once if they were checked before.
   *
   * @param client the address that they come from
   * @returns `busy` if too many checks wait
   * @throws if the thread that compares them fails
   */
  check(credentials: Credentials, users: Users, client: string): Verdict | Promise<Verdict>;
  /** Whether an admission still holds. */
  holds(admission: Admission, users: Users): boolean;
}

/**
 * Creates the check of passwords of one process.
 *
 * @param deps.bcrypt disposed together with it
 * @param deps.now a clock in milliseconds
 */
export function createPasswords(
  { bcrypt, now }: { readonly bcrypt: Bcrypt; readonly now: () => number },
): Passwords {
  const remembered = createRemembered(now);
  const queue = createCheckQueue(now);
  /** By digest: many clients may start with the same credentials. */
  const underWay = new Map<string, Promise<Verdict>>();

  async function compare(
    { user, password }: Credentials,
    { hash, isKnown, digest, client }: Comparison,
  ): Promise<Verdict> {
    const run = async () => await bcrypt.compare(password, hash) && isKnown;
    const outcome = await queue.add({ client, user, run });
    if (outcome === "busy") return outcome;
    if (outcome) remembered.admit(digest, user, hash);
    else remembered.refuse(digest);
    return remembered.right(digest) ?? "wrong";
  }

  return {
    check(credentials, users, client) {
      const own = users.get(credentials.user);
      const hash = own ?? decoyOf(credentials.user, users);
      const digest = remembered.digestOf(credentials, hash);
      const admission = remembered.right(digest);
      if (admission) return admission;
      if (remembered.isWrong(digest)) return "wrong";
      const before = underWay.get(digest);
      if (before) return before;
      const isKnown = own !== undefined;
      const verdict = compare(credentials, { hash, isKnown, digest, client })
        .finally(() => underWay.delete(digest));
      underWay.set(digest, verdict);
      return verdict;
    },
    holds: remembered.renew,
    [Symbol.dispose]() {
      queue[Symbol.dispose]();
      bcrypt[Symbol.dispose]();
    },
  };
}

interface Comparison {
  readonly hash: string;
  /** Whether the hash is the user's. */
  readonly isKnown: boolean;
  readonly digest: string;
  readonly client: string;
}

/**
 * Returns a hash for an unknown name, always the same one, so that its check takes as long as a known name's.
 */
function decoyOf(user: string, users: Users): string {
  const hashes = [...users.values()];
  let sum = 0;
  for (const byte of Buffer.from(user)) sum = (sum * 31 + byte) % hashes.length;
  return hashes[sum];
}
