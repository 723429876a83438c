/**
 * Handles pushes of groups that are out of place, or may be. Each push brings its group to the owner and
 * removes the other copies before the client is answered.
 *
 * - `PUT` replaces the group. It goes to the present holders first and then to the owner; then the holders'
 *   copies are deleted. So whoever scrapes both at any moment never sees a value go back. A member whose copy
 *   seems to be gone, or that probably never got one, does not get the push, which would show its value there
 *   before the owner has it; what it may hold is deleted. If the owner is known to refuse the push, the owner
 *   is asked first, and nothing else is done if it refuses.
 * - `POST` merges, so it goes to the newest copy, wherever that lies. The group is moved right after, with
 *   all that it holds and together with others, because a move takes seconds if members hold thousands of
 *   groups. If a member that may hold the group cannot be read, the copy is marked as partial before.
 * - `DELETE` goes to every holder.
 *
 * While instances go by different rings, the owner of a group is the one by the ring that was announced
 * first.
 *
 * @module
 */

import { abandonable } from "../../concurrency/abort.ts";
import { deadline } from "../../concurrency/deadline.ts";
import type { Member } from "../../member.ts";
import { SendFailure } from "../../pushgateway/client/connection.ts";
import { type Gateways, MemberFailure } from "../gateways.ts";
import { isNewer, newestOf, type PushedAt, pushedAt } from "../plan/inventory.ts";
import type { RelationOf } from "../plan/processes.ts";
import type { Rings } from "../plan/rings.ts";
import type { Holders, Whereabouts } from "../plan/whereabouts.ts";
import type { HandoffReport } from "../report.ts";
import type { Exclusive } from "./exclusive.ts";
import { doubtOf } from "../plan/rivals.ts";

/** The outcome of one delivery of the client's push. */
export interface Delivery<Answer> {
  readonly answer: Answer;
  /** The member that took the push (2xx). Absent if none did. */
  readonly taken?: Member;
  /** Whether nothing was sent, because no connection was made. */
  readonly unsent?: boolean;
  /** The member that has understood the push and refused it. */
  readonly refusedBy?: Member;
}

/** A push whose group may be out of place. */
export interface MisplacedPush<Answer> {
  readonly method: string;
  readonly id: string;
  readonly key: string;
  /** Returns the types of the families in the push, as far as they can be found at little cost. */
  types(): ReadonlyMap<string, string>;
  /**
   * Sends the push to the owner, or to the next member on the ring if the owner cannot be reached. A `DELETE`
   * is sent to every member that may hold the group.
   *
   * @param to sends the push to this member only
   * @param timeoutMs timeout of the answer, if a shorter one than usual is enough
   */
  deliver(to?: Member, timeoutMs?: number): Promise<Delivery<Answer>>;
}

/** Where a `POST` goes. */
interface Destination {
  /** The member with the newest copy, or the owner. */
  readonly to: Member;
  /** Members with other copies. */
  readonly others: readonly Member[];
  /** Whether some member may hold more of the group: it cannot be read, or its copy is as new. */
  readonly isPart: boolean;
}

/** A copy as it was found. */
interface Found {
  readonly member: Member;
  readonly pushed: PushedAt;
}

/** The copies of a group, and the members that could not be asked. */
interface Look {
  readonly found: readonly Found[];
  readonly failed: readonly Member[];
}

/** What handling these pushes needs. */
export interface OnPushDeps {
  readonly whereabouts: Whereabouts;
  readonly exclusive: Exclusive;
  readonly gateways: Gateways;
  readonly relationOf: RelationOf;
  readonly rings: Pick<
    Rings,
    "present" | "leader" | "areAgreed" | "isAlone" | "isUsed" | "sendsAlone"
  >;
  /** Unix time in ms. */
  readonly now: () => number;
  /** Resolves when more is known of what the members hold. */
  readonly news: (signal: AbortSignal) => Promise<void>;
  /** Called when the group was marked as partial on a member. */
  readonly marked: (id: string, member: Member) => void;
  /** Called after a push with a member whose copy should be moved to the owner. */
  readonly followUp: (id: string, from: Member) => void;
  /** Called after a push with its owner, if that is to be another member when former rings are out of use. */
  readonly followUpLater: (id: string, from: Member) => void;
  readonly report: HandoffReport;
}

