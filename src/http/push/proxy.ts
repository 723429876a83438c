/** Passes a push on to the group's owner, and to the next one where nobody listens there. @module */

import type { ProxyConfig } from "../../config/config.ts";
import type { Deadlines } from "../../concurrency/deadlines.ts";
import type { Handoff } from "../../handoff/handoff.ts";
import type { Delivery } from "../../handoff/settle/on_push.ts";
import type { Member } from "../../member.ts";
import type { Metrics } from "../../metrics/metrics.ts";
import type { Answer } from "../../pushgateway/client/answer.ts";
import { type FailureKind, SendFailure } from "../../pushgateway/client/connection.ts";
import type { Transport, UpstreamRequest } from "../../pushgateway/client/transport.ts";
import { readBody } from "./body.ts";
import type { FailureLog } from "./failure_log.ts";
import { forwardAnswer, forwardHeaders } from "./forwarding.ts";
import type { Location } from "./location.ts";
import { unavailable } from "./redirect.ts";
import type { Snapshot } from "../snapshot.ts";

/** What passing on takes. */
export interface ProxyDeps {
  readonly snapshot: () => Snapshot;
  /** The way to the members as it is configured now. */
  readonly way: () => {
    readonly transport: Transport;
    readonly limits: ProxyConfig;
    /** Our credentials are sent in the place of the client's. */
    readonly ownCredentials: boolean;
  };
  /** Is told of a member that refused a connection: it takes no further push until it answers. */
  readonly onRefused: (member: Member) => void;
  readonly handoff: Pick<Handoff, "idle" | "concerns" | "handle" | "deleted">;
  readonly deadlines: Deadlines;
  readonly metrics: Metrics;
  readonly failures: FailureLog;
}

/** Passes pushes on. */
export interface Proxy {
  /** To the owner; a `DELETE` to every member that may hold the group. */
  pass(request: Request, location: Location, client: string): Promise<Response>;
  /** A push whose group may be out of place: it is brought to its owner by the way. */
  bringHome(request: Request, location: Location, client: string): Promise<Response>;
}

/** What became of a request to one member. */
type Outcome =
  | Answer
  /** How far it got. */
  | SendFailure
  /** The member has enough to do; it was not sent. */
  | "busy"
  /** The member refuses our own credentials; it was not taken. */
  | "unauthorized";

/** Members that a push is offered to: each may take 2 s to show that it cannot be reached. */
const TRIES_MAX = 10;
const UNAUTHORIZED = new Set([401, 403]);

