/** The pushes that are on their way without a lock. @module */

import type { Member } from "../../member.ts";

/** A push on its way. Disposal: it has been answered, or never will be. */
export interface Sent extends Disposable {
  /** Absent if it may go to any member. */
  readonly member: Member | undefined;
  readonly key: string;
}

/** The pushes on their way. */
export interface AllSent {
  /** In no particular order. */
  readonly all: readonly Sent[];
  add(key: string, member?: Member): Sent;
}

/**
 * A push that knows its place in the list of all. So nothing is hashed to find it again, which every push
 * would pay for (bench/README.md).
 */
class Push implements Sent {
  readonly key: string;
  readonly member: Member | undefined;
  readonly #all: Push[];
  readonly #onOver: (push: Sent) => void;
  #at: number;

  constructor(
    key: string,
    member: Member | undefined,
    { all, onOver }: { readonly all: Push[]; readonly onOver: (push: Sent) => void },
  ) {
    this.key = key;
    this.member = member;
    this.#all = all;
    this.#onOver = onOver;
    this.#at = all.push(this) - 1;
  }

  [Symbol.dispose](): void {
    const last = this.#at < 0 ? undefined : this.#all.pop();
    if (!last) return;
    if (last !== this) {
      this.#all[this.#at] = last;
      last.#at = this.#at;
    }
    this.#at = -1;
    this.#onOver(this);
  }
}

/**
 * Creates the list, with none on their way.
 *
 * @param onOver called with a push that has been answered, or never will be
 */
export function createAllSent(onOver: (push: Sent) => void): AllSent {
  const all: Push[] = [];
  const list = { all, onOver };
  return { all, add: (key, member) => new Push(key, member, list) };
}
