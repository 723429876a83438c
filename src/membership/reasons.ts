/**
 * Why a member is in its state, in words for the log, the API and the status page. The page has these words in
 * Chinese, too. Pure.
 *
 * @module
 */

import type { MemberRecord, MembershipEvent } from "./membership.ts";

/** What a reason depends on besides the record of the member. */
export interface ReasonContext {
  /** Returns why its last probe failed. */
  readonly down: () => string;
  /** Whether an operator has told it to leave. */
  readonly marked: boolean;
  /** Whether its process is another one than before. */
  readonly restarted: boolean;
}

/** Why a member is not known any more, where the reason is not that it does not answer. */
const GONE: Partial<Record<MembershipEvent["kind"], string>> = {
  observed: "no longer listed",
  "given up": "away for too long",
};

/**
 * Returns why a member is not known any more.
 *
 * @param by the kind of the event
 * @param wasDown whether it did not answer
 */
export function reasonGone(by: MembershipEvent["kind"], wasDown: boolean): string {
  const gone = GONE[by] ?? "does not answer any more";
  return wasDown ? `${gone}; it does not answer, so what it holds was not moved` : gone;
}

/** Returns why a member is in its state. */
export function reasonOf(
  { state, listing, verdict, departure, drained, aliasOf, contested }: MemberRecord,
  { down, marked, restarted }: ReasonContext,
): string {
  if (aliasOf) return `the same process as ${aliasOf}`;
  const leaves = marked
    ? "marked as removed"
    : listing?.maintenance
    ? "in maintenance in discovery"
    : "removed from discovery while alive";
  switch (state) {
    case "joining":
      if (verdict !== "up") return "listed by discovery";
      return restarted
        ? "has restarted, and its groups are about to be read"
        : "healthy, and its groups are about to be read";
    case "active":
      if (contested) return "answers our probe, and is unhealthy in discovery";
      return verdict === "up" ? "healthy, and answers our probe" : "healthy in discovery";
    case "suspect":
      if (!listing?.healthy) {
        const { complaint } = listing ?? {};
        return complaint === undefined
          ? "unhealthy in discovery"
          : `unhealthy in discovery: ${complaint}`;
      }
      return down();
    case "draining":
      return leaves;
    case "departed":
      if (drained) return `${leaves}; it is empty and may be stopped`;
      if (marked || listing?.maintenance || departure === "withdrawn") return leaves;
      if (departure === "released") return "told to leave, and removed from discovery";
      if (departure === "forgotten") {
        return "discovery has lost its entry, but it answers: it stays in the ring";
      }
      if (departure === "ended") {
        return "does not answer, and is no longer listed; what it holds was not moved";
      }
      return "not in discovery any more";
    case "alias":
      return "another name of another member's process";
    default:
      return state satisfies never;
  }
}
