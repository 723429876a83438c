/**
 * What handoff does on members: it reads their groups, copies groups to them and deletes groups. One read
 * serves all callers that wait for it.
 *
 * @module
 */

import { emptyInstancePath, groupPath, lacksInstance, parseGroupId } from "../group/group.ts";
import type { NameScheme } from "../group/label_name.ts";
import type { Member } from "../member.ts";
import type { Answer } from "../pushgateway/client/answer.ts";
import { SendFailure } from "../pushgateway/client/connection.ts";
import {
  type GroupContent,
  type GroupReading,
  PROTOBUF_HEADERS,
  readGroups,
  type WantedGroups,
} from "../pushgateway/group_content.ts";
import { type FoundCopies, readCopies } from "../pushgateway/copies.ts";
import { type GroupTraits, readGroupTraits } from "../pushgateway/group_traits.ts";
import { parseStatus } from "../pushgateway/api.ts";
import { hasGaugeHistograms } from "../pushgateway/pages/family.ts";
import { PARTIAL_BODY } from "../pushgateway/partial.ts";
import {
  createKnownIds,
  type KnownIds,
  type PushTimes,
  readPushTimes,
} from "../pushgateway/push_times.ts";
import { showsGaugeHistograms } from "../pushgateway/versions.ts";
import type { Transport, UpstreamRequest } from "../pushgateway/client/transport.ts";
import { createTurns } from "../concurrency/turns.ts";
import { createClocks } from "./plan/clocks.ts";
import { untilAborted } from "../concurrency/abort.ts";
import { gather } from "../concurrency/shared_read.ts";

/** How members are reached, by the configuration in force. */
export interface GatewayWay {
  readonly transport: Transport;
  readonly nameScheme: NameScheme;
  /** Timeout of a whole read. */
  readonly readTimeoutMs: number;
  /** Timeout of a push or a deletion. */
  readonly writeTimeoutMs: number;
}

/** A member did not do what it was asked to do. The message names the member. */
export class MemberFailure extends Error {
  override readonly name = "MemberFailure";
}

/**
 * The members, as handoff uses them. All calls throw the signal's reason when it aborts. A push or a deletion
 * that was sent is awaited even then: until it is answered it may still take effect, and the next turn of the
 * group relies on nothing being in flight.
 */
export interface Gateways {
  /**
   * Reads the groups of a member and when each was pushed. The read begins after this call.
   *
   * @throws {MemberFailure} if the member cannot be read completely
   */
  pushTimes(member: Member, signal: AbortSignal): Promise<PushTimes>;
  /**
   * Reads which groups of a member are partial or have an explicit empty `instance`. The read begins after
   * this call.
   *
   * @throws {MemberFailure} if the member cannot be read completely
   */
  traits(member: Member, signal: AbortSignal): Promise<GroupTraits>;
  /**
   * Reads one group of a member. The read begins after this call.
   *
   * @returns `undefined` if the member does not hold the group
   * @throws {MemberFailure} if the member cannot be read completely
   */
  group(member: Member, id: string, signal: AbortSignal): Promise<GroupReading | undefined>;
  /**
   * Reads many groups of a member with one read, which begins after this call.
   *
   * @param wanted.bytesMax see `readGroups`
   * @returns by ID. A group that the member does not hold, or that is beyond the limit, is absent
   * @throws {MemberFailure} if the member cannot be read completely
   */
  contents(
    member: Member,
    wanted: { readonly ids: WantedGroups; readonly bytesMax: number },
    signal: AbortSignal,
  ): Promise<Map<string, GroupReading>>;
  /**
   * Looks for copies on a member with one read, which begins after this call.
   *
   * @throws {MemberFailure} if the member cannot be read completely
   */
  copies(
    member: Member,
    contents: Iterable<GroupContent>,
    signal: AbortSignal,
  ): Promise<FoundCopies>;
  /**
   * Adds the content of a group to the same group on the member, with the time of its last failed push if it
   * had one. Families with other names stay. Nothing is sent that would cut the member's page.
   *
   * @returns why the member refuses it or why it is not sent; `undefined` if it was taken
   * @throws {MemberFailure} if the outcome is not known
   */
  merge(member: Member, content: GroupContent, signal: AbortSignal): Promise<string | undefined>;
  /**
   * Marks a group as partial, because older copies may hold families that belong to it. The group need not
   * exist yet.
   *
   * @returns why the member refuses it; `undefined` if it was taken
   * @throws {MemberFailure} if the outcome is not known
   */
  markPartial(member: Member, id: string, signal: AbortSignal): Promise<string | undefined>;
  /**
   * Makes a push of a group fail, so that the member shows the group as failed since now. The content and its
   * push time stay.
   *
   * @throws {MemberFailure} if the member does not answer
   */
  failPush(member: Member, id: string, signal: AbortSignal): Promise<void>;
  /**
   * Makes a member show the time of the last failed push of a group that it already holds.
   *
   * @param failure.time Unix seconds
   * @throws {MemberFailure} if the member does not answer
   */
  restoreFailure(
    member: Member,
    failure: { readonly id: string; readonly time: number },
    signal: AbortSignal,
  ): Promise<void>;
  /**
   * Deletes a group, with and without an explicit empty `instance`. The Pushgateway deletes after it has
   * answered; the next sweep shows it.
   *
   * @throws {MemberFailure} if it is not known whether the deletion was taken
   */
  remove(member: Member, id: string, signal: AbortSignal): Promise<void>;
  /**
   * Asks a member whether it checks each push against all that it holds.
   *
   * @returns `undefined` if the member does not say
   * @throws {MemberFailure} if the member does not answer
   */
  checksPushes(member: Member, signal: AbortSignal): Promise<boolean | undefined>;
  /** Forgets a member that is gone for good, with what is known of its clock. */
  forget(member: Member): void;
  /** Waits until the signal aborts, then ends all reads that callers share, and waits for them. */
  run(signal: AbortSignal): Promise<void>;
}