/** How often a group is located again because the ring has changed meanwhile. */
const TRIES_MAX = 3;
/**
 * How long a `POST` waits for reads. A member with 100,000 groups is read in five seconds. If a member that
 * may hold the group takes longer, the copy is marked as partial.
 */
const KNOWN_MS_MAX = 5_000;
/** Timeout of a push or a deletion that a member which cannot be read should have, but need not have. */
const HIDDEN_MS_MAX = 2_000;

/**
 * Creates the handler of pushes of misplaced groups. It handles one at a time for each group.
 *
 * @throws {TurnFailure} if the turn of the group does not come; the push was not sent
 */
export function createOnPush(deps: OnPushDeps) {
  const { whereabouts, rings, exclusive, gateways, report, relationOf } = deps;
  const { ownerOf, isReadable } = whereabouts;

  return async function handle<Answer>(
    asked: MisplacedPush<Answer>,
    signal: AbortSignal,
  ): Promise<Answer> {
    if (asked.method === "POST") await becomesKnown(asked, signal);
    return await exclusive.run(asked.id, async (signal, isAlone) => {
      using _sent = isAlone ? rings.sendsAlone(asked.key) : undefined;
      const push = noted(asked, signal);
      // An earlier push may have settled the group.
      const holders = whereabouts.holdersOf(push);
      if (push.method === "POST") return await merge(push, signal);
      if (!holders) return (await push.deliver()).answer;
      switch (push.method) {
        case "DELETE":
          return await clear(push, holders);
        default:
          return await replace(push, holders, signal);
      }
    }, { signal, alone: true });
  };

  /**
   * Notes where the push lands. While it is handled under its lock, the rings may change, and other instances
   * that know of the change push the group elsewhere without a lock. So a copy that takes the push from then on
   * is marked as partial before the client is answered.
   */
  function noted<Answer>(
    push: MisplacedPush<Answer>,
    signal: AbortSignal,
  ): MisplacedPush<Answer> {
    if (push.method === "DELETE") return push;
    const { ringChanges: atFirst } = whereabouts;
    return {
      ...push,
      async deliver(to, timeoutMs) {
        // A `POST` goes where the group was found by the rings of this moment.
        const ringChanges = push.method === "PUT" ? atFirst : whereabouts.ringChanges;
        const sentMs = deps.now();
        const before = whereabouts.holdersOf(push);
        const delivery = await push.deliver(to, timeoutMs);
        const { taken } = delivery;
        if (taken !== undefined && push.method === "PUT") whereabouts.replaced(push.id, taken);
        if (taken !== undefined && whereabouts.ringChanges !== ringChanges) {
          await mark(push.id, taken, signal);
        }
        if (taken !== undefined) {
          const pushed = { min: sentMs / 1_000, max: deps.now() / 1_000 };
          whereabouts.taken(push, { by: taken, pushed, ...(before && { before }) });
          if (taken === ownerOf(push.key) && isToMove(push.key)) deps.followUpLater(push.id, taken);
        }
        return delivery;
      },
    };
  }

  /** Whether a group gets another owner when the ring that takes precedence is out of use. */
  function isToMove(key: string): boolean {
    return rings.present.ownerOf(key) !== rings.leader.ownerOf(key);
  }

  /** Waits, for 5 s at most, until all members have been read that may hold the group and can be read. */
  async function becomesKnown<Answer>(
    push: MisplacedPush<Answer>,
    signal: AbortSignal,
  ): Promise<void> {
    using late = deadline(KNOWN_MS_MAX, signal);
    while (!late.signal.aborted) {
      const holders = whereabouts.holdersOf(push);
      if (!holders?.awaitsReads || knownCopies(holders)) return;
      await deps.news(late.signal).catch(() => {});
    }
    signal.throwIfAborted();
  }

  /** Sends the push to the owner, or to the next member on our ring if no connection to the owner is made. */
  async function deliverHome<Answer>(
    push: MisplacedPush<Answer>,
    owner: Member | undefined,
  ): Promise<Delivery<Answer>> {
    // The owner of a contested group is that of another ring than ours.
    if (owner === undefined || owner === rings.present.ownerOf(push.key)) {
      return await push.deliver();
    }
    const delivery = await push.deliver(owner);
    return delivery.unsent ? await push.deliver() : delivery;
  }

  /**
   * Deletes the sources of the owner's copy. While both exist, a push would be seen on one of them before the
   * other, and then the former value.
   *
   * @returns the holders that are left
   */
  async function withoutCopied(
    push: { readonly id: string; readonly key: string },
    holders: readonly Member[],
    signal: AbortSignal,
  ): Promise<Member[]> {
    const to = ownerOf(push.key);
    const left: Member[] = [];
    for (const member of holders) {
      const isFormer = to !== undefined && member !== to && holders.includes(to) &&
        whereabouts.isCopied(push.id, { from: member, to });
      if (!isFormer || !await removeOther(push, { member, to }, signal)) left.push(member);
    }
    return left;
  }

  async function replace<Answer>(
    push: MisplacedPush<Answer>,
    { seen: before, presumed, doubtful, absent }: Holders,
    signal: AbortSignal,
  ): Promise<Answer> {
    const owner = ownerOf(push.key);
    const left = await withoutCopied(push, [...before.keys()], signal);
    const unreadable = absent.filter(({ up, because }) => up && because === "seen")
      .map(({ member }) => member);
    // Without other instances nobody can have brought the group there.
    const possible = rings.isAlone
      ? presumed.filter((member) => !doubtful.includes(member))
      : presumed;
    const others = [...left, ...possible, ...unreadable].filter((member) => member !== owner);
    const isTold = (member: Member) => whereabouts.isToldRemoved(push.id, member);
    // The last holder of the turn has brought the group to a member that it does not name as one without a copy.
    const isBroughtAway = owner !== undefined && isTold(owner);
    const seemsRemoved = (member: Member) =>
      isBroughtAway ? isTold(member) : whereabouts.seemsRemoved(push.id, member);
    const isDoubtful = (member: Member) => !isBroughtAway && doubtful.includes(member);
    // Where others may push by their ring, without a lock, there may be a copy again.
    const isThere = (member: Member) =>
      member === owner || !seemsRemoved(member) || rings.isUsed(member, push.key);
    const seen = new Map(
      [...before].filter(([member]) => left.includes(member) && isThere(member)),
    );
    const holders = others.filter((member) => isThere(member) && !isDoubtful(member));
    const failures = [...seen.keys()].map((member) =>
      whereabouts.inventories.get(member)?.failures.get(push.id) ?? 0
    );
    const asksOwnerFirst = owner !== undefined && wouldRefuse(owner, push);
    const taken = asksOwnerFirst
      ? []
      : await Promise.all(holders.map((member) =>
        push.deliver(member, unreadable.includes(member) ? HIDDEN_MS_MAX : undefined)
      ));
    const delivered = await deliverHome(push, owner);
    if (delivered.refusedBy !== undefined) {
      return await refused(push, { delivered, before: taken, holders, seen }, signal);
    }
    const { answer, taken: to } = delivered;
    if (to === undefined) return answer;
    // If the ring has changed in the meantime, such a member may be the owner now: the next push goes there.
    const inDoubt = others.filter((member) =>
      isDoubtful(member) && member !== to && member !== ownerOf(push.key) &&
      rings.isUsed(member, push.key)
    );
    await Promise.all(inDoubt.map((member) => push.deliver(member)));
    const failedAt = Math.max(0, ...failures);
    if (failedAt > 0 && !seen.has(to)) {
      const failure = { id: push.id, time: failedAt };
      await attempt("copy", () => gateways.restoreFailure(to, failure, signal));
    }
    const removals = [...new Set([...others, ...seen.keys()])].filter((member) => member !== to)
      .map((member) => removeOther(push, { member, to }, signal));
    if ((await Promise.all(removals)).every((removed) => removed)) {
      settle(push, [...seen.keys()].filter((member) => member !== to), to);
    }
    return answer;
  }

  /** Whether a member is known to refuse a push, because its other groups have a family of another type. */
  function wouldRefuse<Answer>(member: Member, push: MisplacedPush<Answer>): boolean {
    const types = whereabouts.inventories.get(member)?.types;
    if (!types) return false;
    return push.types().entries().some(([name, type]) => (types.get(name) ?? type) !== type);
  }

  /**
   * Handles a refusal by the owner. If a holder has taken the push, it counts as taken, and the group stays
   * there. If a holder may have taken it, the outcome is not known. Otherwise nothing has changed, except
   * that a push has failed.
   */
  async function refused<Answer>(
    push: MisplacedPush<Answer>,
    { delivered, before, holders, seen }: {
      readonly delivered: Delivery<Answer>;
      readonly before: readonly Delivery<Answer>[];
      readonly holders: readonly Member[];
      readonly seen: Holders["seen"];
    },
    signal: AbortSignal,
  ): Promise<Answer> {
    const { id } = push;
    const { refusedBy: owner } = delivered;
    if (owner !== undefined && !seen.has(owner)) {
      await attempt("delete", () => removeShell(id, owner, signal));
    }
    const taken = before.filter((delivery) => delivery.taken !== undefined);
    if (taken.length === 0) {
      const open = before.find(({ unsent, refusedBy }) => !unsent && refusedBy === undefined);
      if (open) return open.answer;
      const failing = holders.filter((member) => seen.has(member));
      for (const member of failing) {
        await attempt("copy", () => gateways.failPush(member, id, signal));
      }
      return delivered.answer;
    }
    for (const { taken: member } of taken) {
      if (member === undefined || owner === undefined) continue;
      whereabouts.placed(id, member);
      report.staysPut({ id, from: member, to: owner, reason: `${owner} refuses it` });
    }
    return taken[0].answer;
  }

  /** Deletes the empty group that a refused push leaves: no push of it has ever succeeded. */
  async function removeShell(id: string, member: Member, signal: AbortSignal): Promise<void> {
    const { times } = await gateways.pushTimes(member, signal);
    if (times.get(id) === 0) await gateways.remove(member, id, signal);
  }

  async function clear<Answer>(push: MisplacedPush<Answer>, { seen }: Holders): Promise<Answer> {
    const { answer, taken } = await push.deliver();
    if (taken === undefined) return answer;
    for (const member of seen.keys()) whereabouts.removed(push.id, member);
    whereabouts.settled(push.id);
    return answer;
  }

  async function merge<Answer>(
    push: MisplacedPush<Answer>,
    signal: AbortSignal,
  ): Promise<Answer> {
    const destination = await locate(push, signal);
    if (destination === undefined) return (await push.deliver()).answer;
    const { to, isPart } = destination;
    const all = [to, ...destination.others];
    // A copy that is no longer the newest is no reason to delete its source.
    const left = to === ownerOf(push.key) ? await withoutCopied(push, all, signal) : all;
    const others = destination.others.filter((member) => left.includes(member));
    // Without a lock other instances may move the group in the meantime, or not look for it there.
    if (isPart || !rings.areAgreed) await mark(push.id, to, signal);
    let delivered = await push.deliver(to);
    if (delivered.unsent) {
      const next = rings.present.ownerOf(push.key);
      if (next !== undefined && next !== to) {
        await mark(push.id, next, signal);
      }
      delivered = await push.deliver();
    }
    const { answer, taken } = delivered;
    if (taken !== to) return answer;
    if (to !== ownerOf(push.key)) deps.followUp(push.id, to);
    else if (others.length === 0) settle(push, [], to);
    for (const member of others) deps.followUp(push.id, member);
    return answer;
  }

  /**
   * Marks the copy that a `POST` is about to go to as partial, if another member may hold more of the group.
   */
  async function mark(id: string, to: Member, signal: AbortSignal): Promise<void> {
    if (whereabouts.isMarked(id, to)) return;
    try {
      // A member that refuses the mark refuses the push too.
      if (await gateways.markPartial(to, id, signal) === undefined) deps.marked(id, to);
    } catch (error) {
      // A member that cannot be reached does not take the push either, which then goes to another member.
      if (!isUnsent(error)) throw error;
    }
  }

  /** Finds the newest copy, by a ring that does not change in the meantime. */
  async function locate<Answer>(
    push: MisplacedPush<Answer>,
    signal: AbortSignal,
  ): Promise<Destination | undefined> {
    for (let tries = 1; tries <= TRIES_MAX; tries++) {
      const holders = whereabouts.holdersOf(push);
      const owner = ownerOf(push.key);
      if (owner === undefined) return undefined;
      if (!holders) return { to: owner, others: [], isPart: false };
      const destination = await destinationOf(push.id, { holders, owner }, signal);
      // If the ring has changed in the meantime, nobody would look for the group there.
      if (ownerOf(push.key) === owner) return destination;
    }
    throw new MemberFailure("the members change while it is looked for");
  }

  async function destinationOf(
    id: string,
    { holders, owner }: { readonly holders: Holders; readonly owner: Member },
    signal: AbortSignal,
  ): Promise<Destination> {
    const { seen, presumed, unread } = holders;
    const asked = [...new Set([...seen.keys(), ...presumed, ...unread, owner])];
    const known = knownCopies(holders);
    const { found, failed } = known ?? await look(id, asked, signal);
    const absent = known ? [] : holders.absent.map(({ member }) => member);
    const hidden = [...new Set([...absent, ...failed])];
    const goingTo = (to: Member): Destination => {
      const own = found.find(({ member }) => member === to);
      const others = found.filter(({ member }) => member !== to);
      // If the push times of two copies do not tell them apart, the next push may go to the other copy.
      const alike = others.filter(({ pushed }) => own && !isNewer(own.pushed, pushed));
      return {
        to,
        others: others.map(({ member }) => member),
        isPart: alike.length > 0 || hidden.some((member) => member !== to),
      };
    };
    const newest = newestOf(new Map(found.map(({ member, pushed }) => [member, pushed])));
    const own = found.find(({ member }) => member === owner);
    const isOwners = !newest || (own && !isNewer(newest.pushed, own.pushed));
    return goingTo(isOwners ? owner : newest.member);
  }

  /**
   * Returns the copies of a group if they are known without a read: a Pushgateway can only be read as a
   * whole.
   */
  function knownCopies({ exact }: Holders): Look | undefined {
    if (!rings.isAlone || !exact) return undefined;
    const found = [...exact].map(([member, pushed]) => ({ member, pushed }));
    const isTold = ({ pushed: { min, max } }: Found) => max < Infinity && min > -Infinity;
    return found.length === 1 || found.every(isTold) ? { found, failed: [] } : undefined;
  }

  /** Reads the copies that some members hold now. Returns the members that could not be asked as well. */
  async function look(
    id: string,
    members: readonly Member[],
    signal: AbortSignal,
  ): Promise<Look> {
    const found: Found[] = [];
    const failed: Member[] = members.filter((member) => !isReadable(member));
    using late = deadline(KNOWN_MS_MAX, signal);
    await Promise.all(
      members.filter(isReadable).map(async (member) => {
        try {
          const reading = gateways.pushTimes(member, signal);
          const pushed = pushedAt(id, await abandonable(reading, late.signal));
          if (pushed) found.push({ member, pushed });
        } catch (error) {
          signal.throwIfAborted();
          if (!(error instanceof MemberFailure) && !late.signal.aborted) throw error;
          failed.push(member);
        }
      }),
    );
    return { found, failed };
  }

  /**
   * Deletes a copy, and returns whether it is gone. A copy that other instances may push to by their ring
   * stays, and is found again later.
   */
  async function removeOther(
    { id, key }: { readonly id: string; readonly key: string },
    { member, to }: { readonly member: Member; readonly to: Member },
    signal: AbortSignal,
  ): Promise<boolean> {
    if (rings.isUsed(member, key)) return false;
    const doubt = doubtOf(relationOf(member, to), member, to);
    if (doubt !== undefined) {
      report.staysPut({ id, from: member, to, reason: doubt });
      return false;
    }
    if (whereabouts.isReadable(member)) {
      const removed = await attempt("delete", () => gateways.remove(member, id, signal));
      if (removed) whereabouts.removed(id, member);
      return removed;
    }
    using late = deadline(HIDDEN_MS_MAX, signal);
    const removal = gateways.remove(member, id, late.signal);
    return await attempt("delete", () => abandonable(removal, late.signal));
  }

  /**
   * Runs work after the push was answered by a member. A failure is reported to the operator, not to the
   * client.
   */
  async function attempt(kind: "copy" | "delete", work: () => Promise<void>): Promise<boolean> {
    try {
      await work();
      return true;
    } catch (error) {
      report.failed(kind, error);
      return false;
    }
  }

  function settle(
    { id, key }: { readonly id: string; readonly key: string },
    from: readonly Member[],
    to: Member,
  ): void {
    // If the ring has changed in the meantime, the group is out of place here.
    if (ownerOf(key) === to) whereabouts.settled(id);
    if (from.length > 0) report.moved({ id, from, to, by: "push" });
  }
}

/** Whether no connection to a member was made. */
function isUnsent(error: unknown): boolean {
  const cause = error instanceof MemberFailure ? error.cause : undefined;
  return cause instanceof SendFailure && (cause.kind === "refused" || cause.kind === "unreachable");
}
