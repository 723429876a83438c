/** What was promised, against what is there. Pure. @module */

import { TOTAL } from "./groups.ts";
import type { Held } from "./held.ts";
import type { Acknowledged } from "./ledger.ts";

/** A push that was answered 2xx and is not there. */
export interface Lost extends Acknowledged {
  /** The value that is there in its stead, of a family whose value only grows. */
  readonly found?: number;
}

/** A group that lies on several members. */
export interface Twice {
  readonly path: string;
  readonly members: readonly string[];
  /** Those that are there more than once. */
  readonly families: readonly string[];
}

/** A group of which no copy lies where an instance says. */
export interface Astray {
  readonly path: string;
  /** The members that it lies on. */
  readonly members: readonly string[];
  /** Its owner, as each instance says. */
  readonly owners: readonly string[];
}

/** What is wrong. */
export interface Verdict {
  readonly lost: readonly Lost[];
  readonly twice: readonly Twice[];
  readonly astray: readonly Astray[];
}

/** What is judged. */
export interface Evidence {
  readonly acknowledged: readonly Acknowledged[];
  readonly held: Held;
  /** The owner of each group that was pushed, as each instance says, by its path. */
  readonly owners: ReadonlyMap<string, readonly string[]>;
}

/** Judges a run. A family is lost where no member has it; where several do it is there twice. */
export function judge({ acknowledged, held, owners }: Evidence): Verdict {
  return {
    lost: expected(acknowledged).flatMap((push) => findLoss(push, held)),
    twice: [...held].flatMap(([path, copies]) => {
      if (copies.length < 2) return [];
      const names = copies.flatMap(({ families }) => [...families.keys()]);
      const families = names.filter((name, i) => names.indexOf(name) < i);
      const members = copies.map(({ member }) => member);
      return [{ path, members, families: [...new Set(families)] }];
    }),
    astray: [...owners].flatMap(([path, owners]) => {
      const members = (held.get(path) ?? []).map(({ member }) => member);
      const atHome = owners.every((owner) => members.includes(owner));
      return atHome ? [] : [{ path, members, owners }];
    }),
  };
}

/** Every family of its own, and of a total the last value. */
function expected(acknowledged: readonly Acknowledged[]): Acknowledged[] {
  const last = new Map<string, Acknowledged>();
  for (const push of acknowledged) last.set(`${push.group.path} ${push.family}`, push);
  return [...last.values()];
}

function findLoss(push: Acknowledged, held: Held): Lost[] {
  const { group: { path }, family, value } = push;
  const values = (held.get(path) ?? []).flatMap(({ families }) => families.get(family) ?? []);
  if (values.some((found) => family === TOTAL ? found >= value : found === value)) return [];
  return [{ ...push, ...(values.length > 0 && { found: Math.max(...values) }) }];
}
