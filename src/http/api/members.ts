/** Answers what is known of the members, drains a member, and forecasts a change of members. @module */

import { cooperate } from "../../concurrency/cooperate.ts";
import { deadline } from "../../concurrency/deadline.ts";
import type { Handoff } from "../../handoff/handoff.ts";
import { forecast } from "../../handoff/plan/forecast.ts";
import { errorText, type Logger } from "../../log.ts";
import type { History } from "../../membership/history.ts";
import { type Member, parseMember } from "../../member.ts";
import { HashRing, WEIGHT_MAX } from "../../ring/hash_ring.ts";
import type { Reply } from "../message.ts";
import { type Snapshot, weightOf } from "../snapshot.ts";
import { failure, success } from "./envelope.ts";
import { time } from "./time.ts";
import type { MemberView } from "./views.ts";

/** What the answers need. */
export interface MembersApiDeps {
  readonly snapshot: () => Snapshot;
  readonly handoff: Pick<Handoff, "inventories" | "unread" | "drains" | "sweep" | "counts">;
  readonly history: Pick<History, "originOf">;
  /** The number of pushes that a member has got, and of those that have failed. */
  readonly pushesOf: (member: Member) => number;
  readonly failuresOf: (member: Member) => number;
  /** Whether the configuration enables handoff. */
  readonly handoffEnabled: () => boolean;
  /** Marks a member as leaving, or removes the mark. */
  readonly mark: (member: Member, leaving: boolean) => Promise<void>;
  readonly log: Logger;
}

/** The answers, by request. */
export interface MembersApi {
  /** Returns each member with its state and its groups, sorted by name. */
  views(): MemberView[];
  /** `GET /api/v1/members`. */
  list(): Reply;
  /** `PUT` and `DELETE /api/v1/members/HOST:PORT/drain`. */
  drain(path: string, asked: { undo: boolean; client: string }): Promise<Reply>;
  /**
   * `GET /api/v1/plan?add=HOST:PORT&remove=HOST:PORT&weigh=HOST:PORT=WEIGHT`, each parameter any number of
   * times, 100 in total. With `sweep=false` it uses what the last sweeps have read.
   */
  plan(target: string): Promise<Reply>;
  /** Returns the members that held a group when they were last swept. */
  holdersOf(id: string): Member[];
}

export const MEMBERS_ROUTE = "/api/v1/members/";
const DRAIN = "/drain";
/** The most groups that are listed as not movable. */
const STAYING_MAX = 100;
/** The most changes of a plan: a ring of thousands of members takes seconds to build. */
const CHANGES_MAX = 100;
const SWEEP_MS_MAX = 60_000;
const SHARE_DIGITS = 6;

