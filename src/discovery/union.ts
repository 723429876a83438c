/**
 * Unites the members of several parts: names in DNS, or files. Pure.
 *
 * A part that fails keeps its last members, so that the other parts go on. Before each part has worked
 * once, nothing is known of the whole.
 *
 * @module
 */

import type { Member } from "../member.ts";
import type { Listing, Observation } from "./discovery.ts";

/** The result of one part. */
export type Part =
  | { readonly kind: "members"; readonly listings: ReadonlyMap<Member, Listing> }
  | { readonly kind: "failed"; readonly why: string };

/** Returns what to yield for the current parts: nothing if it was yielded before. */
export type Union = (parts: ReadonlyMap<string, Part>) => Observation[];

/** Creates an empty union. */
export function createUnion(): Union {
  /** The last members of each part. */
  const named = new Map<string, ReadonlyMap<Member, Listing>>();
  let told: ReadonlyMap<Member, Listing> | undefined;
  let failing = false;

  return (parts) => {
    for (const name of named.keys()) if (!parts.has(name)) named.delete(name);
    const failures: string[] = [];
    for (const [name, part] of parts) {
      if (part.kind === "members") named.set(name, part.listings);
      else failures.push(part.why);
    }
    const all = merge(named.values());
    // If all are gone at once, a fault is more likely than an intention.
    if (failures.length === 0 && all.size === 0) failures.push("expected members, found none");

    const observations: Observation[] = [];
    const isWhole = parts.keys().every((name) => named.has(name));
    const isNews = !told || !isSame(told, all) || (failing && failures.length === 0);
    if (isWhole && all.size > 0 && isNews) {
      told = all;
      observations.push({ kind: "members", listings: all });
    }
    failing = failures.length > 0;
    if (failing) observations.push({ kind: "failed", cause: new Error(failures.join("; ")) });
    return observations;
  };
}

/** Unites listings. A member in several of them counts once, with the largest weight. */
function merge(all: Iterable<ReadonlyMap<Member, Listing>>): Map<Member, Listing> {
  const merged = new Map<Member, Listing>();
  for (const listings of all) {
    for (const [member, listing] of listings) {
      const other = merged.get(member);
      if (!other || listing.weight > other.weight) merged.set(member, listing);
    }
  }
  return merged;
}

function isSame(a: ReadonlyMap<Member, Listing>, b: ReadonlyMap<Member, Listing>): boolean {
  return a.size === b.size &&
    a.entries().every(([member, { weight }]) => b.get(member)?.weight === weight);
}
