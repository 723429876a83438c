/**
 * The view of the members that requests are answered from. It is replaced as a whole, and listeners are
 * called.
 *
 * @module
 */

import type { Snapshot } from "../http/snapshot.ts";
import type { Logger } from "../log.ts";
import type { Member } from "../member.ts";
import type { History, MemberChange } from "../membership/history.ts";
import {
  createMembershipTroubles,
  narrateCalm,
  narrateMembership,
  narrateRing,
  type Narrator,
} from "../membership/narrate.ts";
import { type Membership, UNKNOWN_MEMBERSHIP } from "../membership/membership.ts";
import { withoutSource } from "../membership/state.ts";
import type { WatchDeps } from "../membership/watch.ts";
import { HashRing } from "../ring/hash_ring.ts";

/** Called at each change. */
export interface ViewListener {
  membershipChanged(membership: Membership): void;
  ringChanged?(ring: HashRing): void;
}

/** What keeping the view needs. */
export interface ViewDeps {
  readonly log: Logger;
  /** Called before all watchers when a change is in force. */
  readonly listeners: readonly ViewListener[];
  /** Returns how many groups a member held when it was last read, if it was read. */
  readonly groupsOf: (member: Member) => number | undefined;
  /** Returns how many groups the drain of a member has moved, if it has one. */
  readonly movedOf: (member: Member) => number | undefined;
  /** Remembers what has happened. */
  readonly history: History;
}

/** The view. */
export interface View {
  /** Returns the current snapshot. */
  readonly snapshot: () => Snapshot;
  /** Takes over what a watch learns of the members of one source. */
  follow(source: string): Pick<WatchDeps, "onMembership" | "onProbed" | "onRing">;
  /** Called when the members come from another source. All but the ring is forgotten. */
  sourceChanged(): void;
  /** Remembers why a probe of a member failed. */
  probeFailed(member: Member, why: string): void;
  /** Calls back once now and at each change. Disposal ends that. */
  watch(onChange: (snapshot: Snapshot) => void): Disposable;
}

/** Creates an empty view. */
export function createView({ log, listeners, groupsOf, movedOf, history }: ViewDeps): View {
  const probeFailures = new Map<Member, string>();
  let troubles = createMembershipTroubles();
  const watchers = new Set<(snapshot: Snapshot) => void>();
  let snapshot: Snapshot = { membership: UNKNOWN_MEMBERSHIP, ring: HashRing.of(new Map()) };

  function onChange(change: MemberChange): void {
    const moved = change.to === "departed" ? movedOf(change.member) : undefined;
    history.add({ kind: "member", ...change, ...(moved !== undefined && { moved }) });
  }

  function swap(next: Snapshot): void {
    snapshot = next;
    for (const watcher of watchers) watcher(next);
  }

  function narratorOf(source: string): Narrator {
    const probeFailure = (member: Member) => probeFailures.get(member);
    return { log, source, troubles, probeFailure, groupsOf, onChange };
  }

  return {
    snapshot: () => snapshot,
    follow: (source) => ({
      onProbed: (member) => narrateCalm(member, snapshot.membership, narratorOf(source)),
      onMembership(membership, change) {
        const { previous } = change;
        snapshot = { ...snapshot, membership };
        for (const listener of listeners) listener.membershipChanged(membership);
        narrateMembership(membership, change, narratorOf(source));
        for (const member of previous.records.keys()) {
          if (!membership.records.has(member)) probeFailures.delete(member);
        }
        swap(snapshot);
      },
      onRing(ring) {
        history.add(narrateRing(ring, snapshot.ring, log));
        snapshot = { ...snapshot, ring };
        for (const listener of listeners) listener.ringChanged?.(ring);
        swap(snapshot);
      },
    }),
    sourceChanged() {
      troubles = createMembershipTroubles();
      swap({ ...snapshot, membership: withoutSource(snapshot.membership) });
    },
    probeFailed: (member, why) => void probeFailures.set(member, why),
    watch(onChange) {
      watchers.add(onChange);
      onChange(snapshot);
      return { [Symbol.dispose]: () => void watchers.delete(onChange) };
    },
  };
}
