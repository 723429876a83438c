/** What is known of the members, and the events that change it. @module */

import type { Listing, Observation } from "../discovery/discovery.ts";
import type { Member } from "../member.ts";
import type { ProbeOutcome } from "./probe.ts";

/** The states in the order in which they are reported. */
export const MEMBER_STATES = [
  "joining",
  "active",
  "suspect",
  "draining",
  "departed",
  "alias",
] as const;
export type MemberState = typeof MEMBER_STATES[number];

/**
 * Why discovery does not list a member any more:
 *
 * - `withdrawn`: its operator removed it: it was alive and its node is still there
 * - `released`: it had been told to leave, so it was right to remove it
 * - `forgotten`: it was alive, and Consul has lost its node (the agent left), or all that it knew
 * - `lost`: a server of the file that Consul reaped while dead, or never listed; or one that the file has
 *   no more, and that was dead
 * - `ended`: it was dead, and discovery lists only members that run: it may come back
 */
export type Departure = "withdrawn" | "released" | "forgotten" | "lost" | "ended";

/** What is known of one member. */
export interface MemberRecord {
  readonly state: MemberState;
  /** Its last listing by discovery. Absent when it has departed. */
  readonly listing?: Listing;
  /** What our own probes say. */
  readonly verdict: "unknown" | "up" | "down";
  /** Probes failed in a row. */
  readonly failures: number;
  /** When its process started, as it says. Absent until it has. If it changes, the member has restarted. */
  readonly started?: string;
  /** The version of that process, as it says. Absent until it has. */
  readonly version?: string;
  /** The start of its former process, which its next answer may still be from. */
  readonly ended?: string;
  /** The member that is the same process and is used instead. */
  readonly aliasOf?: Member;
  /**
   * Discovery has called it unhealthy for a short time only, and our probes disagree: it counts as healthy.
   */
  readonly contested?: true;
  /** Why discovery does not list it. */
  readonly departure?: Departure;
  /** Whether it was swept, and has no stale copies, since it last left the ring. */
  readonly admitted?: boolean;
  /** Whether it was found empty since it began to drain. */
  readonly drained?: boolean;
  /** Whether it was told to leave since it was last admitted, even if that was undone. */
  readonly told?: boolean;
}

/** Everything known of the members at one moment. */
export interface Membership {
  readonly records: ReadonlyMap<Member, MemberRecord>;
  /** Whether discovery has ever answered. */
  readonly known: boolean;
  /** Whether its last look-up worked; `pending` before the first. */
  readonly discovery: "pending" | "up" | "failed";
  /** Whether our probes fail for so many members that they are not trusted. */
  readonly probesDistrusted: boolean;
  /** Members that an operator has told to leave. */
  readonly marked: ReadonlySet<Member>;
  /** What the ring should be made of: members and weights. */
  readonly ring: ReadonlyMap<Member, number>;
  /**
   * What `ring` is made of: the active members (and those that are about to return); other members if
   * none is active; or nothing yet.
   */
  readonly ringBasis: "none" | "active" | "kept";
}

/** What does not change while a membership is followed. */
export interface MembershipPolicy {
  /** Whether discovery reports health as well, so that our probes can be wrong. */
  readonly secondOpinion: boolean;
  /** The servers of the configuration: the members for as long as discovery never answered. */
  readonly configured: readonly Member[];
  /** Members are swept before they count as active, and emptied before they have departed. */
  readonly handoff: boolean;
  /**
   * Whether discovery lists only members that run: then a dead member that is not listed is not forgotten
   * at once.
   */
  readonly listsRunning?: boolean;
}

/** An event. */
export type MembershipEvent =
  | { readonly kind: "observed"; readonly observation: Observation }
  | {
    readonly kind: "probed";
    readonly member: Member;
    readonly outcome: ProbeOutcome;
    /** When its process started, if it said so. */
    readonly started?: string;
    /** The version of that process, where it told. */
    readonly version?: string;
  }
  /** Discovery has called these contested members unhealthy for long enough to be believed. */
  | { readonly kind: "reaffirmed"; readonly members: ReadonlySet<Member> }
  /** These have been away for so long that they are not expected back. */
  | { readonly kind: "given up"; readonly members: ReadonlySet<Member> }
  /** All members that are marked as leaving. */
  | { readonly kind: "marked"; readonly members: ReadonlySet<Member> }
  /** Swept, and no stale copy is left on it. */
  | { readonly kind: "admitted"; readonly member: Member }
  /** A leaving member was found empty, or (again) with groups. */
  | { readonly kind: "drained"; readonly member: Member; readonly empty: boolean };

/** Before anything is known. */
export const UNKNOWN_MEMBERSHIP: Membership = {
  records: new Map(),
  known: false,
  discovery: "pending",
  probesDistrusted: false,
  marked: new Set(),
  ring: new Map(),
  ringBasis: "none",
};