/** How many characters of a member's answer are passed on. */
const REASON_CHARACTERS_MAX = 1_000;
const REFUSED = 400;
/** A flag in the status of a Pushgateway: "true" or "false". */
const UNCHECKED_FLAG = "push.disable-consistency-check";
/** A read is expensive, and the callers of a drain ask for it one after the other. */
const PATIENCE = 0.1;
/**
 * Writes to one member at once. The member takes them one after the other, and clients push to it meanwhile.
 */
const WRITES_AT_ONCE_MAX = 16;

/**
 * A sample with a timestamp. Every Pushgateway refuses it before it checks anything else, and keeps the time
 * as that of the group's last failed push.
 */
const REFUSED_BODY = new TextEncoder().encode("dynamic_sharding_failed_push 1 1\n");

/**
 * Creates the access to the members.
 *
 * @param way the configuration in force
 * @param options.pathOn the path of a group on a member, if it is not the usual one
 * @param options.versionOf the version of a member, if it is known
 * @param options.now Unix time in ms
 */
export function openGateways(
  way: () => GatewayWay,
  { pathOn, versionOf, now }: {
    readonly pathOn: (member: Member, id: string, scheme: NameScheme) => string | undefined;
    readonly versionOf: (member: Member) => string | undefined;
    readonly now: () => number;
  },
): Gateways {
  const reading = () => {
    const { transport, readTimeoutMs: timeoutMs } = way();
    return { transport, timeoutMs, now };
  };
  const clocks = createClocks();
  const knownIds = new Map<Member, KnownIds>();
  const writes = createTurns({ atOnce: () => WRITES_AT_ONCE_MAX });
  const times = gather(async (member: Member, _: readonly void[], signal) => {
    const known = knownIds.get(member) ?? createKnownIds();
    knownIds.set(member, known);
    const read = () => readPushTimes(member, { ...reading(), known }, signal);
    const { clockAhead, ...rest } = await attempt(member, "read its groups", read);
    return { ...rest, clockAhead: clocks.narrow(member, clockAhead) };
  }, PATIENCE);
  const traits = gather((member: Member, _: readonly void[], signal) => {
    const read = () => readGroupTraits(member, reading(), signal);
    return attempt(member, "read its groups from its API", read);
  }, PATIENCE);
  const groups = gather((member: Member, ids: readonly string[], signal) => {
    const read = () => readGroups(member, new Set(ids), reading(), signal);
    return attempt(member, "read its groups whole", read);
  }, PATIENCE);

  const checks = gather((member: Member, _: readonly void[], signal) =>
    attempt(member, "read its status", async () => {
      const { transport, writeTimeoutMs: timeoutMs } = way();
      const request = { method: "GET", target: "/api/v1/status", headers: [] };
      const { status, body } = await transport.send(member, request, { timeoutMs, signal });
      if (status !== 200) throw new Error(`expected 200, found ${status}`);
      const { flags } = parseStatus(new TextDecoder().decode(body));
      const unchecked = flags[UNCHECKED_FLAG];
      return unchecked === undefined ? undefined : unchecked !== "true";
    })
  );

  async function send(
    member: Member,
    { what, ...request }: UpstreamRequest & { readonly what: string },
    signal: AbortSignal,
  ): Promise<Answer> {
    using _turn = await writes.take(member, signal);
    signal.throwIfAborted();
    const { transport, writeTimeoutMs: timeoutMs } = way();
    return await attempt(
      member,
      what,
      () => transport.send(member, request, { timeoutMs }),
      signal,
    );
  }

  /** Sends a push. Returns why the member refuses it, if it does. */
  async function push(
    member: Member,
    { id, ...request }: Omit<UpstreamRequest, "target"> & {
      readonly what: string;
      readonly id: string;
    },
    signal: AbortSignal,
  ): Promise<string | undefined> {
    const { nameScheme } = way();
    const target = pathOn(member, id, nameScheme) ?? groupPath(parseGroupId(id), nameScheme);
    try {
      const answer = await send(member, { ...request, target }, signal);
      if (answer.status === REFUSED) return reasonOf(answer);
      if (isDone(answer)) return undefined;
      throw new MemberFailure(
        `${member} answered ${answer.status} to a group: ${reasonOf(answer)}`,
      );
    } catch (failure) {
      const cause = failure instanceof MemberFailure ? failure.cause : undefined;
      if (!(cause instanceof SendFailure) || cause.kind !== "closed") throw failure;
      return "it closes the connection without an answer, as Pushgateway 1.11.0 does to refuse a push";
    }
  }

  async function merge(
    member: Member,
    { id, body, pushTime, failureTime }: GroupContent,
    signal: AbortSignal,
  ): Promise<string | undefined> {
    const version = versionOf(member);
    if (!showsGaugeHistograms(version) && hasGaugeHistograms(body)) {
      const what = `a Pushgateway of version ${version ?? "unknown"}`;
      return `it has a gauge histogram, which would cut the page of ${what} for all groups`;
    }
    if (pushTime === 0 && body.length === 0) { // no push of it has ever succeeded
      await failPush(member, id, signal);
      return undefined;
    }
    const request = { what: "copy a group", method: "POST", id, headers: PROTOBUF_HEADERS, body };
    const refused = await push(member, request, signal);
    if (refused !== undefined || failureTime === 0) return refused;
    if (failureTime > pushTime) {
      await failPush(member, id, signal);
    } else {
      await restoreFailure(member, { id, time: failureTime }, signal);
    }
    return undefined;
  }

  async function restoreFailure(
    member: Member,
    { id, time }: { readonly id: string; readonly time: number },
    signal: AbortSignal,
  ): Promise<void> {
    // A push replaces this time only if the group already exists.
    const body = failureTimePage(time);
    const what = "restore the time of a failed push";
    await push(member, { what, method: "POST", id, headers: [], body }, signal);
  }

  async function failPush(member: Member, id: string, signal: AbortSignal): Promise<void> {
    const what = "have a push fail";
    await push(member, { what, method: "POST", id, headers: [], body: REFUSED_BODY }, signal);
  }

  return {
    pushTimes: (member, signal) => times.read(member, undefined, signal),
    traits: (member, signal) => traits.read(member, undefined, signal),
    contents(member, { ids, bytesMax }, signal) {
      const read = () => readGroups(member, ids, { ...reading(), bytesMax }, signal);
      return attempt(member, "read its groups whole", read, signal);
    },
    copies(member, contents, signal) {
      const read = () => readCopies(member, contents, reading(), signal);
      return attempt(member, "read its groups as protobuf", read, signal);
    },
    async group(member, id, signal) {
      return (await groups.read(member, id, signal)).get(id);
    },
    merge,
    markPartial: (member, id, signal) => {
      const what = "mark a group as partial";
      const [headers, body] = [PROTOBUF_HEADERS, PARTIAL_BODY];
      return push(member, { what, method: "POST", id, headers, body }, signal);
    },
    failPush,
    restoreFailure,
    checksPushes: (member, signal) => checks.read(member, undefined, signal),
    forget(member) {
      for (const known of [clocks, times, traits, groups, checks]) known.forget(member);
      knownIds.delete(member);
    },
    async run(signal) {
      await untilAborted(signal);
      await Promise.all([times, traits, groups, checks].map((reads) => reads.end()));
    },
    async remove(member, id, signal) {
      for (const target of deletePaths(id, way().nameScheme)) {
        const deletion = { what: "delete a group", method: "DELETE", target, headers: [] };
        const answer = await send(member, deletion, signal);
        if (isDone(answer)) continue;
        throw new MemberFailure(
          `${member} answered ${answer.status} to a deletion: ${reasonOf(answer)}`,
        );
      }
    },
  };
}

/** Returns every path that a group may be stored under. Deleting a path that does not exist does nothing. */
function deletePaths(id: string, scheme: NameScheme): string[] {
  const group = parseGroupId(id);
  const path = groupPath(group, scheme);
  return lacksInstance(group) ? [path, emptyInstancePath(group, scheme)] : [path];
}

/** Turns every error into a failure of the member, except an abort. */
async function attempt<T>(
  member: Member,
  what: string,
  call: () => Promise<T>,
  signal?: AbortSignal,
): Promise<T> {
  try {
    return await call();
  } catch (cause) {
    signal?.throwIfAborted();
    throw new MemberFailure(`${member}: cannot ${what}`, { cause });
  }
}

function isDone({ status }: Answer): boolean {
  return status >= 200 && status < 300;
}

function failureTimePage(time: number): Uint8Array {
  return new TextEncoder().encode(
    `# TYPE push_failure_time_seconds gauge\npush_failure_time_seconds ${time}\n`,
  );
}

function reasonOf({ status, body }: Answer): string {
  const text = new TextDecoder().decode(body.subarray(0, REASON_CHARACTERS_MAX)).trim();
  return text === "" ? `status ${status}` : text;
}
