/**
 * What a push does to a group that is out of place: it brings the group to its owner and removes the
 * other copies, before the client is answered.
 *
 * - `PUT` replaces the group: to its present holders first, then to the owner, then they are deleted.
 *   So whoever scrapes both at any moment never sees a value go back.
 * - `POST` merges, so it goes to the newest copy, wherever that lies. The group is moved right after,
 *   with all that it holds, together with others: a move takes seconds where members hold thousands.
 * - `DELETE` goes to every holder.
 *
 * For a moment after a ring change, while other instances may not know it yet and push to the former
 * owner, a push goes there as well, unless another instance has moved the group already.
 *
 * @module
 */

import { sleep } from "../../concurrency/backoff.ts";
import type { Member } from "../../member.ts";
import type { Exclusive } from "./exclusive.ts";
import { type Gateways, MemberFailure } from "../gateways.ts";
import { isNewer, newestOf, pushedAt } from "../plan/inventory.ts";
import type { Holders, Misplaced } from "../plan/misplaced.ts";
import { type FormerCopy, removeUnchanged } from "./move.ts";
import type { HandoffReport } from "../report.ts";

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

/** Where a POST goes. */
interface Destination {
  /** It holds the newest copy, or is the owner. */
  readonly to: Member;
  /** Copies that are of no use once it was taken. */
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
  /** The group was pushed to a member that is not its owner, and should be moved. */
  readonly followUp: (id: string, from: Member) => void;
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
    // Where the group of a POST lies is only known once the former owner has been swept.
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
    const destination = await locate(push, signal);
    if (destination === undefined) return landed(push, await push.deliver());
    const { to, former } = destination;
    let delivered = await push.deliver(to);
    if (delivered.unsent) delivered = await push.deliver();
    const { taken } = delivered;
    const answer = landed(push, delivered);
    if (taken !== to) return answer;
    if (to !== ownerOf(push.key)) {
      deps.followUp(push.id, to);
      return answer;
    }
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

  /** Finds the newest copy; a member that dies meanwhile is left out. */
  async function locate<Answer>(
    push: MisplacedPush<Answer>,
    signal: AbortSignal,
  ): Promise<Destination | undefined> {
    for (let tries = 1;; tries++) {
      const holders = misplaced.holdersOf(push);
      const owner = ownerOf(push.key);
      if (!holders || owner === undefined) return undefined;
      try {
        const members = [...holders.seen.keys(), ...holders.presumed];
        const destination = await destinationOf(push.id, { members, owner }, signal);
        // By a ring that has changed meanwhile nobody would look for it there.
        if (ownerOf(push.key) === owner) return destination;
        if (deps.formerOwnerOf(push.key) === destination.to) return destination;
        if (tries === TRIES_MAX) {
          throw new MemberFailure("the members change while it is looked for");
        }
      } catch (error) {
        if (!(error instanceof MemberFailure) || tries === TRIES_MAX) throw error;
        report.failed("copy", error);
      }
      await sleep(AGAIN_MS, signal);
    }
  }

  async function destinationOf(
    id: string,
    { members, owner }: { readonly members: readonly Member[]; readonly owner: Member },
    signal: AbortSignal,
  ): Promise<Destination> {
    const asked = [...new Set([...members, owner])].filter(reachable);
    const found = await look(id, asked, signal);
    const own = found.find(({ member }) => member === owner);
    const newest = newestOf(new Map(found.map(({ member, pushed }) => [member, pushed])));
    if (!newest || newest.member === owner || (own && !isNewer(newest.pushed, own.pushed))) {
      const former = found.filter(({ member }) => member !== owner)
        .map(({ member, time }) => ({ id, from: member, time }));
      return { to: owner, former };
    }
    // What came to an owner that was thought dead is not known to be older.
    if (!asked.includes(owner)) throw new MemberFailure(`${owner} does not answer`);
    return { to: newest.member, former: [] };
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
