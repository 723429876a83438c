/** Which request gets which answer. Holds no state: a snapshot is taken once for each request. @module */

import type { Deadlines } from "../concurrency/deadlines.ts";
import type { Config } from "../config/config.ts";
import type { Handoff } from "../handoff/handoff.ts";
import type { NameScheme } from "../group/label_name.ts";
import { faultFields, type Logger } from "../log.ts";
import type { Metrics } from "../metrics/metrics.ts";
import type { Admin } from "./api/admin.ts";
import { dropBody } from "./push/body.ts";
import { locatePush } from "./push/location.ts";
import { MEMBERS_ROUTE, type MembersApi } from "./api/members.ts";
import type { Proxy } from "./push/proxy.ts";
import { previewPush, type PushContext, redirectPush, unavailable } from "./push/redirect.ts";
import { oneAtATime } from "./api/one_at_a_time.ts";
import { readiness } from "./api/readiness.ts";
import { followsRedirect } from "./push/redirect_clients.ts";
import { answerSd } from "./api/sd.ts";
import type { ClientConnection, Handler } from "./server.ts";
import type { Snapshot } from "./snapshot.ts";

/** How a reload of the configuration ended. */
export type ReloadOutcome =
  | { readonly ok: true }
  | { readonly ok: false; readonly problems: readonly string[] };

/** What answering needs. */
export interface RouteDeps {
  readonly snapshot: () => Snapshot;
  readonly config: () => Config;
  /** Passes a push on to where it belongs. */
  readonly proxy: Proxy;
  /** Discovery has a view of its own and has never told it. */
  readonly awaitsDiscovery: () => boolean;
  /** Whether a push may be of a group that is out of place. */
  readonly handoff: Pick<Handoff, "idle" | "concerns" | "pathOn">;
  /** What is known of the members, and how they are told to leave. */
  readonly members: MembersApi;
  /** The Pushgateways' own API, for all of them. */
  readonly admin: Admin;
  /** Whether what deletes groups, or moves them, is answered. */
  readonly enableAdminApi: boolean;
  readonly deadlines: Deadlines;
  readonly metrics: Metrics;
  /** Reloads the configuration; absent where the lifecycle API is off. */
  readonly reload?: () => Promise<ReloadOutcome>;
  readonly log: Logger;
  /** A clock in milliseconds, for durations. */
  readonly now: () => number;
}

/** No endpoint of ours begins so. */
const PUSH_ROUTE = "/metrics/job/";

type Answer = Response | Promise<Response>;
type Route = Readonly<Record<string, (request: Request, connection: ClientConnection) => Answer>>;

/** Creates the handler of every request; it never throws. */
export function createHandler(deps: RouteDeps): Handler {
  const { metrics, log, now } = deps;
  const routes = createRoutes(deps);
  const isDebug = log.isEnabledFor("debug");

  function finish(
    request: Request,
    response: Response,
    { startMs, connection }: { startMs: number; connection: ClientConnection },
  ): Response {
    const { method } = request;
    const seconds = (now() - startMs) / 1_000;
    metrics.requestDone({ method, code: response.status, seconds });
    if (isDebug) {
      const target = requestTarget(request.url);
      const client = connection.remoteAddr.hostname;
      const took = `${(seconds * 1_000).toFixed(3)}ms`;
      log.debug("request answered", { method, target, code: response.status, client, took });
    }
    return response;
  }

  function fail(request: Request, error: unknown): Response {
    log.error("request failed", { method: request.method, ...faultFields(error) });
    return new Response("internal error\n", { status: 500 });
  }

  return (request, connection) => {
    const context = { startMs: now(), connection };
    try {
      const answer = dispatch(request, { connection, routes, deps });
      if (answer instanceof Response) return finish(request, answer, context);
      return answer.then(
        (response) => finish(request, response, context),
        (error) => finish(request, fail(request, error), context),
      );
    } catch (error) {
      return finish(request, fail(request, error), context);
    }
  };
}

