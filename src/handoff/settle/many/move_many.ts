/**
 * Brings many groups from one member to their owners, with few reads of each member: all are read
 * once, copied, looked for at their owners with one read of each, and only then deleted.
 *
 * A group's turn is held for its copy, and once more for its deletion, and not in between. What
 * somebody else has pushed meanwhile has gone to the copy, which is the newer one. Where somebody has had
 * the turn before the copy was made, none is made. Nothing is deleted that has changed since it was
 * read.
 *
 * @module
 */

import { cooperate } from "../../../concurrency/cooperate.ts";
import type { Member } from "../../../member.ts";
import type { PushTimes } from "../../../pushgateway/push_times.ts";
import { MemberFailure } from "../../gateways.ts";
import { keyOfId } from "../../plan/inventory.ts";
import { type BringHomeDeps, explain } from "../bring_home.ts";
import { amendCopy } from "./amend.ts";
import type { Watch } from "../exclusive.ts";
import { inChunks } from "./chunks.ts";
import { findCopies, type Finding } from "./find_copies.ts";
import type { Flows } from "./flow.ts";
import type { MoveMemory } from "./memory.ts";
import { type Copy, type Decision, membersBeside, type Outdated, planMoves } from "./plan_moves.ts";

/** What moving many takes. */
export interface MoveManyDeps extends BringHomeDeps {
  /** Writes to each member. */
  readonly flows: Flows<Member>;
  readonly memory: MoveMemory;
  /** Unix time in ms. */
  readonly now: () => number;
}

/** What is moved. */
export interface ManyMoves {
  /** Groups that the member held a moment ago. */
  readonly ids: ReadonlySet<string>;
  readonly from: Member;
  readonly by: "push" | "drain";
  /** Called for each that is gone from the member: it was copied, or a newer copy was there. */
  readonly onMoved: (id: string) => void;
}

/** What became of the others. Those in no list are to be tried again. */
export interface NotMoved {
  /** Others still push them to the member by their rings. */
  readonly early: ReadonlySet<string>;
  /** They cannot be copied so that nothing is lost, which was reported; with the reason. */
  readonly staying: ReadonlyMap<string, string>;
  /** To be moved one by one, with a look at all that is there. */
  readonly careful: ReadonlySet<string>;
  /** Somebody else has had their turn meanwhile. */
  readonly touched: readonly string[];
}

/** A copy on the former member, to be deleted. */
interface Former {
  readonly id: string;
  readonly to: Member;
  /** When it was pushed, as its member has it. */
  readonly time: number;
}

/** Where members are slow, copies are looked for, and what they were made of is deleted, so often. */
const ROUND_MS = 10_000;
/** How old what was read of the groups may get: where there are others, they leave traces for a minute. */
const READ_MS_MAX = { alone: 600_000, shared: 40_000 };
/** Groups between two moments at which others have their turn. */
const GROUPS_A_STEP = 1_000;

/**
 * Moves as many of some groups as it can.
 *
 * @throws {MemberFailure} where the member cannot be read
 * @throws {LockFailure} where no locks can be had. What has been copied then and not deleted is on both
 *   members, and the next move finds it there
 * @throws the signal's reason when it aborts
 */
