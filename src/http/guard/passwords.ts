/** Whether a user has given the right password: once it was checked, without a computation. @module */

import { Buffer } from "node:buffer";
import type { Bcrypt } from "./bcrypt_worker.ts";
import { createCheckQueue } from "./check_queue.ts";
import type { Credentials } from "../../wire/basic_auth.ts";
import { type Admission, createRemembered } from "./remembered.ts";

/** bcrypt hashes by the names of users; there is at least one. */
export type Users = ReadonlyMap<string, string>;

/** What becomes of credentials. */
export type Verdict = Admission | "wrong" | "busy";

/** Checks passwords. Disposal gives up what is being checked. */
export interface Passwords extends Disposable {
  /**
   * Checks credentials, at once where they were checked before.
   *
   * @param client the address that they come from
   * @returns `busy` where too many wait for a check
   * @throws where the thread that compares them fails
   */
  check(credentials: Credentials, users: Users, client: string): Verdict | Promise<Verdict>;
  /** Whether an admission still holds. */
  holds(admission: Admission, users: Users): boolean;
}

/**
 * Creates the check of one process.
 *
 * @param deps.bcrypt is disposed with it
 * @param deps.now a clock in milliseconds
 */
export function createPasswords(
  { bcrypt, now }: { readonly bcrypt: Bcrypt; readonly now: () => number },
): Passwords {
  const remembered = createRemembered(now);
  const queue = createCheckQueue(now);
  /** By digest: many clients may begin with the same credentials. */
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

/** A hash for a name that there is not, always the same: so it takes as long as one that there is. */
function decoyOf(user: string, users: Users): string {
  const hashes = [...users.values()];
  let sum = 0;
  for (const byte of Buffer.from(user)) sum = (sum * 31 + byte) % hashes.length;
  return hashes[sum];
}