function dispatch(
  request: Request,
  { connection, routes, deps }: {
    connection: ClientConnection;
    routes: ReadonlyMap<string, Route>;
    deps: RouteDeps;
  },
): Answer {
  const whole = requestTarget(request.url);
  // Nearly every request: it should not pay for the look-up of the others.
  if (whole.startsWith(PUSH_ROUTE)) return answerPush(request, { target: whole, connection, deps });
  const target = withoutPrefix(whole, deps.config().upstream.routePrefix);
  const query = target.indexOf("?");
  const path = query < 0 ? target : target.slice(0, query);
  if (path.startsWith(MEMBERS_ROUTE)) return answerMember(request, { path, connection, deps });
  const route = routes.get(path);
  if (!route) return answerPush(request, { target, connection, deps });
  const { method } = request;
  const answer = Object.hasOwn(route, method) ? route[method] : undefined;
  return answer ? answer(request, connection) : notAllowed(Object.keys(route).join(", "), method);
}

function createRoutes(deps: RouteDeps): ReadonlyMap<string, Route> {
  const healthy = () => new Response("OK\n");
  const ready = () => {
    const { ready, reason } = readiness(deps.snapshot());
    return new Response(`${reason}\n`, { status: ready ? 200 : 503 });
  };
  const reload = async () => {
    if (!deps.reload) return new Response("Lifecycle API is not enabled.\n", { status: 403 });
    const outcome = await deps.reload();
    return outcome.ok
      ? new Response("configuration reloaded\n")
      : new Response(`${outcome.problems.join("\n")}\n`, { status: 500 });
  };
  const { admin } = deps;
  const allMetrics = oneAtATime("/api/v1/metrics", admin.metrics);
  const plan = oneAtATime("a plan", deps.members.plan);
  const wipe = (_: Request, { remoteAddr }: ClientConnection) =>
    deps.enableAdminApi
      ? admin.wipe(remoteAddr.hostname)
      : new Response("Admin API is not enabled.\n", { status: 403 });
  const metricsPage = async () =>
    new Response(await deps.metrics.render(), {
      headers: { "content-type": deps.metrics.contentType },
    });
  return new Map<string, Route>([
    ["/metrics", { GET: metricsPage, OPTIONS: () => new Response() }],
    ["/-/healthy", { GET: healthy, HEAD: healthy }],
    ["/-/ready", { GET: ready, HEAD: ready }],
    ["/-/reload", { POST: reload, PUT: reload }],
    ["/sd", { GET: () => answerSd(deps.snapshot(), deps.awaitsDiscovery()) }],
    ["/api/v1/status", { GET: () => admin.status() }],
    ["/api/v1/metrics", { GET: allMetrics }],
    ["/api/v1/admin/wipe", { PUT: wipe }],
    ["/api/v1/members", { GET: () => deps.members.list() }],
    ["/api/v1/plan", { GET: (request) => plan(request.url) }],
    ["/test/v1", { GET: () => new Response("Hello, this is dynamic-sharding.\n") }],
  ]);
}

/** `/api/v1/members/HOST:PORT/drain`. */
function answerMember(
  { method }: Request,
  { path, connection, deps }: { path: string; connection: ClientConnection; deps: RouteDeps },
): Answer {
  if (method !== "PUT" && method !== "DELETE") return notAllowed("DELETE, PUT", method);
  if (!deps.enableAdminApi) return new Response("Admin API is not enabled.\n", { status: 403 });
  return deps.members.drain(path, {
    undo: method === "DELETE",
    client: connection.remoteAddr.hostname,
  });
}

/** Everything that is no endpoint of ours is read as a push path: it may be one in disguise. */
function answerPush(
  request: Request,
  { target, connection, deps }: { target: string; connection: ClientConnection; deps: RouteDeps },
): Answer {
  switch (request.method) {
    case "PUT":
    case "POST":
    case "DELETE": {
      const client = connection.remoteAddr.hostname;
      if (!deps.handoff.idle) {
        const { nameScheme } = deps.config();
        const answer = answerMisplaced(request, { target, client, nameScheme, deps });
        if (answer) return answer;
      }
      return answerInPlace(request, { target, client, deps });
    }
    case "GET":
      // A client that pushes so would believe that it worked.
      if (hasBody(request)) return notAllowed("DELETE, POST, PUT", "GET with a body");
      return previewPush(
        target,
        contextOf(deps.config(), deps),
        request.headers.get("accept") ?? "",
      );
    case "OPTIONS":
      return new Response();
    default:
      return notAllowed("DELETE, GET, OPTIONS, POST, PUT", request.method);
  }
}

