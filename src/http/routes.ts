/** Chooses the answer to each request. Has no state: a snapshot is taken once for each request. @module */

import type { Deadlines } from "../concurrency/deadlines.ts";
import type { Config } from "../config/config.ts";
import { scrapingOf } from "../config/scraping.ts";
import type { Handoff } from "../handoff/handoff.ts";
import { faultFields, type Logger } from "../log.ts";
import type { Metrics } from "../metrics/metrics.ts";
import { headerValue } from "../wire/headers.ts";
import type { Admin } from "./api/admin.ts";
import { dropBody } from "./push/body.ts";
import { locatePush } from "./push/location.ts";
import { MEMBERS_ROUTE, type MembersApi } from "./api/members.ts";
import type { Proxy } from "./push/proxy.ts";
import type { Pushed } from "./api/pushed.ts";
import { ASSETS_ROUTE, type Page } from "./page/page.ts";
import { previewPush, type PushDeps, redirectPush, unavailable } from "./push/redirect.ts";
import type { Guard } from "./guard/guard.ts";
import { otherSite } from "./guard/other_sites.ts";
import { failure, type FailureStatus, success } from "./api/envelope.ts";
import { withEtag } from "./api/etag.ts";
import type { GroupsApi } from "./api/groups.ts";
import type { OverviewView } from "./api/views.ts";
import { fewAtATime } from "./api/few_at_a_time.ts";
import { readiness } from "./api/readiness.ts";
import { followsRedirect, losesBody } from "./push/redirect_clients.ts";
import { answerSd } from "./api/sd.ts";
import type { Sizes } from "./api/sizes.ts";
import { createIntervalWarning } from "./api/sd_interval.ts";
import {
  type Handler,
  hasBody,
  type IncomingRequest,
  type Refuse,
  Reply,
  textReply,
} from "./message.ts";

/** How a reload of the configuration ended. */
export type ReloadOutcome =
  | { readonly ok: true }
  | { readonly ok: false; readonly problems: readonly string[] };

/** What the routes need. */
export interface RouteDeps extends PushDeps {
  readonly config: () => Config;
  /** Forwards a push to where it belongs. */
  readonly proxy: Proxy;
  /** Whether discovery has a view of its own that is not known here yet. */
  readonly awaitsDiscovery: () => boolean;
  /** Says whether the group of a push may be out of place. */
  readonly handoff: Pick<Handoff, "isIdle" | "spellingKnown" | "concerns" | "pathOn">;
  /** The state of the members, and the requests to drain them. */
  readonly members: MembersApi;
  /** The groups of all members. */
  readonly groups: Pick<GroupsApi, "find">;
  /** Answers how large groups are. */
  readonly sizes: Sizes;
  /** Answers which member a group is pushed to, by the target of a request. */
  readonly locate: (target: string) => Reply;
  /** Answers the latest events. */
  readonly events: () => Reply;
  /** Returns the state of this instance. */
  readonly overview: () => OverviewView;
  /** The status page. */
  readonly page: Page;
  /** The groups of all members as one page. */
  readonly pushed: Pushed;
  /** The Pushgateways' own API, for all members together. */
  readonly admin: Admin;
  /** Whether requests that delete or move groups are answered. */
  readonly enableAdminApi: boolean;
  readonly deadlines: Deadlines;
  readonly metrics: Metrics;
  /** Reloads the configuration. Absent if the lifecycle API is off. */
  readonly reload?: () => Promise<ReloadOutcome>;
  /** Absent if there is no web configuration. */
  readonly web?: {
    /** Guards every request. */
    readonly guard: Guard;
    /** Whether TLS or passwords protect this service: then `auto` redirects no client. */
    readonly isProtected: () => boolean;
  };
  readonly log: Logger;
  /** A clock in milliseconds, for durations. */
  readonly now: () => number;
}

/** The beginning of usual push paths. No other endpoint begins like this. */
const PUSH_ROUTE = "/metrics/job/";
/** Refusals of paths that begin like this are JSON, as their other answers are. */
const API_ROUTE = "/api/v1/";
const ADMIN_API_OFF = "Admin API is not enabled.";

/** The most pages of all groups at once: each page makes every member send one, and holds a piece of each. */
const PUSHED_MAX = 4;
/** The most searches for groups at once. One of them runs, and the others wait. */
const SEARCHES_MAX = 10;

