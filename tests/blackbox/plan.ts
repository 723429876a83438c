/** Which faults come, one after the other, and with what pauses: drawn at random. Pure. @module */

import type { Random } from "../../tools/random.ts";

/** A fault. Instances and members are named by their numbers, from 0. */
export type Fault =
  /** The file, unchanged, is reloaded by these instances, so many times at once by each. */
  | { readonly kind: "reload"; readonly instances: readonly number[]; readonly times: number }
  /** An instance is ended by SIGTERM and started again on its address. */
  | { readonly kind: "restart"; readonly instance: number }
  /** The pages of a member do not answer for some time; what comes next comes meanwhile. */
  | { readonly kind: "slow"; readonly member: number; readonly ms: number }
  /**
   * An instance is stopped by SIGSTOP for some time, less than a session's TTL, as the migration of a
   * virtual machine does; what comes next comes meanwhile.
   */
  | { readonly kind: "pause"; readonly instance: number; readonly ms: number }
  /** The file of both instances names these members from now on; they reload it in this order. */
  | {
    readonly kind: "scale";
    readonly servers: readonly number[];
    readonly order: readonly number[];
    /** Between the reloads; 0: both at once. */
    readonly gapMs: number;
  }
  /** A member is drained through an instance, which is taken back later; others come meanwhile. */
  | {
    readonly kind: "drain";
    readonly member: number;
    readonly instance: number;
    readonly undoAfterMs: number;
  };

/** What a fault may be. */
export type FaultKind = Fault["kind"];

/** A fault, and how long nothing happens before it. */
export interface PlannedFault {
  readonly pauseMs: number;
  readonly fault: Fault;
}

/** What there is to be disturbed. */
export interface PlanOptions {
  /** Kinds that may come; none: no fault comes. */
  readonly kinds: readonly FaultKind[];
  readonly instances: number;
  readonly members: number;
  /** The members that the file names at first. */
  readonly servers: readonly number[];
}

/** All kinds. */
export const FAULT_KINDS: readonly FaultKind[] = [
  "reload",
  "restart",
  "slow",
  "pause",
  "scale",
  "drain",
];

const PAUSE_MS = [1_000, 4_000] as const;
const SLOW_MS = [2_000, 8_000] as const;
const STOPPED_MS = [500, 6_000] as const;
const GAP_MS = [1, 1_500] as const;
const UNDO_AFTER_MS = [100, 6_000] as const;
const TIMES = [1, 3];
/** So many members stay wanted: in the file, and not drained. */
const WANTED_MIN = 2;

/**
 * Plans faults without an end. A drain counts as undone before the next `drain` or `scale` begins:
 * whoever inflicts them has to wait for that.
 */
export function* planFaults(
  random: Random,
  { kinds, instances, members, servers: first }: PlanOptions,
): Generator<PlannedFault, void, undefined> {
  const everyInstance = Array.from({ length: instances }, (_, i) => i);
  const everyMember = Array.from({ length: members }, (_, i) => i);
  let servers = first;

  function draw(kind: FaultKind): Fault {
    switch (kind) {
      case "reload": {
        const count = random.between(1, instances);
        const reloading = random.shuffle(everyInstance).slice(0, count);
        return { kind, instances: reloading, times: random.pick(TIMES) };
      }
      case "restart":
        return { kind, instance: random.pick(everyInstance) };
      case "slow":
        return { kind, member: random.pick(everyMember), ms: random.between(...SLOW_MS) };
      case "pause":
        return {
          kind,
          instance: random.pick(everyInstance),
          ms: random.between(...STOPPED_MS),
        };
      case "scale": {
        const absent = everyMember.filter((member) => !servers.includes(member));
        const grows = servers.length === WANTED_MIN || (absent.length > 0 && random.next() < 0.5);
        const member = random.pick(grows ? absent : servers);
        servers = everyMember.filter((other) => servers.includes(other) !== (other === member));
        const gapMs = random.next() < 0.5 ? 0 : random.between(...GAP_MS);
        return { kind, servers, order: random.shuffle(everyInstance), gapMs };
      }
      case "drain":
        return {
          kind,
          member: random.pick(servers),
          instance: random.pick(everyInstance),
          undoAfterMs: random.between(...UNDO_AFTER_MS),
        };
      default:
        return kind satisfies never;
    }
  }

  while (true) {
    const possible = kinds.filter((kind) => kind !== "drain" || servers.length > WANTED_MIN);
    if (possible.length === 0) return;
    yield { pauseMs: random.between(...PAUSE_MS), fault: draw(random.pick(possible)) };
  }
}

/** Names a fault in words. */
export function describeFault(fault: Fault): string {
  switch (fault.kind) {
    case "reload":
      return `reload of ${fault.instances.map(instanceName).join(" and ")}, ${fault.times} at once`;
    case "restart":
      return `restart of ${instanceName(fault.instance)}`;
    case "slow":
      return `the pages of ${memberName(fault.member)} do not answer for ${fault.ms} ms`;
    case "pause":
      return `${instanceName(fault.instance)} stands still for ${fault.ms} ms`;
    case "scale": {
      const how = fault.gapMs === 0 ? "at once" : `${fault.gapMs} ms apart`;
      return `the file names ${fault.servers.map(memberName).join(", ")}; reloaded by ` +
        `${fault.order.map(instanceName).join(", then ")}, ${how}`;
    }
    case "drain":
      return `drain of ${memberName(fault.member)} through ${
        instanceName(fault.instance)
      }, to be ` +
        `taken back after ${fault.undoAfterMs} ms`;
    default:
      return fault satisfies never;
  }
}

/** What an instance is called in what a run prints. */
export function instanceName(number: number): string {
  return `instance ${number}`;
}

/** What a member is called in what a run prints. */
export function memberName(number: number): string {
  return `member ${number}`;
}
