/**
 * The members in memory and all that ever happened to their groups: who pushed what, in which order,
 * and whether handoff lost any of it.
 *
 * A push is ordered by the moment at which its member takes it. A loss is a write of handoff's own
 * after which no living member holds the newest copy any more, or a newer one. What the facts accept
 * is no loss:
 *
 * - A Pushgateway deletes and replaces on no condition. A push that comes directly (by a redirect
 *   given earlier, or without a lock) between a look at a member and what is done there right after
 *   it is not seen. Between the two may be other looks of the same moment, but nothing that is done.
 * - While a copy is being made (looked at, put, read back, and removed where it came out different),
 *   that is so for the whole of it on the member that it is made on.
 * - A push that comes directly while a `PUT` removes the former copies counts as before that `PUT`:
 *   neither has been answered when the other begins.
 * - Where Consul cannot be asked, pushes go on without locks: two of one group at the same time, by
 *   instances that see different rings, may each remove what the other has brought.
 * - A copy counts as pushed when it is made. A push that came directly to a third member, and that its
 *   instance has not seen there, seems to be the older one.
 * - An instance is killed, or loses its lock, right after it has told a member to delete a copy: until
 *   the member has done that, others see the copy still.
 * - The member that held the newer copy dies after it was looked at.
 * - A move has to decide between two copies whose push times are within the uncertainty of the
 *   clocks, and a copy counts as pushed when it is made.
 *
 * @module
 */

import type { Member } from "../../../src/member.ts";
import type { Clockwork } from "./clockwork.ts";
import { createHistory, type History, seemUncertain } from "./history.ts";
import type { Deed, Operation, RunningOperations } from "./operation.ts";
import { createMemoryPushgateway, type Families, type MemoryPushgateway } from "./pushgateway.ts";

/** A push of a client. */
export interface ClientPush {
  readonly method: "PUT" | "POST" | "DELETE";
  readonly id: string;
  /** What is pushed under each name. */
  readonly value: number;
  readonly names: readonly string[];
}

/** The members. */
export interface Fleet {
  readonly members: ReadonlyMap<Member, MemoryPushgateway>;
  readonly history: History;
  readonly running: RunningOperations;
  /** What handoff has lost, in words. */
  readonly losses: readonly string[];
  /** A client's push arrives, by an operation or not. */
  land(member: Member, push: ClientPush, operation?: Operation): "taken" | "refused" | "nobody";
  /** Handoff puts a group; says whether the member takes it. */
  put(
    member: Member,
    group: { method: "PUT" | "POST"; id: string; families: Families },
    operation?: Operation,
  ): boolean;
  /** Handoff deletes a group. */
  remove(member: Member, id: string, operation?: Operation): void;
  die(member: Member, keepsData: boolean): void;
  /** The copies on living members that are not about to be deleted. */
  copies(id: string): Map<Member, Families>;
}

/**
 * Makes members whose clocks are ahead of ours by so much.
 *
 * @param options.prompt they delete at once
 */
export function createFleet(
  aheadMs: ReadonlyMap<Member, number>,
  { clockwork, prompt }: { clockwork: Clockwork; prompt: boolean },
): Fleet {
  const members = new Map(
    [...aheadMs].map(([member, ms]) => [member, createMemoryPushgateway(clockwork.now, ms)]),
  );
  const history = createHistory();
  const losses: string[] = [];
  const gateway = (member: Member) => {
    const found = members.get(member);
    if (!found) throw new Error(`no such member: ${member}`);
    return found;
  };

  function copies(id: string): Map<Member, Families> {
    const found = new Map<Member, Families>();
    for (const [member, { alive, groups, isDoomed }] of members) {
      const copy = groups.get(id);
      if (alive && copy && !isDoomed(id)) found.set(member, copy.families);
    }
    return found;
  }

  /** Judges what handoff is about to do to the copy on a member. */
  function judge(
    what: "put" | "removal",
    { member, id, next }: { member: Member; id: string; next?: Families },
    operation: Operation | undefined,
  ): void {
    const sound = copies(id);
    // A copy counts as pushed now: those that it does not know of, or cannot tell to be newer, seem
    // to be older from now on.
    for (const [other, families] of next ? sound : []) {
      const newer = next && history.orderOf(families) > history.orderOf(next);
      if (!newer || other === member) continue;
      if (operation?.known.has(other) && !seemUncertain(operation.deeds, other)) continue;
      history.outdated(other, id, families);
    }
    const lost = sound.get(member);
    if (!lost) return;
    const age = history.orderOf(lost);
    sound.delete(member);
    if (next) sound.set(member, next);
    const left = Math.max(0, ...[...sound.values()].map(history.orderOf));
    if (age <= left || history.isAccepted({ id, member, age, what, operation })) return;
    losses.push(
      `step ${clockwork.step}: a ${operation?.kind}'s ${what} of ${id} on ${member} loses ${
        JSON.stringify([...lost])
      }; ` +
        `left: ${JSON.stringify([...sound].map(([at, families]) => [at, [...families]]))}; ` +
        `done: ${JSON.stringify(operation?.deeds)}`,
    );
  }

  /** Answered already; done in a moment. */
  async function removeSoon(target: MemoryPushgateway, id: string): Promise<void> {
    target.remove(id);
    if (!prompt) await clockwork.turn(`deletion of ${id}`);
    target.flush();
  }

  const note = (operation: Operation | undefined, deed: Omit<Deed, "step">) =>
    operation?.deeds.push({ ...deed, step: clockwork.step });

  return {
    members,
    history,
    running: new Set(),
    losses,
    land(member, { method, id, value, names }, operation) {
      const target = gateway(member);
      if (!target.alive) return "nobody";
      const step = clockwork.step;
      const locked = operation?.isLocked() ?? false;
      if (method === "DELETE") {
        void removeSoon(target, id);
        history.deleted(id, step);
      } else {
        const families = new Map(names.map((name) => [name, value]));
        if (!target.push(method, id, families)) return "refused";
        history.pushed({ method, id, member, families, step, locked });
      }
      note(operation, { kind: "delivery", member, method });
      return "taken";
    },
    put(member, { method, id, families }, operation) {
      const target = gateway(member);
      target.flush();
      const kept = method === "POST" ? target.groups.get(id)?.families ?? [] : [];
      const next = new Map([...kept, ...families]);
      if (!target.refusing) judge("put", { member, id, next }, operation);
      note(operation, { kind: "put", member });
      if (!target.push(method, id, families)) return false;
      history.copied(id, member);
      return true;
    },
    remove(member, id, operation) {
      judge("removal", { member, id }, operation);
      note(operation, { kind: "removal", member });
      const done = history.removing(id, operation);
      void removeSoon(gateway(member), id).then(() => done(clockwork.step));
    },
    die(member, keepsData) {
      const target = gateway(member);
      history.died({ member, groups: target.groups, step: clockwork.step });
      target.die(keepsData);
    },
    copies,
  };
}
