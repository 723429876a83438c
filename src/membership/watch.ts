/**
 * Follows the members: feeds discovery and probes into the state machine, and publishes a ring when
 * its members have changed and have been the same for a moment.
 *
 * @module
 */

import { sleep } from "../concurrency/backoff.ts";
import { deadline } from "../concurrency/deadline.ts";
import type { Discovery } from "../discovery/discovery.ts";
import type { Member } from "../member.ts";
import { cooperate } from "../concurrency/cooperate.ts";
import { HashRing } from "../ring/hash_ring.ts";
import { runGroup } from "../concurrency/run_group.ts";
import { createWake, type Wake } from "../concurrency/wake.ts";
import type { Probe } from "./probe.ts";
import type { MemberRecord, Membership, MembershipEvent, MembershipPolicy } from "./membership.ts";
import { isAway, nextMembership } from "./state.ts";

/** What following the members needs. */
export interface WatchDeps {
  readonly discovery: Discovery;
  readonly configured: readonly Member[];
  readonly probe: Probe;
  /** Members are swept before they count as active, and emptied before they have departed. */
  readonly handoff: boolean;
  /** Events from other parts: a member refused a push, was swept, or is to leave. */
  readonly reports: (signal: AbortSignal) => AsyncIterable<MembershipEvent>;
  /** After how long discovery is believed when it calls members unhealthy and our probes do not. */
  readonly contestMs: number;
  readonly random: () => number;
  /** The state to begin with: that of the former watch, so that a reload keeps the ring. */
  readonly initial: { readonly membership: Membership; readonly ring: HashRing };
  /** Called with each event that changed something, before any ring that follows from it. */
  readonly onMembership: (
    next: Membership,
    change: { readonly previous: Membership; readonly event: MembershipEvent },
  ) => void;
  /** Called after each probe of a member. */
  readonly onProbed?: (member: Member) => void;
  /** Called with each new ring. */
  readonly onRing: (ring: HashRing) => void;
}

/** A member that has been away for a day is not expected back. */
const AWAY_MS_MAX = 24 * 3_600_000;
/** The most members that are away: each is still probed, and failing pods get a new address each time. */
const AWAY_MAX = 100;
const PROBE_INTERVAL_MS = 1_000;
/** Changes come in bursts (a rack, a deployment). One ring for each burst is enough. */
export const GATHER_MS = 200;
/** When none was active, others answer soon after the first one, each at its next probe. */
const GATHER_RECOVERY_MS = PROBE_INTERVAL_MS + GATHER_MS;

