/** Decides which samples of a member's page are shown if groups are out of place. Pure. @module */

import type { CountedCopies } from "../../handoff/plan/counted_copies.ts";
import type { Member } from "../../member.ts";
import type { Shows } from "../../pushgateway/pages/merge_families.ts";
import type { FindGroup } from "../../pushgateway/sample_groups.ts";

/** What was read of the groups before the pages were requested. */
export interface KnownGroups {
  readonly counted: CountedCopies;
  /** Whether a member held a group when it was read. */
  readonly isOn: (member: Member, id: string) => boolean;
  readonly members: readonly Member[];
}

/**
 * Which groups a page is for. `whole`: all groups that count. A member has two pages if groups leave it and
 * others come to it: the earlier one is for the groups `leaving`, the later one for the `rest`.
 */
export type PagePart = "whole" | "leaving" | "rest";

/**
 * Creates a function that decides which samples of a page are shown. A page is newer than the known groups:
 * copies may have been added to it, by a move or, for a moment, by a `PUT` that goes to all members that may
 * hold the group.
 *
 * @param find finds the group of a sample on this page
 */
export function shownSamples(
  { member, part, find }: {
    readonly member: Member;
    readonly part: PagePart;
    readonly find: FindGroup;
  },
  { counted: { outdone, underway }, isOn, members }: KnownGroups,
): Shows {
  const [hidden, leaving] = [outdone.get(member), underway.get(member)];
  const isHere = (id: string) => isOn(member, id);
  const isAnywhere = (id: string) => members.some((other) => isOn(other, id));
  const destinationOf = (id: string) => {
    for (const groups of underway.values()) if (groups.has(id)) return groups.get(id);
  };
  return (labels) => {
    const known = find(labels, isHere);
    if (part === "leaving") return known !== undefined && leaving?.has(known) ? "last" : "never";
    if (known !== undefined) {
      if (hidden?.has(known)) return "never";
      if (!leaving?.has(known)) return "always";
      return part === "rest" ? "never" : "last";
    }
    const come = find(labels, isAnywhere);
    return come === undefined || destinationOf(come) === member ? "once" : "never";
  };
}
