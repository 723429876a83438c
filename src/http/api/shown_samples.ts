/** Which samples of a member's page are shown where groups are out of place. Pure. @module */

import type { CountedCopies } from "../../handoff/plan/counted_copies.ts";
import type { Member } from "../../member.ts";
import type { Shows } from "../../pushgateway/pages/merge_families.ts";
import type { FindGroup } from "../../pushgateway/sample_groups.ts";

/** What was read of the groups before the pages were asked for. */
export interface KnownGroups {
  readonly counted: CountedCopies;
  /** Whether a member was seen to hold a group. */
  readonly isOn: (member: Member, id: string) => boolean;
  readonly members: readonly Member[];
}

/**
 * What a page is asked for. `whole`: all groups that count. Where a member has two pages, because
 * groups leave it and others come to it: `leaving` on the earlier one, and all others on the later one,
 * the `rest`.
 */
export type PagePart = "whole" | "leaving" | "rest";

/**
 * Says which samples of a page are shown. A page is of a later moment than what is known: copies may have
 * come to it, by a move or, for a moment, by a `PUT` that goes wherever the group may lie.
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