/** Follows the members until the signal aborts. All probes have ended when it returns. */
export async function watchMembership(deps: WatchDeps, signal: AbortSignal): Promise<void> {
  const policy: MembershipPolicy = {
    secondOpinion: deps.discovery.secondOpinion,
    configured: deps.configured,
    handoff: deps.handoff,
    ...(deps.discovery.listsRunning && { listsRunning: true }),
  };
  const membersChanged = createWake();
  const ringChanged = createWake();
  const contestsChanged = createWake();
  const absencesChanged = createWake();
  let { membership } = deps.initial;

  const learn = (event: MembershipEvent) => {
    // The next watch has begun with the state that this one had when it was ended.
    if (signal.aborted) return;
    const previous = membership;
    membership = nextMembership(previous, event, policy);
    if (membership === previous) return;
    deps.onMembership(membership, { previous, event });
    membersChanged.raise();
    ringChanged.raise();
    contestsChanged.raise();
    absencesChanged.raise();
  };

  async function follow(signal: AbortSignal) {
    for await (const observation of deps.discovery.observe(signal)) {
      learn({ kind: "observed", observation });
    }
  }

  async function heed(signal: AbortSignal) {
    for await (const report of deps.reports(signal)) learn(report);
  }

  /** Learns of members for which a condition has been true for a long time, by our clock. */
  async function learnLater(
    isSo: (member: Member, record: MemberRecord) => boolean,
    { changed, afterMs, max = Infinity, kind }: {
      readonly changed: Wake;
      readonly afterMs: number;
      /** If it is true for more members, the longest ones do not wait. */
      readonly max?: number;
      readonly kind: "reaffirmed" | "given up";
    },
    signal: AbortSignal,
  ) {
    /** Since when it is true. */
    const since = new Map<Member, number>();
    while (!signal.aborted) {
      const now = performance.now();
      for (const [member, record] of membership.records) {
        if (!isSo(member, record)) since.delete(member);
        else if (!since.has(member)) since.set(member, now);
      }
      for (const member of since.keys()) if (!membership.records.has(member)) since.delete(member);
      const isLong = ([, sinceMs]: [Member, number]) => now - sinceMs >= afterMs;
      const beyond = Math.max(0, since.size - max);
      const long = [...since].filter((one, i) => i < beyond || isLong(one));
      const members = new Set(long.map(([member]) => member));
      if (members.size > 0) {
        for (const member of members) since.delete(member);
        learn({ kind, members });
        continue;
      }
      const due = new AbortController();
      const leftMs = Math.min(...since.values()) + afterMs - now;
      const timer = since.size > 0 ? setTimeout(() => due.abort(), leftMs) : undefined;
      await changed.wait(AbortSignal.any([signal, due.signal]));
      clearTimeout(timer);
    }
  }

  const reaffirm = (signal: AbortSignal) =>
    learnLater((_, { contested }) => contested === true, {
      changed: contestsChanged,
      afterMs: deps.contestMs,
      kind: "reaffirmed",
    }, signal);

  const giveUp = (signal: AbortSignal) =>
    learnLater((member, record) => isAway(member, record, { membership, policy }), {
      changed: absencesChanged,
      afterMs: AWAY_MS_MAX,
      max: AWAY_MAX,
      kind: "given up",
    }, signal);

  async function probeMembers(signal: AbortSignal) {
    const probed = new Map<Member, { stop: AbortController; done: Promise<void> }>();
    const failures: unknown[] = [];
    const fail = (error: unknown) => {
      failures.push(error);
      membersChanged.raise();
    };
    try {
      while (!signal.aborted) {
        if (failures.length > 0) throw failures[0];
        for (const member of membership.records.keys()) {
          if (probed.has(member)) continue;
          const stop = new AbortController();
          const done = probeMember(member, AbortSignal.any([signal, stop.signal])).catch(fail);
          probed.set(member, { stop, done });
        }
        for (const [member, { stop, done }] of probed) {
          if (membership.records.has(member)) continue;
          probed.delete(member);
          stop.abort();
          await done;
        }
        await membersChanged.wait(signal);
      }
    } finally {
      for (const { stop } of probed.values()) stop.abort();
      await Promise.all([...probed.values()].map(({ done }) => done));
    }
  }

  async function probeMember(member: Member, signal: AbortSignal) {
    // The first interval is shortened at random, so that a thousand probes are not sent at once.
    let intervalMs = PROBE_INTERVAL_MS * deps.random();
    while (!signal.aborted) {
      const next = sleep(intervalMs, signal);
      const result = await deps.probe(member, signal);
      if (!signal.aborted) {
        learn({ kind: "probed", member, ...result });
        deps.onProbed?.(member);
      }
      await next;
      intervalMs = PROBE_INTERVAL_MS;
    }
  }

  /** Waits for some time, in ms, or until no push can be sent by the ring, but by the next one. */
  async function gather(ring: HashRing, ms: number, signal: AbortSignal): Promise<void> {
    using over = deadline(ms, signal);
    while (!over.signal.aborted && !isUseless(ring)) await ringChanged.wait(over.signal);
  }

  /** Whether every member of a ring is down, or it has none, and another one is to join. */
  function isUseless({ members, weights }: HashRing): boolean {
    return members.every((member) => membership.records.get(member)?.verdict === "down") &&
      membership.ring.keys().some((member) => !weights.has(member));
  }

  async function publish(signal: AbortSignal) {
    let { ring, membership: { ringBasis } } = deps.initial;
    while (!signal.aborted) {
      await ringChanged.wait(signal);
      const recovers = ringBasis === "kept" && membership.ringBasis === "active";
      ringBasis = membership.ringBasis;
      if (sameWeights(membership.ring, ring.weights)) continue;
      await gather(ring, recovers ? GATHER_RECOVERY_MS : GATHER_MS, signal);
      ringBasis = membership.ringBasis; // the last members may have left meanwhile
      if (signal.aborted || sameWeights(membership.ring, ring.weights)) continue;
      try {
        ring = await cooperate(HashRing.build(membership.ring), signal);
      } catch (error) {
        if (signal.aborted) return;
        throw error;
      }
      deps.onRing(ring);
    }
  }

  await runGroup([follow, heed, reaffirm, giveUp, probeMembers, publish], signal);
}

function sameWeights(
  a: ReadonlyMap<Member, number>,
  b: ReadonlyMap<Member, number>,
): boolean {
  return a === b ||
    (a.size === b.size && [...a].every(([member, weight]) => b.get(member) === weight));
}
