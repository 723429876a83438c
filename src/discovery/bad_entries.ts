/** Tells the operator which instances of a service in Consul are not taken as they are registered. @module */

import { createTold, errorText, type Logger } from "../log.ts";

/** An instance that is left out, or counts for less than it says. */
export interface BadEntry {
  readonly node: string;
  readonly id: string;
  /** What was expected, what was found, and what follows. */
  readonly cause: unknown;
}

/**
 * Creates what is told of the bad instances of each look-up. Each is logged once, again when what is wrong
 * with it changes, and when it is over.
 *
 * @param place what the lines name, as the URL of Consul
 */
export function createBadEntries(
  { log, place }: { readonly log: Logger; readonly place: Readonly<Record<string, string>> },
): (found: readonly BadEntry[]) => void {
  const told = createTold();
  let known = new Map<string, BadEntry>();
  return (found) => {
    const bad = new Map(found.map((entry) => [JSON.stringify([entry.node, entry.id]), entry]));
    for (const [name, { node, id, cause }] of bad) {
      const err = errorText(cause);
      if (!told.isNews(name, err)) continue;
      const what = "instance in Consul is not taken as it is registered";
      log.warn(what, { ...place, node, id, err });
    }
    for (const [name, { node, id }] of known) {
      if (bad.has(name) || !told.isOver(name)) continue;
      log.info("instance in Consul is taken as it is registered again", { ...place, node, id });
    }
    known = bad;
  };
}