/** Makes the proxy of one app. */
export function createProxy(deps: ProxyDeps): Proxy {
  const inFlight = new Map<Member, number>();
  deps.metrics.showInFlight(inFlight);

  async function send(
    member: Member,
    request: UpstreamRequest,
    timeoutMs: number,
  ): Promise<Outcome> {
    const { transport, limits, ownCredentials } = deps.way();
    const pending = inFlight.get(member) ?? 0;
    if (pending >= limits.inFlightMax) {
      deps.failures.tell(member, "busy", `${pending} pushes wait for its answer`);
      return "busy";
    }
    inFlight.set(member, pending + 1);
    try {
      const answer = await transport.send(member, request, { timeoutMs });
      if (!ownCredentials || !UNAUTHORIZED.has(answer.status)) return answer;
      deps.failures.tell(member, "unauthorized", `it answers ${answer.status} to our credentials`);
      return "unauthorized";
    } catch (failure) {
      if (!(failure instanceof SendFailure)) throw failure;
      deps.failures.tell(member, failure.kind, failure);
      if (failure.kind === "refused") deps.onRefused(member);
      return failure;
    } finally {
      const left = (inFlight.get(member) ?? 1) - 1;
      if (left > 0) inFlight.set(member, left);
      else inFlight.delete(member);
    }
  }

  /** To the owner, or the next one on the ring where no connection comes about. */
  async function passOn(key: string, request: UpstreamRequest): Promise<Delivery<Response>> {
    const { timeoutMs } = deps.way().limits;
    const tried = new Set<Member>();
    while (tried.size < TRIES_MAX) {
      const owner = deps.snapshot().ring.ownerWithout(key, tried);
      if (owner === undefined) break;
      const outcome = await send(owner, request, timeoutMs);
      if (!isUnsent(outcome)) return delivery(owner, outcome);
      tried.add(owner);
    }
    return { answer: nobody(tried) };
  }

  /** To every member that answers, in the ring or not: any of them may hold a copy of the group. */
  async function passToAll(id: string, request: UpstreamRequest): Promise<Delivery<Response>> {
    const { ring, membership } = deps.snapshot();
    const up = [...membership.records].filter(([, { verdict }]) => verdict === "up");
    const members = [...new Set([...ring.members, ...up.map(([member]) => member)])];
    const { timeoutMs } = deps.way().limits;
    const sentAt = Date.now();
    const outcomes = await Promise.all(
      members.map(async (member) => ({ member, outcome: await send(member, request, timeoutMs) })),
    );
    const reached = outcomes.filter(({ outcome }) => !isUnsent(outcome));
    const failed = reached.find(({ outcome }) => !isTaken(outcome));
    const first = failed ?? reached[0];
    if (!first) return { answer: nobody(new Set(members)) };
    if (!failed) deps.handoff.deleted(id, sentAt);
    return delivery(first.member, first.outcome);
  }

  async function prepare(
    request: Request,
    target: string,
    client: string,
  ): Promise<UpstreamRequest | Response> {
    const { limits, ownCredentials } = deps.way();
    const body = await readBody(request, {
      bytesMax: limits.bodyBytesMax,
      timeoutMs: limits.timeoutMs,
      deadlines: deps.deadlines,
    });
    if (body instanceof Response) return body;
    const credentials = ownCredentials ? "own" : "client";
    const headers = forwardHeaders(request.headers, { client, credentials });
    return { method: request.method, target, headers, body };
  }

  function deliver({ key, id }: Location, request: UpstreamRequest): Promise<Delivery<Response>> {
    return request.method === "DELETE" ? passToAll(id, request) : passOn(key, request);
  }

  async function bringHome(request: UpstreamRequest, location: Location): Promise<Response> {
    const { timeoutMs } = deps.way().limits;
    try {
      return await deps.handoff.handle({
        ...location,
        method: request.method,
        deliver: async (to) =>
          to ? delivery(to, await send(to, request, timeoutMs)) : await deliver(location, request),
      }, AbortSignal.timeout(timeoutMs));
    } catch (failure) {
      const why = failure instanceof Error ? failure.message : String(failure);
      return unavailable(`the group is being moved: ${why}`);
    }
  }

  return {
    async pass(request, location, client) {
      const upstream = await prepare(request, location.target, client);
      if (upstream instanceof Response) return upstream;
      // The ring may have changed while the body came.
      if (
        !deps.handoff.idle && await deps.handoff.concerns({ ...location, method: request.method })
      ) {
        return await bringHome(upstream, location);
      }
      return (await deliver(location, upstream)).answer;
    },
    async bringHome(request, location, client) {
      const upstream = await prepare(request, location.target, client);
      return upstream instanceof Response ? upstream : await bringHome(upstream, location);
    },
  };
}

function isTaken(outcome: Outcome): boolean {
  return typeof outcome === "object" && !(outcome instanceof SendFailure) &&
    outcome.status >= 200 && outcome.status < 300;
}

function delivery(member: Member, outcome: Outcome): Delivery<Response> {
  const answer = respond(member, outcome);
  if (isTaken(outcome)) return { answer, taken: member };
  return isUnsent(outcome) ? { answer, unsent: true } : { answer };
}

function isUnsent(outcome: Outcome): boolean {
  return outcome instanceof SendFailure && !MAY_HAVE_ARRIVED[outcome.kind];
}

/** A push that may have been taken is never sent to another member: the group would lie on both. */
const MAY_HAVE_ARRIVED: Readonly<Record<FailureKind, boolean>> = {
  refused: false,
  unreachable: false,
  reset: true,
  broken: true,
  timeout: true,
};

function respond(member: Member, outcome: Outcome): Response {
  if (outcome === "busy") return unavailable(`${member} has too many pushes to answer`);
  if (outcome === "unauthorized") {
    return new Response(`${member} refuses the credentials of dynamic-sharding\n`, { status: 502 });
  }
  if (!(outcome instanceof SendFailure)) return forwardAnswer(outcome);
  const status = outcome.kind === "timeout" ? 504 : 502;
  return new Response(`${member}: ${outcome.message}; the push may have been taken\n`, { status });
}

function nobody(tried: ReadonlySet<Member>): Response {
  return unavailable(
    tried.size === 0
      ? "no Pushgateway is known yet"
      : `no Pushgateway can be reached, tried ${[...tried].join(", ")}`,
  );
}
