/**
 * The view of the members that requests are answered from: swapped as a whole, and told to whom it
 * concerns.
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

/** What is told of each change. */
export interface ViewListener {
  membershipChanged(membership: Membership): void;
  ringChanged?(ring: HashRing): void;
}

/** What keeping the view takes. */
export interface ViewDeps {
  readonly log: Logger;
  /** Told before anybody else of a change that is in force. */
  readonly listeners: readonly ViewListener[];
  /** What a member held when it was last read, where it was. */
  readonly groupsOf: (member: Member) => number | undefined;
  /** How many groups the drain of a member has moved, where it has one. */
  readonly movedOf: (member: Member) => number | undefined;
  /** Remembers what has happened. */
  readonly history: History;
}

/** The view. */
export interface View {
  readonly snapshot: Snapshot;
  /** Takes over what a watch learns of members that are looked up in one place. */
  follow(source: string): Pick<WatchDeps, "onMembership" | "onProbed" | "onRing">;
  /** The members are learnt from elsewhere now: all but the ring is forgotten. */
  sourceChanged(): void;
  /** Remembers why a probe of a member failed. */
  probeFailed(member: Member, why: string): void;
  /** Calls back at each change; the callback is called once now. Disposal ends that. */
  watch(onChange: (snapshot: Snapshot) => void): Disposable;
}

/** Creates the view of nothing. */
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
    get snapshot() {
      return snapshot;
    },
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
