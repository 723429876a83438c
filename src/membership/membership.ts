/** What is known of the members, and what may be learnt of them. @module */

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
 * - `withdrawn`: its operator took it out, for it was alive and its node is still there
 * - `released`: it had been told to leave, so whoever took it out did as it should
 * - `forgotten`: it was alive, and Consul has lost its node (the agent left), or all that it knew
 * - `lost`: Consul reaped it while dead, or never listed it
 * - `ended`: it was dead, and discovery lists those alone that run: it may come back
 */
export type Departure = "withdrawn" | "released" | "forgotten" | "lost" | "ended";

/** What is known of one member. */
export interface MemberRecord {
  readonly state: MemberState;
  /** As discovery last listed it; absent once departed. */
  readonly listing?: Listing;
  /** What our own probes say. */
  readonly verdict: "unknown" | "up" | "down";
  /** Probes failed in a row. */
  readonly failures: number;
  /** When its process started, as it tells itself; absent until it has. Another one: it restarted. */
  readonly started?: string;
  /** The version of that process, as it tells itself; absent until it has. */
  readonly version?: string;
  /** The start of the process before it, which its next answer may be of still. */
  readonly ended?: string;
  /** Another member is the same process; that one is used. */
  readonly aliasOf?: Member;
  /**
   * Discovery calls it unhealthy and has not said so for long, and our probes disagree: it counts as
   * healthy.
   */
  readonly contested?: true;
  /** Why discovery does not list it. */
  readonly departure?: Departure;
  /** Swept, and rid of stale copies, since it last left the ring. */
  readonly admitted?: boolean;
  /** Found empty since it began to drain. */
  readonly drained?: boolean;
  /** It was told to leave since it was last admitted, also where that was taken back. */
  readonly told?: boolean;
}

/** Everything known of the members at one moment. */
export interface Membership {
  readonly records: ReadonlyMap<Member, MemberRecord>;
  /** Whether discovery has ever answered. */
  readonly known: boolean;
  /** Whether its last look-up worked; `pending` before the first. */
  readonly discovery: "pending" | "up" | "failed";
  /** Our probes condemn so many members that they are not believed. */
  readonly probesDistrusted: boolean;
  /** Members that are to leave, by their operator's word. */
  readonly marked: ReadonlySet<Member>;
  /** What the ring should be made of: members and weights. */
  readonly ring: ReadonlyMap<Member, number>;
  /** What `ring` rests on: the active members (and those that are about to return); others for want of any that is active; or nothing yet. */
  readonly ringBasis: "none" | "active" | "kept";
}

/** What does not change while a membership is followed. */
export interface MembershipPolicy {
  /** Discovery judges health too, so that our probes can be wrong. */
  readonly secondOpinion: boolean;
  /** The servers of the configuration: the members for as long as discovery never answered. */
  readonly configured: readonly Member[];
  /** Members are swept before they count as active, and emptied before they have departed. */
  readonly handoff: boolean;
  /** Discovery lists those alone that run: one that is dead, and not listed, is not forgotten at once. */
  readonly listsRunning?: boolean;
}

/** Something learnt. */
export type MembershipEvent =
  | { readonly kind: "observed"; readonly observation: Observation }
  | {
    readonly kind: "probed";
    readonly member: Member;
    readonly outcome: ProbeOutcome;
    /** When its process started, where it told. */
    readonly started?: string;
    /** The version of that process, where it told. */
    readonly version?: string;
  }
  /** Discovery has called these contested members unhealthy for long enough to be believed. */
  | { readonly kind: "reaffirmed"; readonly members: ReadonlySet<Member> }
  /** These have been away for so long that nobody expects them back. */
  | { readonly kind: "given up"; readonly members: ReadonlySet<Member> }
  /** All the members that their operator wants out. */
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
