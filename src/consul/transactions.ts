/**
 * Transactions of Consul's KV store on keys that sessions hold. As many of their operations as possible
 * are done.
 *
 * @module
 */

import { Buffer } from "node:buffer";
import * as z from "zod";
import { isStatus } from "./failure.ts";

/** A key of the KV store that no session holds, as it was found. */
export interface FreeKey {
  readonly key: string;
  /** Consul's index of its last change. */
  readonly changedAt: number;
}

/** A key of the KV store that a session holds, or has held, as it was then. */
export interface LockedKey extends FreeKey {
  /** Consul's index of its creation. */
  readonly createdAt: number;
  /** How often it was acquired since its creation: once for a new key. */
  readonly times: number;
}

/** How a key that a session holds is released. */
export interface Release extends FreeKey {
  /** Whether the key stays, as a trace. */
  readonly stays: boolean;
  /** The note to write beside the key, or to delete (`null`). Absent: the note stays as it is. */
  readonly note?: string | null;
}

/** What became of keys that were released. */
export interface Released {
  /** Whether the session held all of them. Those that were deleted, except the first, may have been gone. */
  readonly held: boolean;
  /** The keys that stay. */
  readonly left: readonly LockedKey[];
  /** The notes that were written. */
  readonly notes: readonly FreeKey[];
}

/**
 * Consul takes 64 operations in one transaction: two for each key, because it may have a note beside it,
 * and one that checks whether the session holds the keys.
 */
export const KEYS_AT_ONCE_MAX = 31;

/** One operation of a transaction. */
export interface Operation {
  readonly KV: {
    readonly Verb: string;
    readonly Key: string;
    readonly Session?: string;
    readonly Index?: number;
    /** The value of the key, in Base64. */
    readonly Value?: string;
  };
}

/** What a transaction has done. */
export interface Done {
  /** The keys after the transaction, without deleted ones, and the session that holds each. */
  readonly keys: readonly (LockedKey & { readonly session?: string; readonly value: string })[];
  /** How many steps were refused because of the state of their keys. */
  readonly refused: number;
}

/** The answer to a transaction that acquires or releases keys. */
const locked = z.object({
  Results: z.array(z.object({
    KV: z.object({
      Key: z.string(),
      Value: z.string().nullish(),
      Session: z.string().optional(),
      LockIndex: z.number(),
      CreateIndex: z.number(),
      ModifyIndex: z.number(),
    }),
  })),
});
/** The error of the library when an operation of a transaction was refused. None was done then. */
const conflict = z.object({
  response: z.object({
    body: z.object({ Errors: z.array(z.object({ OpIndex: z.number(), What: z.string() })) }),
  }),
});
/**
 * How Consul begins its reason when the state of a key does not allow an operation: another session holds
 * the lock, for example.
 */
const REFUSAL = /^failed /;

/**
 * Does as many of the steps as can be done. Steps that were refused are left out, and the rest is sent
 * again.
 *
 * @param steps operations that are done together, or none of them
 * @param send sends a transaction, and answers its body
 * @throws when a step fails for another reason: missing rights, or no such session
 */
export async function transactSome(
  steps: readonly (readonly Operation[])[],
  send: (operations: readonly Operation[]) => Promise<unknown>,
): Promise<Done> {
  for (let left = steps; left.length > 0;) {
    try {
      const { Results } = locked.parse(await send(left.flat()));
      return { keys: Results.map(lockedKey), refused: steps.length - left.length };
    } catch (error) {
      const refused = refusedOperations(error);
      let at = 0;
      left = left.filter((step) => {
        const operations = step.map(() => at++);
        return !operations.some((operation) => refused.has(operation));
      });
    }
  }
  return { keys: [], refused: steps.length };
}

/** Fails if a session does not hold a key. */
export function checkSession(key: string, session: string): Operation {
  return { KV: { Verb: "check-session", Key: key, Session: session } };
}

/** Releases a key that a session holds. */
export function unlock(key: string, session: string): Operation {
  return { KV: { Verb: "unlock", Key: key, Session: session } };
}

/** Deletes a key that has not changed. A missing key counts as deleted. */
export function deleteAsIs({ key, changedAt }: FreeKey): Operation {
  return { KV: { Verb: "delete-cas", Key: key, Index: changedAt } };
}

/** The key of the note beside one. */
export function noteKey(key: string): string {
  return `${key}-note`;
}

/** Reads the note beside a key. A missing note is not a failure. */
export function readNote(key: string): Operation {
  return { KV: { Verb: "get-tree", Key: noteKey(key) } };
}

/** Deletes the note beside a key, if there is one. */
export function deleteNote(key: string): Operation {
  return { KV: { Verb: "delete", Key: noteKey(key) } };
}

/** Writes the note beside a key. */
export function writeNote(key: string, note: string): Operation {
  return { KV: { Verb: "set", Key: noteKey(key), Value: encodeBase64(note) } };
}

/** Acquires a key for a session. */
export function lock(key: string, session: string): Operation {
  return { KV: { Verb: "lock", Key: key, Session: session } };
}

/**
 * Returns which operations of a transaction were refused because of the state of their keys.
 *
 * @throws any other failure; Consul also answers 409 then
 */
function refusedOperations(error: unknown): ReadonlySet<number> {
  const errors = isStatus(error, 409)
    ? conflict.safeParse(error).data?.response.body.Errors ?? []
    : [];
  if (errors.length === 0) throw error;
  const failed = errors.some(({ What }) => !REFUSAL.test(What));
  if (failed) throw error;
  return new Set(errors.map(({ OpIndex }) => OpIndex));
}

function lockedKey({ KV }: z.infer<typeof locked>["Results"][number]): Done["keys"][number] {
  return {
    key: KV.Key,
    createdAt: KV.CreateIndex,
    changedAt: KV.ModifyIndex,
    times: KV.LockIndex,
    value: decodeBase64(KV.Value ?? ""),
    ...(KV.Session !== undefined && { session: KV.Session }),
  };
}

function encodeBase64(text: string): string {
  return Buffer.from(text).toString("base64");
}

function decodeBase64(text: string): string {
  return Buffer.from(text, "base64").toString();
}
