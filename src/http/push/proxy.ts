/**
 * Forwards a push to the group's owner, or to another member if the owner cannot be reached.
 *
 * @module
 */

import type { ProxyConfig } from "../../config/config.ts";
import { deadline } from "../../concurrency/deadline.ts";
import type { Deadlines } from "../../concurrency/deadlines.ts";
import { within } from "../../concurrency/backoff.ts";
import { emptyInstancePath, lacksInstance, parseGroupId } from "../../group/group.ts";
import type { NameScheme } from "../../group/label_name.ts";
import { MemberFailure } from "../../handoff/gateways.ts";
import type { Handoff } from "../../handoff/handoff.ts";
import type { Delivery } from "../../handoff/settle/on_push.ts";
import { errorText } from "../../log.ts";
import type { Member } from "../../member.ts";
import type { Metrics } from "../../metrics/metrics.ts";
import type { Answer } from "../../pushgateway/client/answer.ts";
import { type FailureKind, SendFailure } from "../../pushgateway/client/connection.ts";
import { headerValue } from "../../wire/headers.ts";
import type { Transport, UpstreamRequest } from "../../pushgateway/client/transport.ts";
import { pushedTypes } from "../../pushgateway/pages/pushed_types.ts";
import { readBody } from "./body.ts";
import { type BodyPart, createBodyMemory } from "./body_memory.ts";
import type { FailureLog } from "./failure_log.ts";
import { forwardAnswer, forwardHeaders, without } from "./forwarding.ts";
import type { Location } from "./location.ts";
import { createMemberTurns } from "./member_turns.ts";
import { unavailable } from "./redirect.ts";
import { createUnpacker } from "./unpack.ts";
import { type IncomingRequest, Reply, textReply } from "../message.ts";
import { joiningRing, type Snapshot } from "../snapshot.ts";

/** What the proxy needs. */
export interface ProxyDeps {
  readonly snapshot: () => Snapshot;
  /** Returns how members are reached under the current configuration. */
  readonly way: () => {
    readonly transport: Transport;
    readonly nameScheme: NameScheme;
    readonly limits: ProxyConfig;
    /** Whether our credentials are sent instead of the client's. */
    readonly ownCredentials: boolean;
  };
  /** Called for each push that a member has answered. */
  readonly onAnswered: (member: Member) => void;
  /** Called with a member that refused a connection: it gets no further push until it answers. */
  readonly onRefused: (member: Member) => void;
  readonly handoff: Pick<
    Handoff,
    | "isIdle"
    | "spellingKnown"
    | "concerns"
    | "handle"
    | "sends"
    | "deleted"
    | "pathOn"
    | "takesOver"
    | "taken"
    | "mustHearOf"
  >;
  readonly deadlines: Deadlines;
  readonly metrics: Metrics;
  readonly failures: Pick<FailureLog, "tell" | "works">;
}

/** Forwards pushes. */
export interface Proxy {
  /** Sends a push to the owner. A `DELETE` is sent to every member that may hold the group. */
  pass(request: IncomingRequest, location: Location): Promise<Reply>;
  /** Sends a push whose group may be out of place, and moves the group to its owner. */
  bringHome(request: IncomingRequest, location: Location): Promise<Reply>;
  /** Whether a push has to be unpacked here because some member cannot unpack it. */
  mustUnpack(headers: readonly string[]): boolean;
}

/** A request about a group. */
interface GroupRequest extends UpstreamRequest {
  readonly id: string;
  /** Whose credentials are sent. `own`: ours, or none if the client's were meant for dynamic-sharding. */
  readonly credentials: "own" | "client";
}

/** The outcome of a request to one member. */
type Outcome =
  | Answer
  /** The request failed; the kind says how far it got. */
  | SendFailure
  /** The request was not sent, because the member has too many pushes to answer. */
  | "busy"
  /** The member refuses our own credentials and did not take the push. */
  | "unauthorized";

/** The most members to try for one push: each may take 2 s to show that it cannot be reached. */
const TRIES_MAX = 10;
/**
 * How long a member that is not known to hold the group may take to answer a deletion. Afterwards the
 * deletion is remembered for it.
 */
const DELETION_MS_MAX = 2_000;
const NO_BODY = new Uint8Array();
const PACKED_HEADERS = new Set(["content-encoding"]);
const REFUSED = 400;
const UNAUTHORIZED = new Set([401, 403]);