type Answer = Reply | Promise<Reply>;
type Route = Readonly<Record<string, (request: IncomingRequest) => Answer>>;

/** Creates the handler of all requests. It never throws. */
export function createHandler(deps: RouteDeps): Handler {
  const { metrics, web, log, now } = deps;
  const routes = createRoutes(deps);
  const refuse: Refuse = ({ target }, status, text, headers) => {
    const path = withoutPrefix(target, deps.config().upstream.routePrefix);
    return refusal(path, status, text, headers);
  };
  const answerOf: Handler = (request) => {
    const other = otherSite(request);
    if (other === undefined) return dispatch(request, { routes, deps });
    return refuse(request, 403, `expected no request of another site's page, found ${other}`);
  };
  const guarded = web ? web.guard(answerOf, refuse) : answerOf;
  const isDebug = log.isEnabledFor("debug");

  function finish({ method, target, client }: IncomingRequest, reply: Reply, seconds: number) {
    metrics.requestDone({ method, code: reply.status, seconds });
    if (isDebug) {
      log.debug("request answered", { method, target, code: reply.status, client, seconds });
    }
    return reply;
  }

  function fail(request: IncomingRequest, error: unknown): Reply {
    log.error("request failed by an internal error", {
      method: request.method,
      ...faultFields(error),
    });
    return textReply(500, "internal error\n");
  }

  return (request) => {
    try {
      const answer = guarded(request);
      // A synchronous answer takes less time than the first bucket shows, and reading the clock would double
      // it.
      if (answer instanceof Reply) return finish(request, answer, 0);
      const startMs = now();
      const secondsSince = () => (now() - startMs) / 1_000;
      return answer.then(
        (reply) => finish(request, reply, secondsSince()),
        (error) => finish(request, fail(request, error), secondsSince()),
      );
    } catch (error) {
      return finish(request, fail(request, error), 0);
    }
  };
}

function dispatch(
  request: IncomingRequest,
  { routes, deps }: { routes: ReadonlyMap<string, Route>; deps: RouteDeps },
): Answer {
  const whole = request.target;
  // Nearly every request is a push, and should not pay for the look-up of the other routes.
  if (whole.startsWith(PUSH_ROUTE)) return answerPush(request, whole, deps);
  const target = withoutPrefix(whole, deps.config().upstream.routePrefix);
  const query = target.indexOf("?");
  const path = query < 0 ? target : target.slice(0, query);
  if (path.startsWith(MEMBERS_ROUTE)) return answerMember(request, path, deps);
  if (path.startsWith(ASSETS_ROUTE)) return answerAsset(request, path, deps);
  const route = routes.get(path);
  if (!route) return answerPush(request, target, deps);
  const { method } = request;
  const answer = Object.hasOwn(route, method) ? route[method] : undefined;
  return answer ? answer(request) : notAllowed(Object.keys(route).join(", "), method, path);
}

