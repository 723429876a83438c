/** Agrees with other instances, through Consul, on the rings by which groups are pushed. @module */

import { abandonable } from "../concurrency/abort.ts";
import { sleep } from "../concurrency/backoff.ts";
import { deadline } from "../concurrency/deadline.ts";
import { runGroup } from "../concurrency/run_group.ts";
import { createWake } from "../concurrency/wake.ts";
import type { Announcements } from "../consul/announcements.ts";
import type { Locks } from "../consul/locks/locks.ts";
import { type Logger, shownNames } from "../log.ts";
import { createTrouble } from "../log/trouble.ts";
import type { HashRing } from "../ring/hash_ring.ts";
import { createOthersRings } from "./others_rings.ts";
import { showAnnounced } from "./plan/announced_ring.ts";
import { createRings, type Others, type Rings } from "./plan/rings.ts";

/** What the agreement needs. */
export interface RingAgreementDeps {
  /** The locks of the current configuration. `undefined` without Consul. */
  readonly locks: () => Locks | undefined;
  /** The announcements of all instances. `undefined` without Consul. */
  readonly announcements: () => Pick<Announcements, "announce" | "all" | "isCurrent"> | undefined;
  /** Returns a digest of the configuration in force, which is announced to the other instances. */
  readonly configHash: () => string;
  /** Called when the rings by which groups are pushed have changed. */
  readonly onMoved: (rings: Rings) => void;
  readonly log: Logger;
  /** A clock in milliseconds. */
  readonly clock: () => number;
}

/** An instance that uses the same Consul, as it announces itself. */
export interface SeenInstance {
  /** The ID of its session in Consul. */
  readonly id: string;
  /** Whether it is this instance. */
  readonly isOwn: boolean;
  /** Whether it was killed or is out of touch. */
  readonly isLost: boolean;
  readonly ringHash: number;
  /** Absent if the instance does not announce it. */
  readonly configHash?: string;
}

/** The rings in use, kept up to date. */
export interface RingAgreement {
  readonly rings: Rings;
  /** All instances, including this one. Empty without Consul, and until the announcements have been read. */
  readonly instances: readonly SeenInstance[];
  /** Called when this instance goes by another ring. */
  ringChanged(ring: HashRing): void;
  /**
   * Called when other instances have announced something, or when Consul has become available or unavailable.
   */
  othersChanged(): void;
  /**
   * Waits, for 5 s at most, until this instance and the others know each other's rings.
   *
   * @throws the signal's reason when it aborts
   */
  othersKnown(signal: AbortSignal): Promise<void>;
  /** Follows changes that come with time alone, until the signal aborts. */
  run(signal: AbortSignal): Promise<void>;
}

/** How long a push waits until the other instances know this one. */
const INTRODUCED_MS_MAX = 5_000;
/** An instance that holds up the others for this long, or up to twice as long, is logged. */
const HOLDING_UP_MS = 15_000;

/**
 * Creates the agreement. Nothing is announced yet.
 *
 * @param initial the ring that this instance goes by at the beginning
 */
export function createRingAgreement(initial: HashRing, deps: RingAgreementDeps): RingAgreement {
  const { clock, log } = deps;
  const rings = createRings(initial, { clock, onAnnounceable: othersChanged });
  const othersRings = createOthersRings({ log, onBuilt: othersChanged });
  const moved = createWake();
  /** Called when more is known of the rings of other instances. */
  const awaiting: (() => void)[] = [];
  /** The rings in use at the last look, as text. */
  let state = "";
  let seen: Exclude<Others, string> = [];

  /** Finds the rings by which groups are pushed now, and announces ours to the other instances. */
  function look(): void {
    const [announcements, locks] = [deps.announcements(), deps.locks()];
    const isTried = locks?.sessions.tried.aborted === true;
    const isInReach = locks?.state === "yes" && announcements?.isCurrent === true;
    const others = announcements ? othersRings.read(announcements.all) : "none";
    if (others === "building") rings.awaitOthers();
    else {
      rings.othersChanged(others, !isTried || isInReach);
      seen = typeof others === "string" ? [] : others;
    }
    const { announceable } = rings;
    if (announceable) {
      announcements?.announce(showAnnounced({ ...announceable, config: deps.configHash() }));
    }
    const hashes = [rings.present, rings.leader, ...rings.inUse].map(({ hash }) => hash);
    const next = `${hashes.join()} ${rings.areAllUsed}`;
    if (next === state) return;
    state = next;
    deps.onMoved(rings);
  }

  function othersChanged(): void {
    look();
    moved.raise();
    for (const resolve of awaiting.splice(0)) resolve();
  }

  async function follow(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      // Read before and after `look`: a time that ends in between was not seen by `look`, and is no longer
      // left after it.
      const { leftMs } = rings;
      look();
      const late = new AbortController();
      const lookMs = Math.min(leftMs, rings.leftMs);
      const timer = lookMs < Infinity ? setTimeout(() => late.abort(), lookMs) : undefined;
      await moved.wait(AbortSignal.any([signal, late.signal]));
      clearTimeout(timer);
    }
  }

  async function tellWhoHoldsUp(signal: AbortSignal): Promise<void> {
    const trouble = createTrouble();
    let before: readonly string[] = [];
    while (!signal.aborted) {
      await sleep(HOLDING_UP_MS, signal);
      const { holdingUp } = rings;
      const late = holdingUp.filter((session) => before.includes(session));
      before = holdingUp;
      const sessions = shownNames(late);
      if (late.length === 0) {
        const past = trouble.over();
        if (past) log.info("all instances have confirmed the rings of others", past);
      } else if (trouble.isNews(sessions)) {
        log.warn("instances have not confirmed the rings of others: no group is moved", {
          sessions,
        });
      }
    }
  }

  return {
    rings,
    get instances() {
      return seen.map(({ id, isOwn, isLost, ring, config }) => ({
        id,
        isOwn,
        isLost,
        ringHash: ring.hash,
        ...(config !== undefined && { configHash: config }),
      }));
    },
    ringChanged(ring) {
      rings.ringChanged(ring);
      othersRings.add(ring);
      othersChanged();
    },
    othersChanged,
    async othersKnown(signal) {
      if (rings.isIntroduced && !rings.awaitsOthers) return;
      using late = deadline(INTRODUCED_MS_MAX, signal);
      while (!late.signal.aborted && (!rings.isIntroduced || rings.awaitsOthers)) {
        const { promise, resolve } = Promise.withResolvers<void>();
        awaiting.push(resolve);
        await abandonable(promise, late.signal).catch(() => {});
      }
      signal.throwIfAborted();
    },
    run: (signal) => runGroup([follow, tellWhoHoldsUp], signal),
  };
}
