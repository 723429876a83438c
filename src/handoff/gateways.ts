/**
 * What handoff does on members: reading what they hold, putting a group, deleting one. Reads are
 * gathered: one serves all who wait for it.
 *
 * @module
 */

import { groupPath, parseGroupId } from "../group/group.ts";
import type { NameScheme } from "../group/label_name.ts";
import { errorText } from "../log.ts";
import type { Member } from "../member.ts";
import type { Answer } from "../pushgateway/client/answer.ts";
import {
  type GroupContent,
  type GroupReading,
  PROTOBUF_HEADERS,
  readGroups,
} from "../pushgateway/group_content.ts";
import { type PushTimes, readPushTimes } from "../pushgateway/push_times.ts";
import type { Transport, UpstreamRequest } from "../pushgateway/client/transport.ts";
import { createTurns } from "../concurrency/turns.ts";
import { createClocks } from "./plan/clocks.ts";
import { gather } from "../concurrency/shared_read.ts";

/** The way to the members as it is configured now. */
export interface GatewayWay {
  readonly transport: Transport;
  readonly nameScheme: NameScheme;
  /** For a whole read. */
  readonly readTimeoutMs: number;
  /** For a push or a deletion. */
  readonly writeTimeoutMs: number;
}

/** A member did not do what it was asked; the message names it. */
export class MemberFailure extends Error {
  override readonly name = "MemberFailure";
}

/** The members, as handoff uses them. All calls throw the signal's reason when it aborts. */
export interface Gateways {
  /**
   * The groups of a member and when each was pushed, as of after this call.
   *
   * @throws {MemberFailure} where it cannot be read whole
   */
  pushTimes(member: Member, signal: AbortSignal): Promise<PushTimes>;
  /**
   * One group of a member, as of after this call; `undefined` where it does not hold it.
   *
   * @throws {MemberFailure} where it cannot be read whole
   */
  group(member: Member, id: string, signal: AbortSignal): Promise<GroupReading | undefined>;
  /**
   * Puts the group on a member, with the time of its last failed push where it had one.
   *
   * @returns why the member refuses it, where it does
   * @throws {MemberFailure} where the outcome is not known
   */
  put(member: Member, content: GroupContent, signal: AbortSignal): Promise<string | undefined>;
  /** As {@linkcode put}, onto what the member holds of the group: families of other names stay. */
  merge(member: Member, content: GroupContent, signal: AbortSignal): Promise<string | undefined>;
  /**
   * Deletes a group. The Pushgateway does so after it has answered; the next sweep shows it.
   *
   * @param paths where the group has more than its usual one
   * @throws {MemberFailure} where it is not known to be taken
   */
  remove(
    member: Member,
    id: string,
    options: { readonly paths?: readonly string[]; readonly signal: AbortSignal },
  ): Promise<void>;
}

/** How much of a member's own words is passed on. */
const REASON_CHARACTERS_MAX = 300;
const REFUSED = 400;
/** A read is dear, and those who drain come to it one after the other. */
const PATIENCE = 0.1;
/** To one member. It takes them one after the other anyway, and clients push to it meanwhile. */
const WRITES_AT_ONCE_MAX = 16;

/** Opens the way to the members; `now` is Unix time in ms. */
export function openGateways(way: () => GatewayWay, now: () => number): Gateways {
  // A read that many wait for ends when its time is up, not when one of them gives up.
  const never = new AbortController().signal;
  const reading = () => {
    const { transport, readTimeoutMs: timeoutMs, nameScheme } = way();
    return { transport, timeoutMs, nameScheme, now };
  };
  const clocks = createClocks();
  const writes = createTurns({ atOnce: WRITES_AT_ONCE_MAX });
  const times = gather(async (member: Member, _: readonly void[]) => {
    const read = () => readPushTimes(member, reading(), never);
    const { times, clockAhead } = await attempt(member, "read its groups", read);
    return { times, clockAhead: clocks.narrow(member, clockAhead) };
  }, PATIENCE);
  const groups = gather((member: Member, ids: readonly string[]) => {
    const read = () => readGroups(member, new Set(ids), reading(), never);
    return attempt(member, "read its groups whole", read);
  }, PATIENCE);

  async function send(
    member: Member,
    { what, ...request }: UpstreamRequest & { readonly what: string },
    signal: AbortSignal,
  ): Promise<Answer> {
    using _turn = await writes.take(member, signal);
    const { transport, writeTimeoutMs: timeoutMs } = way();
    return await attempt(
      member,
      what,
      () => transport.send(member, request, { timeoutMs, signal }),
      signal,
    );
  }

  function pathOf(id: string): string {
    return groupPath(parseGroupId(id), way().nameScheme);
  }

  async function push(
    method: "PUT" | "POST",
    member: Member,
    { content, signal }: { content: GroupContent; signal: AbortSignal },
  ): Promise<string | undefined> {
    const { id, body, failureTime } = content;
    const target = pathOf(id);
    const what = "put a group";
    const answer = await send(
      member,
      { what, method, target, headers: PROTOBUF_HEADERS, body },
      signal,
    );
    if (answer.status === REFUSED) return reasonOf(answer);
    if (!isDone(answer)) {
      throw new MemberFailure(
        `${member} answered ${answer.status} to a group: ${reasonOf(answer)}`,
      );
    }
    if (failureTime > 0) {
      // A push takes this time over only where the group is there already.
      const body = failureTimePage(failureTime);
      const what = "restore the time of a failed push";
      await send(member, { what, method: "POST", target, headers: [], body }, signal);
    }
    return undefined;
  }

  return {
    pushTimes: (member, signal) => times.read(member, undefined, signal),
    async group(member, id, signal) {
      return (await groups.read(member, id, signal)).get(id);
    },
    put: (member, content, signal) => push("PUT", member, { content, signal }),
    merge: (member, content, signal) => push("POST", member, { content, signal }),
    async remove(member, id, { paths = [pathOf(id)], signal }) {
      for (const target of paths) {
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

/** Whatever goes wrong is a failure of that member; an abort stays what it is. */
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
    throw new MemberFailure(`${member}: cannot ${what}: ${errorText(cause)}`);
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