/** Creates the answers to all paths, except for pushes and single members, by path and method. */
export function createRoutes(deps: RouteDeps): ReadonlyMap<string, Route> {
  const healthy = () => textReply(200, "OK\n");
  const ready = () => {
    const { ready, reason } = readiness(deps.snapshot());
    return textReply(ready ? 200 : 503, `${reason}\n`);
  };
  const warnOfInterval = createIntervalWarning(deps.log);
  const sd = (request: IncomingRequest) => {
    warnOfInterval(request);
    const { upstream } = deps.config();
    const awaitsDiscovery = deps.awaitsDiscovery();
    return withEtag(answerSd(deps.snapshot(), { awaitsDiscovery, upstream }), request.headers);
  };
  const scraping = () => success(scrapingOf(deps.config()));
  const reload = async () => {
    if (!deps.reload) return textReply(403, "Lifecycle API is not enabled.\n");
    const outcome = await deps.reload();
    return outcome.ok
      ? textReply(200, "configuration reloaded\n")
      : textReply(500, `${outcome.problems.join("\n")}\n`);
  };
  const { admin } = deps;
  const allMetrics = fewAtATime(1, "/api/v1/metrics", admin.metrics);
  const plan = fewAtATime(1, "a plan", deps.members.plan);
  const search = fewAtATime(SEARCHES_MAX, "a search for groups", deps.groups.find);
  const sizes = fewAtATime(1, "a list of sizes", deps.sizes);
  const pushed = fewAtATime(PUSHED_MAX, "/pushed", deps.pushed);
  const wipe = ({ client }: IncomingRequest) =>
    deps.enableAdminApi ? admin.wipe(client) : failure(403, ADMIN_API_OFF);
  const metricsPage = async () =>
    new Reply(200, await deps.metrics.render(), ["content-type", deps.metrics.contentType]);
  const etag = (answer: () => Reply) => ({ headers }: IncomingRequest) =>
    withEtag(answer(), headers);
  return new Map<string, Route>([
    ["/", { GET: deps.page.index, HEAD: deps.page.index }],
    ["/metrics", { GET: metricsPage, OPTIONS: () => new Reply(200) }],
    ["/-/healthy", { GET: healthy, HEAD: healthy }],
    ["/-/ready", { GET: ready, HEAD: ready }],
    ["/-/reload", { POST: reload, PUT: reload }],
    ["/sd", { GET: sd, HEAD: sd }],
    ["/pushed", { GET: pushed, HEAD: pushed }],
    ["/api/v1/status", { GET: () => admin.status() }],
    ["/api/v1/metrics", { GET: allMetrics }],
    ["/api/v1/admin/wipe", { PUT: wipe }],
    ["/api/v1/scraping", { GET: scraping }],
    ["/api/v1/members", { GET: etag(() => deps.members.list()) }],
    ["/api/v1/overview", { GET: etag(() => success(deps.overview())) }],
    ["/api/v1/events", { GET: etag(() => deps.events()) }],
    ["/api/v1/groups", {
      GET: ({ target }) => search(target),
      DELETE: (request) => deleteGroup(request, deps),
    }],
    ["/api/v1/sizes", { GET: ({ target }) => sizes(target) }],
    ["/api/v1/locate", { GET: ({ target }) => deps.locate(target) }],
    ["/api/v1/plan", { GET: ({ target }) => plan(target) }],
    ["/test/v1", { GET: () => textReply(200, "Hello, this is dynamic-sharding.\n") }],
  ]);
}

/** `/api/v1/members/HOST:PORT/drain`. */
function answerMember(
  { method, client }: IncomingRequest,
  path: string,
  deps: RouteDeps,
): Answer {
  if (method !== "PUT" && method !== "DELETE") return notAllowed("DELETE, PUT", method, path);
  if (!deps.enableAdminApi) return failure(403, ADMIN_API_OFF);
  return deps.members.drain(path, { undo: method === "DELETE", client });
}

/** `/assets/FILE`. */
function answerAsset(request: IncomingRequest, path: string, { page }: RouteDeps): Reply {
  const { method } = request;
  const isRead = method === "GET" || method === "HEAD";
  return isRead ? page.file(path, request) : notAllowed("GET, HEAD", method, path);
}

/**
 * `DELETE /api/v1/groups?push=PATH`: deletes a group as a client does. It is never redirected, because a page
 * cannot follow a redirect to a Pushgateway.
 */
async function deleteGroup(request: IncomingRequest, deps: RouteDeps): Promise<Reply> {
  if (!deps.enableAdminApi) return failure(403, ADMIN_API_OFF);
  const path = new URLSearchParams(request.target.split("?", 2)[1]).get("push") ?? "";
  const location = locatePush(path, deps.config().nameScheme);
  if (location instanceof Reply) return failure(400, `push: ${textOf(location)}`);
  const deletion = { ...request, target: path };
  const misplaced = deps.handoff.isIdle() ? undefined : answerMisplaced(deletion, path, deps);
  const reply = await (misplaced ?? deps.proxy.pass(deletion, location));
  if (reply.status < 300) {
    const { client } = request;
    deps.log.info("group deleted by request", { group: location.id, client });
    return success({ group: location.id }, 202);
  }
  return failure(reply.status === 503 ? 503 : 502, textOf(reply));
}

/** Returns the text of an answer, without the line end. */
function textOf({ body }: Reply): string {
  const text = body instanceof Uint8Array ? new TextDecoder().decode(body) : body;
  return typeof text === "string" ? text.trimEnd() : "";
}

/**
 * Answers a request to any path that is not an endpoint: it is read as a push path, because it may be one in
 * another spelling.
 */