/** Creates the proxy of one app. */
export function createProxy(deps: ProxyDeps): Proxy {
  const turns = createMemberTurns(() => deps.way().limits);
  deps.metrics.showInFlight(turns.counts);
  const bodies = createBodyMemory(() => deps.way().limits.bodyMemoryMax);
  deps.metrics.showBodyBytes(() => bodies.taken);
  const unpacker = createUnpacker(() => deps.snapshot().membership.records);
  async function send(
    member: Member,
    request: GroupRequest,
    timeoutMs = deps.way().limits.timeoutMs,
  ): Promise<Outcome> {
    const { transport, nameScheme, limits } = deps.way();
    const { id, method, headers, body } = request;
    const target = deps.handoff.pathOn(member, id, nameScheme) ?? request.target;
    let turn = turns.tryTake(member);
    let leftMs = timeoutMs;
    if (!turn) {
      const begunMs = performance.now();
      turn = await turns.take(member, { bytes: body?.length ?? 0, timeoutMs });
      leftMs -= performance.now() - begunMs;
    }
    if (!turn) {
      const why = `${limits.inFlightMax} pushes already wait for its answer`;
      deps.failures.tell(member, "busy", why);
      return "busy";
    }
    // No `using` in the path of every push: it costs twice as much as `finally` (bench/README.md).
    try {
      const upstream = { method, target, headers, body };
      const answer = await transport.send(member, upstream, { timeoutMs: leftMs });
      deps.onAnswered(member);
      if (request.credentials === "client" || !UNAUTHORIZED.has(answer.status)) {
        deps.failures.works(member);
        return answer;
      }
      deps.failures.tell(
        member,
        "unauthorized",
        `it refuses the credentials of dynamic-sharding with ${answer.status}`,
      );
      return "unauthorized";
    } catch (failure) {
      if (!(failure instanceof SendFailure)) throw failure;
      deps.failures.tell(member, failure.kind, failure);
      if (failure.kind === "refused") deps.onRefused(member);
      return failure;
    } finally {
      turn[Symbol.dispose]();
    }
  }

  /** Returns the outcome of a push, with the answer for its client. */
  function delivered(member: Member, outcome: Outcome): Delivery<Reply> {
    const answer = respond(member, outcome, (error) => deps.failures.tell(member, "broken", error));
    if (isTaken(outcome)) return { answer, taken: member };
    if (isUnsent(outcome)) return { answer, unsent: true };
    return isRefused(outcome) ? { answer, refusedBy: member } : { answer };
  }

  /**
   * Sends a push to the owner, or to the next member of the ring if no connection can be made. If no member of
   * the ring can be reached, the push goes to its owner on a newer ring, or to a member that is about to join.
   *
   * @param sends called with each member before the push is sent, if nothing else ensures that moves take the
   *   push into account
   */
  async function passOn(
    key: string,
    request: GroupRequest,
    sends?: Handoff["sends"],
  ): Promise<Delivery<Reply>> {
    // The push uses one ring for as long as a member of it may take the push: a newer ring could send it to
    // another member than other pushes of its group.
    const { ring } = deps.snapshot();
    const tried: Member[] = [];
    let endMs = Infinity;
    while (tried.length < TRIES_MAX) {
      const owner = ring.ownerWithout(key, tried) ?? ownerBeyond(key, tried);
      if (owner === undefined) break;
      const takesOver = tried.length > 0 && request.method === "POST";
      tried.push(owner);
      if (takesOver) endMs = Math.min(endMs, performance.now() + deps.way().limits.timeoutMs);
      const sent = sends?.(owner, key);
      try {
        if (takesOver && !await prepared(request.id, owner, endMs)) continue;
        const outcome = await send(owner, request);
        if (isUnsent(outcome)) continue;
        if (tried.length > 1 && isTaken(outcome)) {
          deps.handoff.taken({ id: request.id, key }, owner);
        }
        return delivered(owner, outcome);
      } finally {
        sent?.[Symbol.dispose]();
      }
    }
    return { answer: nobody(tried) };
  }

  /**
   * Returns the member that takes a push if no member of its ring can be reached: its owner on the present ring,
   * if that is another one by now, or a member that is active and not on the ring yet.
   */
  function ownerBeyond(key: string, tried: readonly Member[]): Member | undefined {
    // While the ring is empty nothing is sent: the group would go to whichever member has answered first.
    if (tried.length === 0) return undefined;
    const snapshot = deps.snapshot();
    return snapshot.ring.ownerWithout(key, tried) ??
      joiningRing(snapshot).ownerWithout(key, tried);
  }

  /** Whether a member is ready, by this time, to take over a group from a member that cannot be reached. */
  async function prepared(id: string, member: Member, endMs: number): Promise<boolean> {
    using late = deadline(endMs - performance.now());
    try {
      await deps.handoff.takesOver(id, member, late.signal);
      return true;
    } catch (failure) {
      if (!(failure instanceof MemberFailure) && !late.signal.aborted) throw failure;
      return false;
    }
  }

  /**
   * Sends a deletion to every member that answers, in the ring or not: any of them may hold a copy of the
   * group.
   */
  async function passToAll(
    location: Location,
    request: GroupRequest,
  ): Promise<Delivery<Reply>> {
    const { ring, membership: { records } } = deps.snapshot();
    const up = [...records].filter(([, { verdict, aliasOf }]) => verdict === "up" && !aliasOf);
    const members = [...new Set([...ring.members, ...up.map(([member]) => member)])];
    const mustHear = deps.handoff.mustHearOf(location);
    const sentAt = Date.now();
    const outcomes = await Promise.all(members.map(async (member) => {
      const deletion = deleteOn(member, request);
      const isInTime = mustHear.has(member) || await within(DELETION_MS_MAX, deletion);
      return { member, outcome: isInTime ? await deletion : "late" as const };
    }));
    const reached = outcomes.flatMap(({ member, outcome }) =>
      outcome === "late" || isUnsent(outcome) ? [] : [{ member, outcome }]
    );
    const failed = reached.find(({ outcome }) => !isTaken(outcome));
    const first = failed ?? reached[0];
    if (!first) return { answer: nobody(members) };
    if (!failed) {
      const heard = new Set(reached.map(({ member }) => member));
      const known = [...new Set([...members, ...records.keys()])];
      const unheard = known.filter((member) => !heard.has(member) && !records.get(member)?.aliasOf);
      deps.handoff.deleted(location.id, { sentAt, unheard });
    }
    return delivered(first.member, first.outcome);
  }

  /** Deletes a group on a member in both forms in which the member may store it. */
  async function deleteOn(member: Member, request: GroupRequest): Promise<Outcome> {
    const group = parseGroupId(request.id);
    if (!lacksInstance(group)) return await send(member, request);
    const target = emptyInstancePath(group, deps.way().nameScheme);
    const outcomes = await Promise.all([
      send(member, request),
      send(member, { ...request, target }),
    ]);
    return outcomes.find((outcome) => !isTaken(outcome)) ?? outcomes[0];
  }

  /**
   * Reads a request's body, and unpacks it if necessary. Returns at once if the body has arrived and is not
   * packed.
   */
  function prepare(
    request: IncomingRequest,
    location: Location,
    memory: BodyPart,
  ): GroupRequest | Reply | Promise<GroupRequest | Reply> {
    const { limits: { bodyBytesMax: bytesMax, timeoutMs }, ownCredentials } = deps.way();
    const limits = { bytesMax, timeoutMs, deadlines: deps.deadlines, memory };
    const withBody = (body: Uint8Array | Reply, received = request.headers) => {
      if (body instanceof Reply) return body;
      const { method, client, user } = request;
      const credentials = ownCredentials || user !== undefined ? "own" : "client";
      const headers = forwardHeaders(received, { client, credentials });
      const { id, target } = location;
      return { id, method, target, headers, body, credentials } satisfies GroupRequest;
    };
    const withPlainBody = (body: Uint8Array | Reply) => {
      const packing = unpacker.dueFor(request.headers);
      if (packing === undefined || body instanceof Reply) return withBody(body);
      const headers = without(request.headers, PACKED_HEADERS);
      // A deletion needs no body, and members that unpack would refuse an empty one.
      if (request.method === "DELETE") return withBody(NO_BODY, headers);
      return unpacker.unpack(body, packing, limits).then((plain) => withBody(plain, headers));
    };
    const body = readBody(request.body, limits);
    return body instanceof Promise ? body.then(withPlainBody) : withPlainBody(body);
  }

  function deliver(
    location: Location,
    request: GroupRequest,
    sends?: Handoff["sends"],
  ): Promise<Delivery<Reply>> {
    return request.method === "DELETE"
      ? passToAll(location, request)
      : passOn(location.key, request, sends);
  }

  async function bringHome(request: GroupRequest, location: Location): Promise<Reply> {
    const { timeoutMs } = deps.way().limits;
    using late = deadline(timeoutMs);
    try {
      return await deps.handoff.handle({
        ...location,
        method: request.method,
        types: () => typesIn(request),
        deliver: async (to, withinMs) =>
          to === undefined
            ? await deliver(location, request)
            : delivered(to, await send(to, request, withinMs ?? timeoutMs)),
      }, late.signal);
    } catch (failure) {
      return unavailable(`the group is being moved: ${errorText(failure)}`);
    }
  }

  return {
    async pass(request, location) {
      const memory = bodies.open();
      try {
        const preparing = prepare(request, location, memory);
        const upstream = preparing instanceof Promise ? await preparing : preparing;
        if (upstream instanceof Reply) return upstream;
        // The ring may have changed while the body arrived. Nothing is awaited between `concerns` and sending
        // the push.
        const asked = { ...location, method: request.method };
        const spellingKnown = deps.handoff.isIdle() ? undefined : deps.handoff.spellingKnown(asked);
        if (spellingKnown) await spellingKnown;
        if (!deps.handoff.isIdle() && deps.handoff.concerns(asked)) {
          return await bringHome(upstream, location);
        }
        return (await deliver(location, upstream, deps.handoff.sends)).answer;
      } finally {
        memory[Symbol.dispose]();
      }
    },
    async bringHome(request, location) {
      using memory = bodies.open();
      const upstream = await prepare(request, location, memory);
      if (upstream instanceof Reply) return upstream;
      return await bringHome(upstream, location);
    },
    mustUnpack: (headers) => unpacker.dueFor(headers) !== undefined,
  };
}

