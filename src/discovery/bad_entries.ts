/** Logs which instances of a service in Consul cannot be used as they are registered. @module */

import { errorText, type Logger } from "../log.ts";
import { createTroubles } from "../log/trouble.ts";

/** An instance that is left out, or counts for less than it says. */
export interface BadEntry {
  readonly node: string;
  readonly id: string;
  /** What was expected, what was found, and what follows. */
  readonly cause: unknown;
}

/**
 * Creates a function that is called with the bad instances of each look-up. Each is logged once, once more
 * for each other thing that is wrong with it, and when it is over.
 *
 * @param place the place that each line names
 */
export function createBadEntries(
  { log, place }: {
    readonly log: Logger;
    readonly place: { readonly consul: string; readonly service: string };
  },
): (found: readonly BadEntry[]) => void {
  const troubles = createTroubles();
  /** Bad instances whose end is not logged yet. */
  const known = new Map<string, Pick<BadEntry, "node" | "id">>();
  return (found) => {
    const bad = new Map(found.map((entry) => [JSON.stringify([entry.node, entry.id]), entry]));
    for (const [name, { node, id, cause }] of bad) {
      known.set(name, { node, id });
      if (!troubles.isNews(name, cause)) continue;
      const fields = { ...place, node, id, err: errorText(cause) };
      log.warn("instance in Consul cannot be used as it is registered", fields);
    }
    for (const [name, { node, id }] of known) {
      if (bad.has(name)) continue;
      const past = troubles.over(name);
      if (!past) continue;
      known.delete(name);
      log.info("instance in Consul was corrected or removed", {
        ...place,
        node,
        id,
        ...past,
      });
    }
  };
}
