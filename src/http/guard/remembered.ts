/**
 * Remembers which passwords were checked, by a digest of user, hash and password: no password is kept. A
 * right one is valid for a day after its last use, unless its user gets another hash. As many wrong ones are
 * kept, so that a client with an old password costs one check, and not one for each push.
 *
 * @module
 */

import { createHash, randomBytes } from "node:crypto";
import type { Credentials } from "../../wire/basic_auth.ts";

/** A password that was right. */
export interface Admission {
  readonly user: string;
  /** The hash that it was compared with. */
  readonly hash: string;
  /** When it was last used. */
  usedMs: number;
}

/** The passwords that were checked. */
export interface Remembered {
  /** Returns the digest of credentials that are compared with a hash. */
  digestOf(credentials: Credentials, hash: string): string;
  /** Returns the admission of a right password, and notes the use. */
  right(digest: string): Admission | undefined;
  isWrong(digest: string): boolean;
  /** Remembers a right password. */
  admit(digest: string, user: string, hash: string): void;
  /** Remembers a wrong password. */
  refuse(digest: string): void;
  /** Whether an admission is still valid. If so, notes the use. */
  renew(admission: Admission, users: ReadonlyMap<string, string>): boolean;
}

const UNUSED_MS_MAX = 24 * 3_600_000;
/** The most passwords of each kind. */
const KEPT_MAX = 1_000;
const SALT_BYTES = 32;

/**
 * Creates the memory of one process, which is empty.
 *
 * @param now a clock in milliseconds
 */
export function createRemembered(now: () => number): Remembered {
  const salt = randomBytes(SALT_BYTES);
  const right = new Map<string, Admission>();
  const wrong = new Set<string>();

  function use(admission: Admission): boolean {
    const isFresh = now() - admission.usedMs <= UNUSED_MS_MAX;
    if (isFresh) admission.usedMs = now();
    return isFresh;
  }

  return {
    digestOf({ user, password }, hash) {
      const text = `${user.length}:${user}${hash}${password}`; // unique for these credentials
      return createHash("sha256").update(salt).update(text).digest("base64");
    },
    right(digest) {
      const admission = right.get(digest);
      if (!admission || use(admission)) return admission;
      right.delete(digest);
      return undefined;
    },
    isWrong: (digest) => wrong.has(digest),
    admit(digest, user, hash) {
      right.set(digest, { user, hash, usedMs: now() });
      if (right.size <= KEPT_MAX) return;
      const [[least]] = [...right].sort(([, a], [, b]) => a.usedMs - b.usedMs);
      right.delete(least);
    },
    refuse(digest) {
      wrong.add(digest);
      if (wrong.size <= KEPT_MAX) return;
      const [oldest] = wrong;
      wrong.delete(oldest);
    },
    renew: (admission, users) => users.get(admission.user) === admission.hash && use(admission),
  };
}
