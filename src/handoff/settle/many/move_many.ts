/**
 * Moves many groups from one member to their owners, with few reads of each member. All groups are read once
 * and copied. The copies are looked for with one read of each owner, and only then the sources are deleted.
 *
 * A group's turn is held while it is copied, and again while its source is deleted, and not in between. What
 * somebody else has pushed in the meantime has gone to the copy, which is the newer one. If somebody has had
 * the turn before the copy was made, no copy is made. A source that has changed since it was read is not
 * deleted.
 *
 * @module
 */

import { cooperate } from "../../../concurrency/cooperate.ts";
import type { Member } from "../../../member.ts";
import type { PushTimes } from "../../../pushgateway/push_times.ts";
import { MemberFailure } from "../../gateways.ts";
import { keyOfId } from "../../plan/inventory.ts";
import { explain } from "../bring_home.ts";
import { amendCopy } from "./amend.ts";
import { type Copies, copySome } from "./copy_some.ts";
import { findCopies, type Finding } from "./find_copies.ts";
import type { MoveManyDeps, Pass } from "./pass.ts";
import { type Copy, type Decision, membersBeside, type Outdated, planMoves } from "./plan_moves.ts";
import { type Former, removeFormer } from "./remove_former.ts";

/** What is moved. */
export interface ManyMoves {
  /** The groups to be moved, or a function that chooses them. */
  readonly groups: Chosen | Choose;
  readonly from: Member;
  /** Members that groups will go to, as far as is known beforehand. They are read in the meantime. */
  readonly towards?: () => Iterable<Member>;
  readonly by: "push" | "drain";
  /** When it aborts, no more copies are made. For copies that were made, the move is completed. */
  readonly stop?: AbortSignal;
  /** Called for each group that is gone from the member: it was copied, or a newer copy was there. */
  readonly onMoved: (id: string) => void;
}

/** Chooses the groups to be moved, by the push times of all groups that the member holds. */
export type Choose = (times: ReadonlyMap<string, number>) => Promise<Chosen>;

/** Groups by their IDs: a set, or a large map. */
export interface Chosen {
  has(id: string): boolean;
  keys(): Iterable<string>;
  readonly size: number;
}

/** What became of the groups that were not moved. Those in no list were not tried yet. */
export interface NotMoved {
  /** Groups that other instances still push to the member by their rings. */
  readonly early: ReadonlySet<string>;
  /** Groups that cannot be copied without loss, with the reasons. They were reported. */
  readonly staying: ReadonlyMap<string, string>;
  /** Groups to be moved one by one, with a look at all copies. */
  readonly careful: ReadonlySet<string>;
  /**
   * Groups that were not moved for a reason that may be over: somebody else had their turn, or a member could
   * not be read or written.
   */
  readonly touched: readonly string[];
  /** All groups that were to be moved. */
  readonly chosen: Chosen;
}

/** How old the reads of the groups may get. */
const READ_MS_MAX = 600_000;
/**
 * If reading takes longer than may pass between a read and a copy, so many groups are moved one by one: each
 * of them is read in its turn.
 */
const CAREFUL_MAX = 256;
/** Groups processed between two yields. */
const GROUPS_A_STEP = 1_000;

/**
 * Moves as many of some groups as it can, while no other process moves many groups off the same member.
 *
 * @throws {MemberFailure} if the member cannot be read
 * @throws {LockFailure} if no locks are available. A group that was copied and not deleted is then on both
 *   members, and the next move finds it there
 * @throws the signal's reason when it aborts
 */
