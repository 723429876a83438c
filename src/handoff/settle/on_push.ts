/**
 * What a push does to a group that is out of place, or may be: it brings the group to its owner and
 * removes the other copies, before the client is answered.
 *
 * - `PUT` replaces the group: to its present holders first, then to the owner, then they are deleted.
 *   So whoever scrapes both at any moment never sees a value go back. Where the owner is known to
 *   refuse it, it is asked first, and nothing else is done.
 * - `POST` merges, so it goes to the newest copy, wherever that lies. The group is moved right after,
 *   with all that it holds, together with others: a move takes seconds where members hold thousands.
 *   Where a member that may hold the group cannot be read, the copy is marked as partial before.
 * - `DELETE` goes to every holder.
 *
 * While instances go by different rings, the owner of a group is that by the ring which was announced
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

/** What became of one delivery of the client's push. */
export interface Delivery<Answer> {
  readonly answer: Answer;
  /** The member that took the push (2xx); absent where none did. */
  readonly taken?: Member;
  /** Nothing was sent: no connection came about. */
  readonly unsent?: boolean;
  /** The member that has understood the push, and does not take it. */
  readonly refusedBy?: Member;
}

/** A push whose group may be out of place. */
export interface MisplacedPush<Answer> {
  readonly method: string;
  readonly id: string;
  readonly key: string;
  /** The types of the families that it carries, as far as can be told without much ado. */
  types(): ReadonlyMap<string, string>;
  /**
   * Sends the push to the owner (or where it cannot be reached, to the next on the ring); a `DELETE`
   * to every member that may hold the group.
   *
   * @param to this member and no other
   * @param timeoutMs for its answer, where less than usual is enough
   */
  deliver(to?: Member, timeoutMs?: number): Promise<Delivery<Answer>>;
}

/** Where a POST goes. */
interface Destination {
  /** It holds the newest copy, or is the owner. */
  readonly to: Member;
  /** Members with other copies. */
  readonly others: readonly Member[];
  /** Some member may hold more of the group: it cannot be read, or what it holds is as new. */
  readonly isPart: boolean;
}

/** A copy as it was found. */
interface Found {
  readonly member: Member;
  readonly pushed: PushedAt;
}

/** The copies of a group, and members that could not be asked. */
interface Look {
  readonly found: readonly Found[];
  readonly failed: readonly Member[];
}

/** What handling such a push takes. */
export interface OnPushDeps {
  readonly whereabouts: Whereabouts;
  readonly exclusive: Exclusive;
  readonly gateways: Gateways;
  readonly relationOf: RelationOf;
  readonly rings: Pick<Rings, "present" | "areAgreed" | "isAlone" | "isUsed" | "sendsAlone">;
  /** Unix time in ms. */
  readonly now: () => number;
  /** Ends when more is known of what the members hold. */
  readonly news: (signal: AbortSignal) => Promise<void>;
  /** The group was marked as a part on a member. */
  readonly marked: (id: string, member: Member) => void;
  /** The group was pushed to a member while another one holds it, too; that copy should be moved. */
  readonly followUp: (id: string, from: Member) => void;
  readonly report: HandoffReport;
}

/** The ring may change while a group is looked for. */
const TRIES_MAX = 3;
/**
 * A member of 100,000 groups is read in five seconds. One that takes longer is not waited for: a POST
 * whose group it may hold marks its copy as partial.
 */
const KNOWN_MS_MAX = 5_000;
/** For a member that cannot be read to take a push, or a deletion, that it would be good if it had. */
const HIDDEN_MS_MAX = 2_000;

