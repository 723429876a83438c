/** Which request gets which answer. Holds no state: a snapshot is taken once for each request. @module */

import type { NameScheme } from "../group/label_name.ts";
import type { Logger } from "../log.ts";
import type { Metrics } from "../metrics.ts";
import { previewPush, type PushContext, redirectPush } from "./push.ts";
import { readiness } from "./readiness.ts";
import { answerSd } from "./sd.ts";
import type { Snapshot } from "./snapshot.ts";

/** How a reload of the configuration ended. */
export type ReloadOutcome =
  | { readonly ok: true }
  | { readonly ok: false; readonly problems: readonly string[] };

/** What answering needs. */
export interface RouteDeps {
  readonly snapshot: () => Snapshot;
  readonly nameScheme: () => NameScheme;
  /** Discovery has a view of its own and has never told it. */
  readonly awaitsDiscovery: () => boolean;
  readonly metrics: Metrics;
  /** Reloads the configuration; absent where the lifecycle API is off. */
  readonly reload?: () => Promise<ReloadOutcome>;
  readonly log: Logger;
  /** A clock in milliseconds, for durations. */
  readonly now: () => number;
}

type Answer = Response | Promise<Response>;
type Route = Readonly<Record<string, (request: Request) => Answer>>;

/** Makes the handler of every request; it never throws. */
export function createHandler(deps: RouteDeps): (request: Request) => Answer {
  const { metrics, log, now } = deps;
  const routes = createRoutes(deps);
  const isDebug = log.isEnabledFor("debug");

  function finish(request: Request, response: Response, startMs: number): Response {
    const { method } = request;
    const durationMs = now() - startMs;
    metrics.requestDone({ method, code: response.status, seconds: durationMs / 1_000 });
    if (isDebug) {
      const target = requestTarget(request.url);
      log.debug("request answered", { method, target, code: response.status, durationMs });
    }
    return response;
  }

  function fail(request: Request, error: unknown): Response {
    log.error("request failed", { method: request.method, err: String(error) });
    return new Response("internal error\n", { status: 500 });
  }

  return (request) => {
    const startMs = now();
    try {
      const answer = dispatch(request, routes, deps);
      if (answer instanceof Response) return finish(request, answer, startMs);
      return answer.catch((error) => fail(request, error))
        .then((response) => finish(request, response, startMs));
    } catch (error) {
      return finish(request, fail(request, error), startMs);
    }
  };
}

function dispatch(request: Request, routes: ReadonlyMap<string, Route>, deps: RouteDeps): Answer {
  const target = requestTarget(request.url);
  const query = target.indexOf("?");
  const route = routes.get(query < 0 ? target : target.slice(0, query));
  if (!route) return answerPush(request, target, deps);
  const { method } = request;
  // A method is any token: "toString" is one, and no endpoint has it.
  return Object.hasOwn(route, method)
    ? route[method](request)
    : notAllowed(Object.keys(route).join(", "), method);
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
    ["/test/v1", { GET: () => new Response("Hello, this is dynamic-sharding.\n") }],
  ]);
}

/** Everything that is no endpoint of ours is read as a push path: it may be one in disguise. */
function answerPush(request: Request, target: string, deps: RouteDeps): Answer {
  const context: PushContext = { snapshot: deps.snapshot(), nameScheme: deps.nameScheme() };
  switch (request.method) {
    case "PUT":
    case "POST":
    case "DELETE":
      return redirectPush(target, context);
    case "GET":
      return previewPush(target, context, request.headers.get("accept") ?? "");
    case "OPTIONS":
      return new Response();
    default:
      return notAllowed("DELETE, GET, OPTIONS, POST, PUT", request.method);
  }
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
  const path = url.indexOf("/", url.indexOf("://") + 3);
  const query = url.indexOf("?");
  if (path < 0 || (query >= 0 && query < path)) return `/${query < 0 ? "" : url.slice(query)}`;
  return url.slice(path);
}