export async function moveMany(
  { groups, from, towards, by, stop, onMoved }: ManyMoves,
  deps: MoveManyDeps,
  signal: AbortSignal,
): Promise<NotMoved> {
  const { exclusive, gateways, whereabouts, rings, report } = deps;
  const early = new Set<string>();
  const staying = new Map<string, string>();
  const careful = new Set<string>();

  using memory = deps.memory.share();
  using since = exclusive.watch();
  const pass: Pass = {
    from,
    since,
    deps,
    isFresh: () =>
      !stop?.aborted && performance.now() < Math.min(since.beganMs + READ_MS_MAX, since.untilMs),
    isAllowed(id, to) {
      const key = keyOfId(id);
      return whereabouts.ownerOf(key) === to && !rings.isUsed(from, key) && !rings.isSending(key);
    },
    stays,
    signal,
  };
  const reading = new Map<Member, Promise<PushTimes | undefined>>();
  for (const member of towards?.() ?? []) readOther(member);
  const source = await gateways.pushTimes(from, signal);
  const ids = typeof groups === "function" ? await groups(source.times) : groups;
  if (ids.size === 0) {
    return { early, staying, careful, touched: [], chosen: ids };
  }
  await cooperate(noteFound(), signal);
  const [readings, others] = await Promise.all([
    gateways.contents(from, { ids, bytesMax: memory.jsonBytesMax }, signal),
    readOthers(),
  ]);
  const reads = { source, readings, others };
  const plan = await cooperate(planMoves(reads, { ...deps, from }), signal);
  const { copies, outdated } = sort(plan);
  let left: Copies = Map.groupBy(copies, ({ to }) => to);
  let retired = await whole(outdated);
  const gone = new Set<string>();
  while (pass.isFresh() && left.size + retired.length > 0) {
    const { copied, left: rest } = await copySome(await unchanged(left), pass);
    left = rest;
    const isIdle = copied.values().every(({ length }) => length === 0) && retired.length === 0;
    if (isIdle) continue;
    using again = exclusive.watch();
    const [present, found] = await Promise.all([gateways.pushTimes(from, signal), findAll(copied)]);
    // If somebody has had the turn of a group, its newer copy may be another one by now.
    const former = retired.filter(({ id }) => !since.has(id));
    retired = [];
    // They are settled together, so that those that have to be corrected share their reads.
    const settled = await Promise.all(found.map((finding) => settle(finding, present)));
    for (const one of settled) if (one) former.push(one);
    await removeFormer(former, { again, present }, pass, ({ id, to }) => {
      gone.add(id);
      report.moved({ id, from: [from], to, by });
      onMoved(id);
    });
  }
  const rest = [...[...left.values()].flat(), ...retired].map(({ id }) => id);
  if (gone.size === 0 && !stop?.aborted) {
    for (const id of rest.slice(0, CAREFUL_MAX)) careful.add(id);
  }
  const told = [gone, early, staying, careful, new Set(rest)];
  const touched = [...plan.keys()].filter((id) => !told.some((ids) => ids.has(id)));
  return { early, staying, careful, touched, chosen: ids };

  /**
   * Makes every push of one of the groups know from now on that it lies here. If a group no longer does,
   * somebody else has deleted it.
   */
  function* noteFound(): Generator<void, void> {
    let steps = 0;
    for (const id of ids.keys()) {
      if (++steps % GROUPS_A_STEP === 0) yield;
      if (source.times.has(id)) {
        // A push may have deleted it since it was read.
        if (!since.has(id) || !whereabouts.isRemoved(id, from)) whereabouts.found(id, from);
      } else if (!since.has(id)) {
        whereabouts.removed(id, from);
        onMoved(id);
      }
    }
  }

  /**
   * Returns the copies whose owner holds what it held when it was read. Another instance may have pushed to
   * the owner without a turn, if it does not know of the source. The other groups are to be looked at again.
   */
  async function unchanged(copies: Copies): Promise<Copies> {
    if (since.untilMs === Infinity) return copies; // there are no others
    const same = await Promise.all([...copies].map(async ([to, ofOne]) => {
      const before = others.get(to);
      const now = await gateways.pushTimes(to, signal).catch((error) => {
        signal.throwIfAborted();
        report.failed("copy", error);
        return undefined;
      });
      const isSame = ({ id }: Copy) =>
        now?.started === before?.started && now?.times.get(id) === before?.times.get(id);
      return [to, now ? ofOne.filter(isSame) : []] as const;
    }));
    return new Map(same);
  }

  function stays(id: string, to: Member, told: string): void {
    const reason = explain({ id, to, reason: told }, deps);
    report.staysPut({ id, from, to, reason });
    staying.set(id, reason);
  }

  /** Reads the members that may hold or get a copy. A member that cannot be read is left out. */
  async function readOthers(): Promise<ReadonlyMap<Member, PushTimes>> {
    const members = await cooperate(membersBeside(ids.keys(), { from, whereabouts }), signal);
    const reads = new Map<Member, PushTimes>();
    await Promise.all([...members].map(async (member) => {
      const read = await readOther(member);
      if (read) reads.set(member, read);
    }));
    signal.throwIfAborted();
    return reads;
  }

  /** Reads a member once. `undefined` if it cannot be read, or not in time. Never throws. */
  function readOther(member: Member): Promise<PushTimes | undefined> {
    const known = reading.get(member) ?? gateways.pushTimes(member, signal).catch((error) => {
      if (!signal.aborted) report.failed("copy", error);
      return undefined;
    });
    reading.set(member, known);
    return known;
  }

  function sort(plan: ReadonlyMap<string, Decision>) {
    const copies: Copy[] = [];
    const outdated: Outdated[] = [];
    for (const [id, decision] of plan) {
      switch (decision.kind) {
        case "copy":
          copies.push(decision);
          break;
        case "outdated":
          outdated.push(decision);
          break;
        case "early":
          early.add(id);
          break;
        case "careful":
          careful.add(id);
          break;
        case "stays":
          if (decision.to === undefined) staying.set(id, decision.reason);
          else stays(id, decision.to, decision.reason);
          break;
        case "later":
          break;
        default:
          decision satisfies never;
      }
    }
    return { copies, outdated };
  }

  async function findAll(copied: Copies): Promise<Finding[]> {
    const found = await Promise.all([...copied].map(async ([to, copies]) => {
      const started = others.get(to)?.started;
      try {
        return await findCopies(to, copies, { gateways, since, started, signal });
      } catch (error) {
        signal.throwIfAborted();
        if (!(error instanceof MemberFailure)) throw error;
        report.failed("copy", error);
        return [];
      }
    }));
    return found.flat();
  }

  /**
   * Whether a push of this process has changed the source after it was read. It is left to the next move
   * then.
   */
  function isPushedHere(id: string, finding: Finding): boolean {
    return finding.kind === "there" && finding.touched && whereabouts.isPushed(id, from);
  }

  /** Returns the outdated copies whose newer copy lacks nothing, because it is not marked as partial. */
  async function whole(outdated: readonly Outdated[]): Promise<readonly Former[]> {
    const partial = new Map<Member, ReadonlySet<string>>();
    for (const member of new Set(outdated.map(({ newer }) => newer))) {
      partial.set(member, (await gateways.traits(member, signal)).partial);
    }
    const isPart = ({ id, newer }: Outdated) => partial.get(newer)?.has(id) === true;
    for (const one of outdated) if (isPart(one)) careful.add(one.id);
    return outdated.filter((one) => !isPart(one));
  }

  /** Returns the source of a copy if it may be deleted. Corrects a copy that is wrong. */
  async function settle(finding: Finding, present: PushTimes): Promise<Former | undefined> {
    const { kind, copy: { id, to, content, isOnto } } = finding;
    if (kind === "unclear") return undefined;
    const isThere = present.times.has(id);
    const isSame = present.times.get(id) === content.pushTime;
    // Nobody here has deleted the source, and its member is the same process: somebody else has deleted it,
    // and then also its copy.
    const isDeleted = !isThere && kind === "there" && !finding.touched &&
      present.started !== undefined && present.started === source.started;
    // What our pushes have since brought to the source, they have also brought to the copy, or will.
    if (isThere && !isSame && isPushedHere(id, finding)) return undefined;
    if (kind === "there" && (isSame || (!isThere && !isDeleted))) {
      return { id, to, time: content.pushTime };
    }
    try {
      const isTouched = kind === "there" && finding.touched;
      const time = isOnto || isTouched ? undefined : finding.found?.pushTime;
      const wrong = { id, from, to, content, ...(time !== undefined && { time }) };
      const amending = { ...deps, since };
      const isGone = (!isOnto || kind === "there") && await amendCopy(wrong, amending, signal);
      // If the copy is still there, somebody else has pushed to it. The next look shows what it is then.
      if (kind === "wrong" && (isGone || isOnto || time === undefined)) {
        stays(
          id,
          to,
          `${to}: its copy ${finding.found ? "is different" : "cannot be found"}`,
        );
      }
    } catch (error) {
      signal.throwIfAborted();
      report.failed("copy", error);
    }
    return undefined;
  }
}
