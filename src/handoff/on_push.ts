/**
 * What a push does to a group that is out of place: it brings the group to its owner and removes the
 * other copies, before the client is answered.
 *
 * - `PUT` replaces the group: to its present holders first, then to the owner, then they are deleted.
 *   So whoever scrapes both at any moment never sees a value go back.
 * - `POST` merges: where the owner lacks the group it is copied there first, so that the families
 *   that this push does not carry come along, and deleted where it was before the push is sent.
 * - `DELETE` goes to every holder.
 *
 * For a moment after a ring change, while other instances may not know it yet and push to the former
 * owner, a push goes there as well, unless another instance has moved the group already.
 *
 * @module
 */

import { sleep } from "../backoff.ts";
import type { Member } from "../member.ts";
import type { Exclusive } from "./exclusive.ts";
import { type Gateways, MemberFailure } from "./gateways.ts";
import { isNewer, keyOfId, newestOf, pushedAt } from "./inventory.ts";
import type { Holders, Misplaced } from "./misplaced.ts";
import { copyGroup, type FormerCopy, removeUnchanged, takeBack } from "./move.ts";
import type { HandoffReport } from "./report.ts";

/** What became of one delivery of the client's push. */
export interface Delivery<Answer> {
  readonly answer: Answer;
  /** The member that took the push (2xx); absent where none did. */
  readonly taken?: Member;
  /** Nothing was sent: no connection came about. */
  readonly unsent?: boolean;
}

/** A push whose group may be out of place. */
export interface MisplacedPush<Answer> {
  readonly method: string;
  readonly id: string;
  readonly key: string;
  /**
   * Sends the push to the owner (or where it cannot be reached, to the next on the ring); a `DELETE`
   * to every member that may hold the group.
   *
   * @param to this member and no other
   */
  deliver(to?: Member): Promise<Delivery<Answer>>;
}

/** What has been seen to before a POST goes to the owner. */
interface Prepared {
  readonly to: Member;
  /** The group cannot be copied: the push goes where it lies. */
  readonly stays?: Member;
  /** Copies that are of no use once the push was taken. */
  readonly former: readonly FormerCopy[];
}

/** What handling such a push takes. */
export interface OnPushDeps {
  readonly misplaced: Misplaced;
  readonly exclusive: Exclusive;
  readonly gateways: Gateways;
  readonly ownerOf: (key: string) => Member | undefined;
  /** Whether a member answers. */
  readonly reachable: (member: Member) => boolean;
  /** The group's owner by the former ring, while others may still go by that. */
  readonly formerOwnerOf: (key: string) => Member | undefined;
  /** Ends when a round of sweeps that began after this call has ended. */
  readonly nextSweep: (signal: AbortSignal) => Promise<void>;
  readonly report: HandoffReport;
}

/** A member that dies is known to be dead a second later. */
const TRIES_MAX = 3;
const AGAIN_MS = 700;

/**
 * Handles pushes of misplaced groups, one at a time for each group.
 *
 * @throws {TurnFailure} where the group's turn does not come; the push was not sent then
 */
