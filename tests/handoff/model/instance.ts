/** One instance of the service: the real handoff, over members in memory. @module */

import { drainMember } from "../../../src/handoff/settle/drain.ts";
import { OTHERS_LEARN_MS } from "../../../src/handoff/settle/drains.ts";
import { createExclusive } from "../../../src/handoff/settle/exclusive.ts";
import { createFollowUp } from "../../../src/handoff/settle/follow_up.ts";
import { gather } from "../../../src/concurrency/shared_read.ts";
import { keyOfId } from "../../../src/handoff/plan/inventory.ts";
import { createMisplaced, type Misplaced } from "../../../src/handoff/plan/misplaced.ts";
import { createOnPush, type Delivery } from "../../../src/handoff/settle/on_push.ts";
import type { HandoffReport } from "../../../src/handoff/report.ts";
import { sweepRound } from "../../../src/handoff/sweep/round.ts";
import { removeStale } from "../../../src/handoff/settle/stale.ts";
import type { Member } from "../../../src/member.ts";
import type { PushTimes } from "../../../src/pushgateway/push_times.ts";
import type { HashRing } from "../../../src/ring/hash_ring.ts";
import type { Clockwork } from "./clockwork.ts";
import type { ClientPush, Fleet } from "./fleet.ts";
import type { MemoryLocks } from "./lock_table.ts";
import { openMemoryGateways } from "./memory_gateways.ts";
import { followOperations, type Operation } from "./operation.ts";

/** What became of a client's push. */
export type PushOutcome = "taken" | "not taken";

/** An instance as clients and its operator see it. */
export interface Instance {
  readonly misplaced: Misplaced;
  readonly ring: HashRing;
  ringChanged(ring: HashRing): void;
  /** Pushes that have been sent to a member and not arrived there. */
  readonly onTheWay: number;
  /** Its probe tells whether a member answers. */
  probed(member: Member, up: boolean): void;
  push(push: ClientPush): Promise<PushOutcome>;
  /** Where it sends a client; `undefined`: it sees to the push itself. */
  redirect(push: ClientPush): Member | undefined;
  /** A round of sweeps, and the removal of stale copies. */
  sweep(): Promise<void>;
  /** Empties a member, unless that is in the ring; ends without an error. */
  drain(member: Member, signal?: AbortSignal): Promise<void>;
  /** Its process ends. */
  kill(): void;
}

/** What it takes. */
export interface InstanceDeps {
  readonly ring: HashRing;
  readonly fleet: Fleet;
  readonly clockwork: Clockwork;
  /** Absent: it is the only one. */
  readonly locks?: MemoryLocks;
  readonly losesAnswer?: () => boolean;
  /** What is in place is pushed in the same moment as it is looked up; clocks are known exactly. */
  readonly calm?: boolean;
}

const SILENT: HandoffReport = {
  moved() {},
  staleRemoved() {},
  staysPut() {},
  failed() {},
};

