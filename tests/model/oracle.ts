/**
 * What was promised, against what is there: a push that was answered 2xx is there from then on, unless
 * another push has replaced it, or deleted its group, that was not over when it began. Pure.
 *
 * @module
 */

/** A push of a client. What it carries no other push does. */
export interface Push {
  readonly method: "PUT" | "POST" | "DELETE";
  readonly path: string;
  readonly families: readonly string[];
  readonly sentMs: number;
  /** Absent while it is under way. */
  answeredMs?: number;
  /** Absent where no answer came. */
  status?: number;
}

/** All pushes, by their groups. */
export interface Oracle {
  /** A push begins. */
  begins(push: Push): void;
  /** Families that should be in a group and are not among those. */
  missing(path: string, found: ReadonlySet<string>): string[];
  /** What was pushed to a group. */
  pushes(path: string): readonly Push[];
}

const REFUSED = 400;

/** Creates an oracle that knows of no push. */
export function createOracle(): Oracle {
  const pushes = new Map<string, Push[]>();
  return {
    begins(push) {
      pushes.set(push.path, [...pushes.get(push.path) ?? [], push]);
    },
    pushes: (path) => pushes.get(path) ?? [],
    missing(path, found) {
      const all = pushes.get(path) ?? [];
      const replacing = all.filter(({ method, status }) => method !== "POST" && status !== REFUSED);
      return all.filter(isTaken).filter(({ method }) => method !== "DELETE").flatMap((push) => {
        const mayBeReplaced = replacing.some((other) =>
          other !== push && (other.answeredMs === undefined || other.answeredMs >= push.sentMs)
        );
        return mayBeReplaced ? [] : push.families.filter((name) => !found.has(name));
      });
    },
  };
}

/** Whether its client may count on it. */
export function isTaken({ status }: Push): boolean {
  return status !== undefined && status >= 200 && status < 300;
}