function answerPush(request: IncomingRequest, target: string, deps: RouteDeps): Answer {
  switch (request.method) {
    case "PUT":
    case "POST":
    case "DELETE":
      return (deps.handoff.isIdle() ? undefined : answerMisplaced(request, target, deps)) ??
        answerInPlace(request, target, deps);
    case "GET":
      // A client that pushes with GET would think that the push worked.
      if (hasBody(request)) return notAllowed("DELETE, POST, PUT", "GET with a body");
      return previewPush(
        target,
        headerValue(request.headers, "accept") ?? "",
        deps,
      );
    case "OPTIONS":
      return new Reply(200);
    default:
      return notAllowed("DELETE, GET, OPTIONS, POST, PUT", request.method);
  }
}

/**
 * Checks whether the group of a push is out of place, while some groups are.
 *
 * @returns the answer to a push whose group is moved to its owner; `undefined` if the push goes the usual way
 */
function answerMisplaced(
  request: IncomingRequest,
  target: string,
  deps: RouteDeps,
): Answer | undefined {
  const location = locatePush(target, deps.config().nameScheme);
  if (location instanceof Reply) return location;
  const asked = { method: request.method, ...location };
  const bringHome = () =>
    deps.handoff.concerns(asked) ? deps.proxy.bringHome(request, location) : undefined;
  const spellingKnown = deps.handoff.spellingKnown(asked);
  return spellingKnown
    ? spellingKnown.then(() => bringHome() ?? answerInPlace(request, target, deps))
    : bringHome();
}

/** Answers with a redirect, or forwards the push. */
function answerInPlace(request: IncomingRequest, target: string, deps: RouteDeps): Answer {
  const config = deps.config();
  if (isRedirected(request, config, deps)) {
    const { timeoutMs, bodyBytesMax: bytesMax } = config.proxy;
    const limits = { bytesMax, timeoutMs, deadlines: deps.deadlines };
    const dropping = request.expectsContinue ? undefined : dropBody(request.body, limits);
    return dropping
      ? dropping.then(() => redirectSent(request, target, deps))
      : redirectPush(request, target, deps);
  }
  const location = locatePush(target, config.nameScheme);
  if (location instanceof Reply) return location;
  return deps.proxy.pass(request, location);
}

/** Redirects a client whose body was awaited: the ring may have changed in the meantime. */
async function redirectSent(
  request: IncomingRequest,
  target: string,
  deps: RouteDeps,
): Promise<Reply> {
  if (!deps.handoff.isIdle()) {
    const { nameScheme } = deps.config();
    const location = locatePush(target, nameScheme);
    if (location instanceof Reply) return location;
    const asked = { method: request.method, ...location };
    await deps.handoff.spellingKnown(asked);
    // After a reload the path may name another group.
    if (deps.config().nameScheme !== nameScheme) return await redirectSent(request, target, deps);
    if (deps.handoff.concerns(asked)) return unavailable("the group is about to be moved");
  }
  return redirectPush(request, target, deps);
}

function isRedirected(
  request: IncomingRequest,
  { mode, upstream, redirectUserAgents }: Config,
  { web, proxy }: RouteDeps,
): boolean {
  // A client that follows a redirect would send the packed body to a member that cannot unpack it.
  if (mode !== "proxy" && proxy.mustUnpack(request.headers)) return false;
  switch (mode) {
    case "redirect":
      return !losesBody(request);
    case "proxy":
      return false;
    case "auto":
      // A client knows neither our credentials nor the CA of the members.
      return !upstream.basicAuth && upstream.scheme === "http" && !web?.isProtected() &&
        followsRedirect(request, redirectUserAgents);
    default:
      return mode satisfies never;
  }
}

/**
 * A client may still use its URL of a Pushgateway, so paths are answered with the route prefix of the
 * Pushgateways as well as without.
 */
function withoutPrefix(target: string, prefix: string): string {
  return prefix !== "" && target.startsWith(`${prefix}/`) ? target.slice(prefix.length) : target;
}

function notAllowed(allow: string, method: string, path = ""): Reply {
  const text = `Method Not Allowed: expected ${allow}, found ${method}`;
  return refusal(path, 405, text, ["allow", allow]);
}

/** Refuses a request in the form of the path's other answers. */
function refusal(
  path: string,
  status: FailureStatus,
  text: string,
  headers: readonly string[] = [],
): Reply {
  return path.startsWith(API_ROUTE)
    ? failure(status, text, { headers })
    : textReply(status, `${text}\n`, headers);
}
