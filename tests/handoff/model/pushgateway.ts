/**
 * A Pushgateway in memory, as far as handoff can tell: `PUT` replaces a group, `POST` merges into it,
 * `DELETE` is queued and done in order with pushes. Its clock is its own.
 *
 * @module
 */

/** What a group holds: each family's value is the number of the push that it came with. */
export type Families = ReadonlyMap<string, number>;

/** One group as it lies on a member. */
export interface Copy {
  readonly families: Families;
  /** Unix seconds by the member's clock; 0: no push has ever been taken. */
  readonly time: number;
}

/** One member. */
export interface MemoryPushgateway {
  alive: boolean;
  /** Refuses pushes with 400: what they carry contradicts other groups. */
  refusing: boolean;
  /** What it shows: deletions that wait are not done yet. */
  readonly groups: ReadonlyMap<string, Copy>;
  /** Its clock, Unix in ms. */
  clock(): number;
  /** Takes a push, after all deletions before it; says whether it did. */
  push(method: string, id: string, families: Families): boolean;
  /** Takes a deletion, to be done later. */
  remove(id: string): void;
  /** Whether a deletion of that group waits. */
  isDoomed(id: string): boolean;
  /** Does the deletions that wait. */
  flush(): void;
  /** Its process ends; what it held may be gone. */
  die(keepsData: boolean): void;
}

/** Makes an empty one whose clock is ahead of ours by so much. */
export function createMemoryPushgateway(now: () => number, aheadMs: number): MemoryPushgateway {
  const groups = new Map<string, Copy>();
  let deletions: string[] = [];
  const clock = () => now() + aheadMs;
  const pushgateway: MemoryPushgateway = {
    alive: true,
    refusing: false,
    groups,
    clock,
    push(method, id, families) {
      pushgateway.flush();
      const before = groups.get(id);
      if (pushgateway.refusing) {
        // The group is there afterwards, with the time of the failure.
        if (!before) groups.set(id, { families: new Map(), time: 0 });
        return false;
      }
      const kept = method === "POST" ? before?.families ?? [] : [];
      groups.set(id, { families: new Map([...kept, ...families]), time: clock() / 1_000 });
      return true;
    },
    remove: (id) => void deletions.push(id),
    isDoomed: (id) => deletions.includes(id),
    flush() {
      for (const id of deletions) groups.delete(id);
      deletions = [];
    },
    die(keepsData) {
      pushgateway.flush();
      pushgateway.alive = false;
      if (!keepsData) groups.clear();
    },
  };
  return pushgateway;
}