function typesIn({ headers, body = new Uint8Array() }: GroupRequest): ReadonlyMap<string, string> {
  return pushedTypes(body, {
    contentType: headerValue(headers, "content-type"),
    contentEncoding: headerValue(headers, "content-encoding"),
  });
}

function isTaken(outcome: Outcome): boolean {
  return typeof outcome === "object" && !(outcome instanceof SendFailure) &&
    outcome.status >= 200 && outcome.status < 300;
}

/** Whether the member has understood the push and refuses it. */
function isRefused(outcome: Outcome): boolean {
  if (typeof outcome !== "object") return false;
  return outcome instanceof SendFailure ? outcome.kind === "closed" : outcome.status === REFUSED;
}

function isUnsent(outcome: Outcome): boolean {
  return outcome instanceof SendFailure && !MAY_HAVE_ARRIVED[outcome.kind];
}

/** A push that may have been taken is never sent to another member: the group would be on both. */
const MAY_HAVE_ARRIVED: Readonly<Record<FailureKind, boolean>> = {
  refused: false,
  unreachable: false,
  reset: true,
  closed: true,
  broken: true,
  timeout: true,
};

/** @param onOdd called with the reason if an answer cannot be forwarded */
function respond(
  member: Member,
  outcome: Outcome,
  onOdd: (error: unknown) => void,
): Reply {
  if (outcome === "busy") return unavailable(`${member} has too many pushes to answer`);
  if (outcome === "unauthorized") {
    return textReply(502, `${member} refuses the credentials of dynamic-sharding\n`);
  }
  if (!(outcome instanceof SendFailure)) {
    try {
      return forwardAnswer(outcome);
    } catch (error) {
      onOdd(error);
      const what = `its answer cannot be passed on, status ${outcome.status}: ${errorText(error)}`;
      return textReply(502, `${member}: ${what}; the push may have been taken\n`);
    }
  }
  if (outcome.kind === "closed") {
    const why =
      "closed the connection without an answer, as Pushgateway 1.11.0 does to refuse a push";
    return textReply(502, `${member} ${why}\n`);
  }
  const status = outcome.kind === "timeout" ? 504 : 502;
  return textReply(status, `${member}: ${outcome.message}; the push may have been taken\n`);
}

function nobody(tried: readonly Member[]): Reply {
  return unavailable(
    tried.length === 0
      ? "no Pushgateway is known yet"
      : `no Pushgateway can be reached, tried ${tried.join(", ")}`,
  );
}