/**
 * Looks whether the group of a push is out of place, while some are.
 *
 * @returns the answer to one that is brought home; `undefined` where the push goes the usual way
 */
function answerMisplaced(
  request: Request,
  { target, client, nameScheme, deps }: {
    target: string;
    client: string;
    nameScheme: NameScheme;
    deps: RouteDeps;
  },
): Answer | undefined {
  const location = locatePush(target, nameScheme);
  if (location instanceof Response) return location;
  const { key, id } = location;
  const concerned = deps.handoff.concerns({ method: request.method, id, key });
  if (concerned === false) return undefined;
  return (async () =>
    await concerned
      ? await deps.proxy.bringHome(request, location, client)
      : await answerInPlace(request, { target, client, deps }))();
}

/** By a redirect, or by passing it on. */
function answerInPlace(
  request: Request,
  { target, client, deps }: { target: string; client: string; deps: RouteDeps },
): Answer {
  const config = deps.config();
  if (isRedirected(request, config)) {
    const isSent = hasBody(request) && !request.headers.has("expect");
    return isSent
      ? redirectSent(request, { target, deps })
      : redirectPush(target, contextOf(config, deps));
  }
  const location = locatePush(target, config.nameScheme);
  if (location instanceof Response) return location;
  return deps.proxy.pass(request, location, client);
}

/** Redirects a client that sends its body: it is read before, for some miss an answer that comes before. */
async function redirectSent(
  request: Request,
  { target, deps }: { target: string; deps: RouteDeps },
): Promise<Response> {
  const { bodyBytesMax: bytesMax, timeoutMs } = deps.config().proxy;
  await dropBody(request, { bytesMax, timeoutMs, deadlines: deps.deadlines });
  const config = deps.config();
  // The ring may have changed while the body came.
  if (!deps.handoff.idle) {
    const location = locatePush(target, config.nameScheme);
    if (location instanceof Response) return location;
    if (await deps.handoff.concerns({ method: request.method, ...location })) {
      return unavailable("the group is about to be moved");
    }
  }
  return redirectPush(target, contextOf(config, deps));
}

function contextOf({ nameScheme, upstream }: Config, deps: RouteDeps): PushContext {
  return {
    snapshot: deps.snapshot(),
    nameScheme,
    upstream,
    holdersOf: deps.members.holdersOf,
    pathOn: deps.handoff.pathOn,
  };
}

function isRedirected(request: Request, { mode, upstream, redirectUserAgents }: Config): boolean {
  switch (mode) {
    case "redirect":
      return true;
    case "proxy":
      return false;
    case "auto":
      // A client knows neither our credentials nor the CA of the members.
      return !upstream.basicAuth && upstream.scheme === "http" &&
        followsRedirect(request, redirectUserAgents);
    default:
      return mode satisfies never;
  }
}

function hasBody({ headers }: Request): boolean {
  return headers.has("transfer-encoding") || Number(headers.get("content-length") ?? 0) > 0;
}

/** A client may have the URL that it had of a Pushgateway, whose route prefix we answer beside none. */
function withoutPrefix(target: string, prefix: string): string {
  return prefix !== "" && target.startsWith(`${prefix}/`) ? target.slice(prefix.length) : target;
}

function notAllowed(allow: string, method: string): Response {
  return new Response(`Method Not Allowed: expected ${allow}, found ${method}\n`, {
    status: 405,
    headers: { allow },
  });
}

/**
 * Path and query as they stood in the request line: `Request.url` keeps them raw in Deno, and
 * `new URL` would not.
 */
function requestTarget(url: string): string {
  const path = url.indexOf("/", url[4] === ":" ? "http://".length : "https://".length);
  const query = url.indexOf("?");
  if (path < 0 || (query >= 0 && query < path)) return `/${query < 0 ? "" : url.slice(query)}`;
  return url.slice(path);
}