/** Creates the answers of one app. */
export function createMembersApi(
  deps: MembersApiDeps,
): MembersApi {
  const { snapshot, handoff, history, handoffEnabled, mark, log } = deps;

  function view(member: Member): MemberView {
    const { membership, ring } = snapshot();
    const record = membership.records.get(member);
    const weight = weightOf(snapshot(), member);
    const held = handoff.inventories.get(member);
    const groups = held?.times.size;
    const share = ring.shares.get(member);
    const version = record?.version;
    const origin = history.originOf(member);
    const misplaced = groups === undefined ? undefined : handoff.counts?.misplaced.get(member) ?? 0;
    const missing = handoff.counts?.missing.get(member);
    const isRead = handoffEnabled() && record?.verdict === "up";
    const unread = isRead ? handoff.unread.get(member) : undefined;
    // Only the text page tells the types of families.
    const isBroken = isRead && held !== undefined && held.types === undefined;
    const leaves = record?.state === "draining" || record?.state === "departed";
    const drain = leaves ? handoff.drains.get(member) : undefined;
    return {
      member,
      state: record?.state ?? "departed",
      ...(origin && { since: time(origin.sinceMs), why: origin.why }),
      ...(record?.started !== undefined && { started: record.started }),
      ...(version !== undefined && { version }),
      pushes: deps.pushesOf(member),
      failures: deps.failuresOf(member),
      in_ring: ring.weights.has(member),
      drained: record?.drained === true,
      ...(record?.aliasOf && { same_as: record.aliasOf }),
      ...(weight !== undefined && { weight }),
      ...(share !== undefined && { share: Number(share.toPrecision(SHARE_DIGITS)) }),
      ...(groups !== undefined && { groups }),
      ...(misplaced !== undefined && { misplaced }),
      ...(missing !== undefined && { missing }),
      ...(unread !== undefined && { unread }),
      ...(isBroken && { broken_page: true }),
      ...(drain && {
        drain: {
          groups: drain.groups,
          moved: drain.moved,
          ...(drain.rate !== undefined && { rate: drain.rate }),
          ...(drain.secondsLeft !== undefined && { seconds_left: drain.secondsLeft }),
          ...(drain.targetsCheck !== undefined && { targets_check: drain.targetsCheck }),
          staying: [...drain.staying].slice(0, STAYING_MAX).map(([group, why]) => ({ group, why })),
        },
      }),
    };
  }

  /** Returns the inventories without those of members that no longer answer. */
  function readableInventories(): Handoff["inventories"] {
    const { records } = snapshot().membership;
    const isUp = (member: Member) => records.get(member)?.verdict === "up";
    return new Map([...handoff.inventories].filter(([member]) => isUp(member)));
  }

  function views(): MemberView[] {
    const { membership, ring } = snapshot();
    const members = [...new Set([...membership.records.keys(), ...ring.members])].sort();
    return members.map(view);
  }

  return {
    views,
    list: () => success(views()),
    async drain(path, { undo, client }) {
      let member: Member;
      try {
        member = memberOf(path);
      } catch (error) {
        return failure(400, errorText(error));
      }
      const { membership, ring } = snapshot();
      const record = membership.records.get(member);
      if (!record) return failure(404, `${member} is not a member`);
      if (!undo && record.aliasOf) {
        const why = `it is the same Pushgateway as ${record.aliasOf}, which is used instead`;
        return failure(409, `${member} cannot be drained: ${why}`);
      }
      if (!undo && !handoffEnabled()) {
        const why = "handoff is off (handoff.enabled: false), so its groups would not be moved";
        return failure(409, `${member} cannot be drained: ${why}`);
      }
      const others = ring.members.filter((other) => other !== member);
      if (!undo && others.length === 0) {
        return failure(409, `${member} cannot leave: no other member could take its groups`);
      }
      if (undo && record.state !== "draining" && record.state !== "departed") {
        return failure(409, `${member} is not being drained: it is ${record.state}`);
      }
      try {
        await mark(member, !undo);
      } catch (error) {
        return failure(502, `the mark could not be set: ${errorText(error)}`);
      }
      log.warn(undo ? "drain undone" : "drain requested", { member, client });
      return success(view(member), 202);
    },
    async plan(target) {
      if (!handoffEnabled()) {
        return failure(409, "handoff is off (handoff.enabled: false), so no group would be moved");
      }
      const { ring } = snapshot();
      if (ring.members.length === 0) return failure(503, "no Pushgateway is known yet");
      const query = new URLSearchParams(target.split("?", 2)[1]);
      const [added, removed] = [query.getAll("add"), query.getAll("remove")];
      const weighed = query.getAll("weigh");
      const changes = added.length + removed.length + weighed.length;
      if (changes > CHANGES_MAX) {
        return failure(400, `expected at most ${CHANGES_MAX} changes, found ${changes}`);
      }
      let next: ReadonlyMap<Member, number>;
      try {
        next = changedWeights(ring, {
          add: added.map((text) => parseMember(text)),
          remove: removed.map((text) => parseMember(text)),
          weigh: weighed.map(parseWeight),
        });
      } catch (error) {
        return failure(400, errorText(error));
      }
      using late = deadline(SWEEP_MS_MAX);
      let unread: readonly Member[];
      try {
        unread = query.get("sweep") === "false" ? [] : await handoff.sweep(late.signal);
      } catch (error) {
        return failure(503, `the members cannot be read: ${errorText(error)}`);
      }
      const after = await cooperate(HashRing.build(next), late.signal);
      const rings = { before: ring, after };
      const plan = await cooperate(forecast(readableInventories(), rings), late.signal);
      return success({ ...plan, ...(unread.length > 0 && { unread }) });
    },
    holdersOf: (id) =>
      [...readableInventories()].flatMap(([member, { times }]) => times.has(id) ? [member] : []),
  };
}

/**
 * Returns the members and weights of a changed ring.
 *
 * @throws {TypeError} if a member to add is in the ring, a member to remove or weigh is not, or no member
 *   would be left
 */
export function changedWeights(
  { weights }: HashRing,
  { add, remove, weigh = [] }: {
    readonly add: readonly Member[];
    readonly remove: readonly Member[];
    readonly weigh?: readonly (readonly [Member, number])[];
  },
): ReadonlyMap<Member, number> {
  const next = new Map(weights);
  for (const member of add) {
    if (next.has(member)) throw new TypeError(`${member} is in the ring already`);
    next.set(member, 1);
  }
  for (const member of remove) {
    if (!next.delete(member)) throw new TypeError(`${member} is not in the ring`);
  }
  for (const [member, weight] of weigh) {
    if (!next.has(member)) throw new TypeError(`${member} is not in the ring`);
    next.set(member, weight);
  }
  if (next.size === 0) throw new TypeError("expected at least one member to stay, found none");
  return next;
}

/** Reads `HOST:PORT=WEIGHT`. @throws {TypeError} if it is something else */
function parseWeight(text: string): readonly [Member, number] {
  const equals = text.lastIndexOf("=");
  const weight = text.slice(equals + 1);
  if (
    equals < 0 || !/^\d{1,3}$/.test(weight) || Number(weight) < 1 || Number(weight) > WEIGHT_MAX
  ) {
    throw new TypeError(
      `expected HOST:PORT=WEIGHT with a weight from 1 to ${WEIGHT_MAX}, found ${
        JSON.stringify(text)
      }`,
    );
  }
  return [parseMember(text.slice(0, equals)), Number(weight)];
}

function memberOf(path: string): Member {
  if (!path.endsWith(DRAIN)) {
    throw new TypeError(`expected ${MEMBERS_ROUTE}HOST:PORT${DRAIN}, found ${path}`);
  }
  return parseMember(decodeURIComponent(path.slice(MEMBERS_ROUTE.length, -DRAIN.length)));
}