/**
 * Creates what handles pushes of misplaced groups, one at a time for each group.
 *
 * @throws {TurnFailure} where the group's turn does not come; the push was not sent then
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
      // A push before this one may have settled it.
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
   * Notes where the push lands. While it is on its way under its lock the rings may change, and others that
   * know of it push the group elsewhere without a lock. So what lands then is marked as a part before it is
   * answered.
   */
  function noted<Answer>(
    push: MisplacedPush<Answer>,
    signal: AbortSignal,
  ): MisplacedPush<Answer> {
    if (push.method === "DELETE") return push;
    return {
      ...push,
      async deliver(to, timeoutMs) {
        const before = whereabouts.ringChanges;
        const sentMs = deps.now();
        const delivery = await push.deliver(to, timeoutMs);
        const { taken } = delivery;
        if (taken !== undefined && push.method === "PUT") whereabouts.replaced(push.id, taken);
        if (taken !== undefined && whereabouts.ringChanges !== before) {
          await mark(push.id, taken, signal);
        }
        // By a ring that has changed in the meantime, or before others learn of it, it is out of place
        // there.
        const isOut = taken !== ownerOf(push.key) || whereabouts.isSeen(push.id);
        if (taken !== undefined && isOut) {
          whereabouts.placed(push.id, taken, {
            min: sentMs / 1_000,
            max: deps.now() / 1_000,
          });
        }
        return delivery;
      },
    };
  }

  /** Waits, for a bounded time, until those have been read that may hold the group and can be read. */
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

  /** To the owner; where no connection to it comes about, to the next one on our ring. */
  async function deliverHome<Answer>(push: MisplacedPush<Answer>): Promise<Delivery<Answer>> {
    const owner = ownerOf(push.key);
    // Of a contested group that is the owner by another ring than ours.
    if (owner === undefined || owner === rings.present.ownerOf(push.key)) {
      return await push.deliver();
    }
    const delivery = await push.deliver(owner);
    return delivery.unsent ? await push.deliver() : delivery;
  }

  /**
   * Deletes what the owner's copy was made of: as long as both are there, a push would be seen on one of
   * them before the other, and then the former value.
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
    { seen: before, presumed, absent }: Holders,
    signal: AbortSignal,
  ): Promise<Answer> {
    const owner = ownerOf(push.key);
    const left = await withoutCopied(push, [...before.keys()], signal);
    const seen = new Map([...before].filter(([member]) => left.includes(member)));
    const known = [...seen.keys(), ...presumed].filter((member) => member !== owner);
    const hidden = absent.filter(({ up, because }) => up && because === "seen")
      .map(({ member }) => member);
    const holders = [...known, ...hidden];
    const failures = [...seen.keys()].map((member) =>
      whereabouts.inventories.get(member)?.failures.get(push.id) ?? 0
    );
    const asksOwnerFirst = owner !== undefined && wouldRefuse(owner, push);
    const taken = asksOwnerFirst ? [] : await Promise.all([
      ...known.map((member) => push.deliver(member)),
      ...hidden.map((member) => push.deliver(member, HIDDEN_MS_MAX)),
    ]);
    const delivered = await deliverHome(push);
    if (delivered.refusedBy !== undefined) {
      return await refused(push, { delivered, before: taken, holders, seen }, signal);
    }
    const { answer, taken: to } = delivered;
    if (to === undefined) return answer;
    const failedAt = Math.max(0, ...failures);
    if (failedAt > 0 && !seen.has(to)) {
      const failure = { id: push.id, time: failedAt };
      await attempt("copy", () => gateways.restoreFailure(to, failure, signal));
    }
    const others = [...new Set([...holders, ...seen.keys()])].filter((member) => member !== to);
    const removals = others.map((member) => removeOther(push, { member, to }, signal));
    if ((await Promise.all(removals)).every((removed) => removed)) {
      settle(push, [...seen.keys()].filter((member) => member !== to), to);
    }
    return answer;
  }

  /** Whether a member is known to refuse a push: other groups of it have a family of another type. */
  function wouldRefuse<Answer>(member: Member, push: MisplacedPush<Answer>): boolean {
    const types = whereabouts.inventories.get(member)?.types;
    if (!types) return false;
    return push.types().entries().some(([name, type]) => (types.get(name) ?? type) !== type);
  }

  /**
   * The owner refuses the push. Where a holder has taken it, it is taken, and the group stays there; where
   * one may have, nobody can tell; else nothing has changed but that a push has failed.
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

  /** A refused push leaves an empty group that no push has ever reached well. */
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
    // A copy that was made and is not the newest any more is no reason to delete what it was made of.
    const left = to === ownerOf(push.key) ? await withoutCopied(push, all, signal) : all;
    const others = destination.others.filter((member) => left.includes(member));
    // Without a lock others may move the group in the meantime, or not look for it there.
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
   * Marks the copy that a `POST` is about to go to, where another member may hold more of the group.
   */
  async function mark(id: string, to: Member, signal: AbortSignal): Promise<void> {
    if (whereabouts.isMarked(id, to)) return;
    try {
      // One that refuses the mark refuses the push, too.
      if (await gateways.markPartial(to, id, signal) === undefined) deps.marked(id, to);
    } catch (error) {
      // One that is gone does not take the push either, which goes to another one then.
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
      // By a ring that has changed in the meantime nobody would look for it there.
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
      // Of two copies that cannot be told apart by their times the next push may go to the other one.
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

  /** The copies of a group, where they are known without a look: a Pushgateway can only be read whole. */
  function knownCopies({ exact }: Holders): Look | undefined {
    if (!rings.isAlone || !exact) return undefined;
    const found = [...exact].map(([member, pushed]) => ({ member, pushed }));
    const isTold = ({ pushed: { min, max } }: Found) => max < Infinity && min > -Infinity;
    return found.length === 1 || found.every(isTold) ? { found, failed: [] } : undefined;
  }

  /** The copies on some members, as they are now, and who could not be asked. */
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

  /** Says whether it is gone. What others may push to by their ring stays, and is found again later. */
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

  /** The push was taken: what fails after it is told to the operator, not to the client. */
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
    // By a ring that has changed in the meantime it is out of place where it is.
    if (ownerOf(key) === to) whereabouts.settled(id);
    if (from.length > 0) report.moved({ id, from, to, by: "push" });
  }
}

/** Whether a member was not even reached. */
function isUnsent(error: unknown): boolean {
  const cause = error instanceof MemberFailure ? error.cause : undefined;
  return cause instanceof SendFailure && (cause.kind === "refused" || cause.kind === "unreachable");
}