export async function moveMany(
  { ids, from, by, onMoved }: ManyMoves,
  deps: MoveManyDeps,
  signal: AbortSignal,
): Promise<NotMoved> {
  const { exclusive, gateways, whereabouts, rings, report, flows } = deps;
  const early = new Set<string>();
  const staying = new Map<string, string>();
  const careful = new Set<string>();
  const touched = new Set<string>();
  const leftOut = (id: string) => void touched.add(id);

  using memory = deps.memory.share();
  using since = exclusive.watch();
  await cooperate(noteFound(), signal);
  const [source, readings, others] = await Promise.all([
    gateways.pushTimes(from, signal),
    gateways.contents(from, { ids, bytesMax: memory.jsonBytesMax }, signal),
    readOthers(),
  ]);
  const reads = { source, readings, others };
  const plan = await cooperate(planMoves(reads, { ...deps, from }), signal);
  const { copies, outdated } = sort(plan);
  let left = Map.groupBy(copies, ({ to }) => to);
  let retired = await whole(outdated);
  do {
    const copied = await copySome();
    using again = exclusive.watch();
    const [present, found] = await Promise.all([gateways.pushTimes(from, signal), findAll(copied)]);
    const former = [...retired];
    retired = [];
    for (const finding of found) {
      const one = await settle(finding, present);
      if (one) former.push(one);
    }
    await removeAll(former, { present, again });
  } while (left.size > 0 && isFresh());
  return {
    early,
    staying,
    careful,
    touched: [...ids].filter((id) => since.has(id) || touched.has(id)),
  };

  function isFresh(): boolean {
    const msMax = rings.isAlone ? READ_MS_MAX.alone : READ_MS_MAX.shared;
    return performance.now() - since.beganMs < msMax;
  }

  /** From now on every push of one of them knows that it lies there. */
  function* noteFound(): Generator<void, void> {
    let steps = 0;
    for (const id of ids) {
      whereabouts.found(id, from);
      if (++steps % GROUPS_A_STEP === 0) yield;
    }
  }

  function isAllowed(id: string, to: Member): boolean {
    const key = keyOfId(id);
    return whereabouts.ownerOf(key) === to && !rings.isUsed(from, key) && !rings.isSending(key);
  }

  function stays(id: string, to: Member, told: string): void {
    const reason = explain({ id, to, reason: told }, deps);
    report.staysPut({ id, from, to, reason });
    staying.set(id, reason);
  }

  /** What those hold that may have a copy, or shall get one; of those that can be read. */
  async function readOthers(): Promise<ReadonlyMap<Member, PushTimes>> {
    const members = await cooperate(membersBeside(ids, { from, whereabouts }), signal);
    const reads = new Map<Member, PushTimes>();
    await Promise.all([...members].map(async (member) => {
      try {
        reads.set(member, await gateways.pushTimes(member, signal));
      } catch (error) {
        signal.throwIfAborted();
        if (!(error instanceof MemberFailure)) throw error;
        report.failed("copy", error);
      }
    }));
    return reads;
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

  /** Makes copies for a while, and tells which were made. A member that fails is left alone. */
  async function copySome(): Promise<ReadonlyMap<Member, readonly Copy[]>> {
    const copied = new Map<Member, Copy[]>();
    const next: typeof left = new Map();
    const untilMs = performance.now() + ROUND_MS;
    await Promise.all([...left].map(async ([to, copies]) => {
      const done: Copy[] = [];
      copied.set(to, done);
      const flow = flows(to);
      let isFailing = false;
      const goesOn = () => !isFailing && isFresh() && performance.now() < untilMs;
      const rest = await inChunks(
        copies,
        { exclusive, since, flow, goesOn, leftOut, signal },
        async (copy, signal) => {
          const { id, content } = copy;
          if (isFailing || !isAllowed(id, to)) return;
          let sentMs = deps.now();
          let isSent = false;
          // Asked once more when its turn has come: members may be slow, and rings may change meanwhile.
          const merge = async () => {
            if (!isAllowed(id, to)) return undefined;
            isSent = true;
            sentMs = deps.now();
            // Where no answer comes it may be there all the same.
            whereabouts.placed(id, to);
            return await gateways.merge(to, content, signal);
          };
          try {
            const refused = await flow.run(merge, signal);
            if (!isSent) return;
            if (refused !== undefined) return stays(id, to, refused);
            whereabouts.placed(id, to, { min: sentMs / 1_000, max: deps.now() / 1_000 });
            done.push(copy);
          } catch (error) {
            signal.throwIfAborted();
            report.failed("copy", error);
            isFailing = true;
          }
        },
      );
      if (rest.length > 0 && !isFailing) next.set(to, [...rest]);
    }));
    left = next;
    return copied;
  }

  async function findAll(copied: ReadonlyMap<Member, readonly Copy[]>): Promise<Finding[]> {
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

  /** Those whose newer copy lacks nothing, for it is not marked as a part. */
  async function whole(outdated: readonly Outdated[]): Promise<readonly Former[]> {
    const partial = new Map<Member, ReadonlySet<string>>();
    for (const member of new Set(outdated.map(({ newer }) => newer))) {
      partial.set(member, (await gateways.traits(member, signal)).partial);
    }
    const isPart = ({ id, newer }: Outdated) => partial.get(newer)?.has(id) === true;
    for (const one of outdated) if (isPart(one)) careful.add(one.id);
    return outdated.filter((one) => !isPart(one));
  }

  /** What may be deleted of a group that was copied; puts right what has come out wrong. */
  async function settle(finding: Finding, present: PushTimes): Promise<Former | undefined> {
    const { kind, copy: { id, to, content, isOnto } } = finding;
    if (kind === "unclear") return undefined;
    const isSame = present.times.get(id) === content.pushTime || !present.times.has(id);
    if (kind === "there" && isSame) return { id, to, time: content.pushTime };
    try {
      const isTouched = kind === "there" && finding.touched;
      const time = isOnto || isTouched ? undefined : finding.found?.pushTime;
      const wrong = { id, from, to, content, ...(time !== undefined && { time }) };
      const amending = { ...deps, since };
      const isGone = (!isOnto || kind === "there") && await amendCopy(wrong, amending, signal);
      // One that is there all the same others have pushed to: what it is then, the next look tells.
      if (kind === "wrong" && (isGone || isOnto || time === undefined)) {
        stays(
          id,
          to,
          `${to}: its copy ${finding.found ? "came out different" : "is not to be found"}`,
        );
      }
    } catch (error) {
      signal.throwIfAborted();
      report.failed("copy", error);
    }
    return undefined;
  }

  async function removeAll(
    former: readonly Former[],
    { present, again }: { readonly present: PushTimes; readonly again: Watch },
  ): Promise<void> {
    const flow = flows(from);
    let isFailing = false;
    const goesOn = () => !isFailing;
    const options = { exclusive, since: again, flow, goesOn, leftOut, signal };
    await inChunks(former, options, async ({ id, to, time }, signal) => {
      const there = present.times.get(id);
      if (isFailing || !isAllowed(id, to) || (there !== undefined && there !== time)) return;
      let isSent = there === undefined;
      const remove = async () => {
        if (!isAllowed(id, to)) return;
        isSent = true;
        await gateways.remove(from, id, signal);
      };
      try {
        if (there !== undefined) await flow.run(remove, signal);
        if (!isSent) return;
        whereabouts.removed(id, from);
        report.moved({ id, from: [from], to, by });
        onMoved(id);
      } catch (error) {
        signal.throwIfAborted();
        report.failed("delete", error);
        isFailing = true;
      }
    });
  }
}