/** Starts one that believes all living members to be up. */
export function startInstance(
  { ring: first, fleet, clockwork, locks, losesAnswer = () => false, calm = false }: InstanceDeps,
): Instance {
  let ring = first;
  const life = new AbortController();
  const up = new Set([...fleet.members].flatMap(([member, { alive }]) => alive ? [member] : []));
  const reachable = (member: Member) => up.has(member);
  const ownerOf = (key: string) => ring.ownerOf(key);
  // Without locks nothing but the queue in this process keeps two of one group apart, and it does.
  const isLocked = (signal: AbortSignal) => locks ? locks.isHeld(signal) : !signal.aborted;
  let [former, othersLearnUntil] = [ring, 0];
  const othersMayLag = () => locks !== undefined && clockwork.now() < othersLearnUntil;
  const misplaced = createMisplaced(ring, reachable, othersMayLag);
  const operations = followOperations(createExclusive(() => locks), fleet.running, {
    isLocked,
    holdersOf(id) {
      const holders = misplaced.holdersOf({ id, key: keyOfId(id) });
      return holders ? [...holders.seen.keys(), ...holders.presumed] : [];
    },
  });
  const gateways = openMemoryGateways({ fleet, clockwork, operations, losesAnswer, exact: calm });
  const inventories = new Map<Member, PushTimes>();
  const common = { gateways, misplaced, report: SILENT };

  let onTheWay = 0;
  let removing = Promise.resolve();
  const rounds = gather(async () => {
    await removing;
    const deps = { ...common, ring: () => ring, inventories };
    const { findings } = await sweepRound([...up], deps, life.signal);
    const exclusive = operations.exclusive("stale");
    removing = removeStale(findings.stale, { ...common, exclusive, ownerOf }, life.signal).catch(
      () => {},
    );
  });
  const followUp = createFollowUp({
    ...common,
    exclusive: operations.exclusive("follow-up"),
    ownerOf,
  });
  void followUp.run(life.signal);
  const handle = createOnPush({
    ...common,
    exclusive: operations.exclusive("push"),
    ownerOf,
    reachable,
    formerOwnerOf: (key) => othersMayLag() ? former.ownerOf(key) : undefined,
    nextSweep: (signal) => rounds.read("all", undefined, signal),
    followUp: followUp.add,
  });

  async function send(
    member: Member,
    push: ClientPush,
    { operation, wait = true }: { operation?: Operation; wait?: boolean } = {},
  ): Promise<ReturnType<Fleet["land"]>> {
    onTheWay++;
    if (wait) await clockwork.turn(`${push.method} ${push.value} of ${push.id} to ${member}`);
    onTheWay--;
    const outcome = fleet.land(member, push, operation);
    if (outcome === "nobody") up.delete(member);
    return outcome;
  }

  async function deliver(
    push: ClientPush,
    how: { operation?: Operation; wait?: boolean },
  ): Promise<Delivery<PushOutcome>> {
    if (push.method === "DELETE") {
      const members = [...new Set([...ring.members, ...up])];
      const outcomes = await Promise.all(members.map((member) => send(member, push, how)));
      const taken = members[outcomes.indexOf("taken")];
      return taken ? { answer: "taken", taken } : { answer: "not taken" };
    }
    const tried = new Set<Member>();
    for (;;) {
      const owner = ring.ownerWithout(keyOfId(push.id), tried);
      if (owner === undefined) return { answer: "not taken" };
      const outcome = await send(owner, push, how);
      if (outcome === "taken") return { answer: "taken", taken: owner };
      if (outcome === "refused") return { answer: "not taken" };
      tried.add(owner);
    }
  }

  const withKey = (push: ClientPush) => ({ ...push, key: keyOfId(push.id) });

  return {
    misplaced,
    get ring() {
      return ring;
    },
    get onTheWay() {
      return onTheWay;
    },
    ringChanged(next) {
      [former, ring] = [ring, next];
      othersLearnUntil = clockwork.now() + OTHERS_LEARN_MS;
      misplaced.ringChanged(next);
    },
    probed(member, isUp) {
      if (isUp) up.add(member);
      else up.delete(member);
    },
    async push(push) {
      if (!misplaced.holdersOf(withKey(push))) {
        return (await deliver(push, { wait: !calm })).answer;
      }
      try {
        return await handle({
          ...withKey(push),
          deliver: async (to) => {
            const operation = operations.byGroup(push.id);
            if (to === undefined) return await deliver(push, { operation });
            const outcome = await send(to, push, { operation });
            if (outcome === "taken") return { answer: "taken", taken: to };
            return { answer: "not taken", ...(outcome === "nobody" && { unsent: true }) };
          },
        }, life.signal);
      } catch {
        return "not taken";
      }
    },
    redirect(push) {
      return misplaced.holdersOf(withKey(push)) ? undefined : ownerOf(keyOfId(push.id));
    },
    async sweep() {
      await rounds.read("all", undefined, life.signal).catch(() => {});
      await removing;
    },
    async drain(member, signal = life.signal) {
      if (ring.weights.has(member)) return;
      const progress = { groups: 0, moved: 0, staying: new Map() };
      const deps = { ...common, exclusive: operations.exclusive("drain"), ownerOf };
      const until = AbortSignal.any([life.signal, signal]);
      await drainMember(member, progress, { deps, signal: until }).catch(() => {});
    },
    kill: () => life.abort(new Error("killed")),
  };
}