export function createOnPush(deps: OnPushDeps) {
  const { misplaced, exclusive, gateways, ownerOf, reachable, report } = deps;

  return async function handle<Answer>(
    push: MisplacedPush<Answer>,
    signal: AbortSignal,
  ): Promise<Answer> {
    // What a POST has to bring along is only known once the former owner has been swept.
    const unknown = deps.formerOwnerOf(push.key) === undefined &&
      misplaced.holdersOf(push)?.presumed.length;
    if (push.method === "POST" && unknown) {
      await deps.nextSweep(signal);
    }
    return await exclusive.run(push.id, async (signal) => {
      // A push before this one may have settled it.
      const holders = misplaced.holdersOf(push);
      if (!holders) return landed(push, await push.deliver());
      const held = push.method === "DELETE" ? undefined : await holdBack(push, holders, signal);
      if (held) return held.answer;
      switch (push.method) {
        case "POST":
          return await merge(push, signal);
        case "DELETE":
          return await clear(push, holders);
        default:
          return await replace(push, holders, signal);
      }
    }, { signal, alone: true });
  };

  /** To the former owner, where that is the one that every instance agrees on yet. */
  async function holdBack<Answer>(
    push: MisplacedPush<Answer>,
    { seen, presumed }: Holders,
    signal: AbortSignal,
  ): Promise<Delivery<Answer> | undefined> {
    const former = deps.formerOwnerOf(push.key);
    if (former === undefined || !reachable(former)) return undefined;
    if (!seen.has(former) && !presumed.includes(former)) return undefined;
    const owner = ownerOf(push.key);
    if (owner === undefined) return undefined;
    // After two changes in a row it may lie elsewhere still: the former owner would get a part of it.
    const asked = [...new Set([owner, ...seen.keys(), ...presumed])].filter(reachable);
    const found = await look(push.id, asked, signal);
    if (found.some(({ member }) => member !== former)) return undefined;
    const delivery = await push.deliver(former);
    landed(push, delivery);
    return delivery.unsent ? undefined : delivery;
  }

  async function replace<Answer>(
    push: MisplacedPush<Answer>,
    { seen, presumed }: Holders,
    signal: AbortSignal,
  ): Promise<Answer> {
    const owner = ownerOf(push.key);
    const holders = [...seen.keys(), ...presumed];
    // What they answer does not matter: the owner's answer does, and they are about to be deleted.
    const first = holders.filter((member) => member !== owner && reachable(member));
    await Promise.all(first.map((member) => push.deliver(member)));
    const delivered = await push.deliver();
    const { taken } = delivered;
    const answer = landed(push, delivered);
    if (taken === undefined) return answer;
    const others = holders.filter((member) => member !== taken);
    const removals = others.map((member) => remove(push.id, member, signal));
    if ((await Promise.all(removals)).every((removed) => removed)) {
      settle(push, [...seen.keys()].filter((member) => member !== taken), taken);
    }
    return answer;
  }

  async function clear<Answer>(push: MisplacedPush<Answer>, { seen }: Holders): Promise<Answer> {
    const { answer, taken } = await push.deliver();
    if (taken === undefined) return answer;
    for (const member of seen.keys()) misplaced.removed(push.id, member);
    // The next push, of another instance perhaps, may go to the former owner still.
    if (deps.formerOwnerOf(push.key) === undefined) misplaced.settled(push.id);
    return answer;
  }

  async function merge<Answer>(
    push: MisplacedPush<Answer>,
    signal: AbortSignal,
  ): Promise<Answer> {
    const prepared = await prepare(push, signal);
    if (prepared === undefined) return landed(push, await push.deliver());
    const { to, stays, former } = prepared;
    if (stays) return (await push.deliver(stays)).answer;
    let delivered = await push.deliver(to);
    if (delivered.unsent) delivered = await push.deliver();
    const { taken } = delivered;
    const answer = landed(push, delivered);
    if (taken !== to) return answer;
    let left = 0;
    for (const copy of former) {
      const removed = await attempt(() => removeUnchanged(copy, gateways, signal));
      if (removed) misplaced.removed(push.id, copy.from);
      else left++;
    }
    if (left === 0) settle(push, former.map(({ from }) => from), to);
    return answer;
  }

  /** By a ring that has changed meanwhile, or before others learn of it, it is out of place there. */
  function landed<Answer>(
    push: MisplacedPush<Answer>,
    { answer, taken }: Delivery<Answer>,
  ): Answer {
    if (taken !== undefined && push.method !== "DELETE" && taken !== ownerOf(push.key)) {
      misplaced.placed(push.id, taken);
    }
    return answer;
  }

  /** Sees to it that the owner has what a POST adds to; a member that dies meanwhile is left out. */
  async function prepare<Answer>(
    push: MisplacedPush<Answer>,
    signal: AbortSignal,
  ): Promise<Prepared | undefined> {
    for (let tries = 1;; tries++) {
      const holders = misplaced.holdersOf(push);
      const to = ownerOf(push.key);
      if (!holders || to === undefined) return undefined;
      try {
        const prepared = await bringAlong(
          push.id,
          // The ring may have changed again since the sweep that was waited for.
          { holders: [...holders.seen.keys(), ...holders.presumed], to },
          signal,
        );
        // By a ring that has changed meanwhile nobody would look for it there.
        if (prepared && [ownerOf(push.key), deps.formerOwnerOf(push.key)].includes(prepared.to)) {
          return prepared;
        }
        if (tries === TRIES_MAX) throw new MemberFailure("the group changes while it is read");
      } catch (error) {
        if (!(error instanceof MemberFailure) || tries === TRIES_MAX) throw error;
        report.failed("copy", error);
      }
      await sleep(AGAIN_MS, signal);
    }
  }

  /**
   * Moves the newest copy to the owner, unless the owner's may be the newest. It comes before the
   * push: a POST to an owner that lacks the group would make that one the newer, and while both hold
   * different values whoever scrapes both sees them in turn.
   *
   * @returns `undefined` where the group changed meanwhile
   */
  async function bringAlong(
    id: string,
    { holders, to }: { holders: readonly Member[]; to: Member },
    signal: AbortSignal,
  ): Promise<Prepared | undefined> {
    const asked = [...new Set([...holders, to])].filter(reachable);
    const found = await look(id, asked, signal);
    const own = found.find(({ member }) => member === to);
    const newest = newestOf(new Map(found.map(({ member, pushed }) => [member, pushed])));
    const former = found.filter(({ member }) => member !== to)
      .map(({ member, time }) => ({ id, from: member, time }));
    if (!newest || newest.member === to || (own && !isNewer(newest.pushed, own.pushed))) {
      return { to, former };
    }
    // What came to an owner that was thought dead is not known to be older.
    if (!asked.includes(to)) throw new MemberFailure(`${to} does not answer`);
    const from = newest.member;
    for (let tries = 0, onto = own !== undefined; tries < TRIES_MAX; tries++, onto = true) {
      const copied = await copyGroup({ id, from, to, onto }, gateways, signal);
      if (copied.kind === "stays") {
        report.staysPut({ id, from, to, reason: copied.reason });
        return { to, stays: from, former: [] };
      }
      if (copied.kind !== "copied") return undefined;
      if (ownerOf(keyOfId(id)) !== to) {
        // A sweep may have missed the copy, and found the group in place where it was.
        if (copied.copy) await takeBack({ id, from, to }, copied.copy, { gateways, signal });
        return undefined;
      }
      // What others have pushed to it meanwhile is added, too.
      const { pushTime: time, deletePaths: paths } = copied.content;
      if (!await removeUnchanged({ id, from, time, paths }, gateways, signal)) continue;
      misplaced.removed(id, from);
      report.moved({ id, from: [from], to, by: "push" });
      return { to, former: former.filter((copy) => copy.from !== from) };
    }
    return undefined;
  }

  /** The copies on some members, as they are now. */
  async function look(id: string, members: readonly Member[], signal: AbortSignal) {
    const found = await Promise.all(
      members.map(async (member) => {
        const times = await gateways.pushTimes(member, signal);
        const [time, pushed] = [times.times.get(id), pushedAt(id, times)];
        return time === undefined || !pushed ? [] : [{ member, time, pushed }];
      }),
    );
    return found.flat();
  }

  async function remove(id: string, member: Member, signal: AbortSignal): Promise<boolean> {
    if (!reachable(member)) return false;
    const removed = await attempt(async () => {
      await gateways.remove(member, id, { signal });
      return true;
    });
    if (removed) misplaced.removed(id, member);
    return removed;
  }

  /** The push was taken: what fails after it is told to the operator, not to the client. */
  async function attempt(work: () => Promise<boolean>): Promise<boolean> {
    try {
      return await work();
    } catch (error) {
      report.failed("delete", error);
      return false;
    }
  }

  function settle(
    { id, key }: { readonly id: string; readonly key: string },
    from: readonly Member[],
    to: Member,
  ): void {
    // By a ring that has changed meanwhile it is out of place where it is.
    if (ownerOf(key) === to) misplaced.settled(id);
    if (from.length > 0) report.moved({ id, from, to, by: "push" });
  }
}
