/**
 * What was promised, against what is there: a push that was answered 2xx is there from then on, unless
 * another push has replaced it, or deleted its group, that was not over when it began. Where a family
 * has several copies, one of them at least has its value, or that of a push which was not over when it
 * began. Pure.
 *
 * @module
 */

/** A push of a client. No other one carries its values. */
export interface Push {
  readonly method: "PUT" | "POST" | "DELETE";
  readonly path: string;
  /** Names and values. */
  readonly families: ReadonlyMap<string, number>;
  readonly sentMs: number;
  /** Absent while it is under way. */
  answeredMs?: number;
  /** Absent where no answer came. */
  status?: number;
}

/** The values of a group's families, on whichever members they are. */
export type Found = ReadonlyMap<string, readonly number[]>;

/** All pushes, by their groups. */
export interface Oracle {
  /** A push begins. */
  begins(push: Push): void;
  /** A push is over, with or without an answer. */
  ends(push: Push): void;
  /** Families that should be in a group and are not, or with older values only, in words. */
  missing(path: string, found: Found): string[];
  /** How many were answered 2xx. */
  readonly taken: number;
}

/** What was pushed to one group. */
interface Known {
  readonly byValue: Map<number, Push>;
  /** Of each family the push that was sent last of those that were answered 2xx. */
  readonly last: Map<string, Push>;
  /** Pushes that replace or delete, and are under way. */
  readonly replacing: Set<Push>;
  /** The two of these that ended last and were not refused. */
  replaced: readonly Push[];
}

const REFUSED = 400;

/** Creates an oracle that knows of no push. */
export function createOracle(): Oracle {
  const groups = new Map<string, Known>();
  let taken = 0;

  function knownOf(path: string): Known {
    const known = groups.get(path) ??
      { byValue: new Map(), last: new Map(), replacing: new Set(), replaced: [] };
    groups.set(path, known);
    return known;
  }

  return {
    begins(push) {
      const { byValue, replacing } = knownOf(push.path);
      for (const value of push.families.values()) byValue.set(value, push);
      if (push.method !== "POST") replacing.add(push);
    },
    ends(push) {
      const known = knownOf(push.path);
      known.replacing.delete(push);
      if (push.method !== "POST" && push.status !== REFUSED) {
        known.replaced = [push, ...known.replaced].slice(0, 2);
      }
      if (!isTaken(push)) return;
      taken++;
      for (const name of push.families.keys()) {
        if ((known.last.get(name)?.sentMs ?? -1) < push.sentMs) known.last.set(name, push);
      }
    },
    missing(path, found) {
      const { byValue, last, replacing, replaced } = knownOf(path);
      return [...last].flatMap(([name, push]) => {
        const isOther = (other: Push) => other !== push;
        if (
          [...replacing].some(isOther) ||
          replaced.some((one) => isOther(one) && !isOlder(one, push))
        ) {
          return [];
        }
        const values = found.get(name) ?? [];
        const isThere = values.some((value) => {
          const one = byValue.get(value);
          return one === undefined || one === push || !isOlder(one, push);
        });
        if (isThere) return [];
        const value = push.families.get(name);
        return [values.length === 0 ? name : `${name} ${value}, has ${values.join(" and ")}`];
      });
    },
    get taken() {
      return taken;
    },
  };
}

/** Whether a push was over before another one began. */
function isOlder({ answeredMs }: Push, { sentMs }: Push): boolean {
  return answeredMs !== undefined && answeredMs < sentMs;
}

/** Whether its client may count on it. */
export function isTaken({ status }: Push): boolean {
  return status !== undefined && status >= 200 && status < 300;
}
