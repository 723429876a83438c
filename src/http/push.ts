/** Answers a push: a redirect to the group's owner, a preview of it, or why there is none. @module */

import { groupPath, placementKey } from "../group/group.ts";
import type { NameScheme } from "../group/label_name.ts";
import { parsePushPath } from "../group/push_path.ts";
import type { Snapshot } from "./snapshot.ts";

/** Seconds after which a client may push again where no member is known. */
const RETRY_AFTER_SECONDS = "1";

/** What answering a push takes. */
export interface PushContext {
  readonly snapshot: Snapshot;
  readonly nameScheme: NameScheme;
}

/**
 * Answers PUT, POST or DELETE with a 307 to the owner. Never 301 or 302: clients follow those with
 * an empty PUT, which empties the group. The body is not read.
 *
 * @param target path and query as they stood in the request line
 */
export function redirectPush(target: string, context: PushContext): Response {
  const located = locate(target, context);
  if (located instanceof Response) return located;
  return new Response(null, { status: 307, headers: [["location", located.url]] });
}

/** Answers GET with where a push would go: the Go tool's text, or JSON where the client prefers it. */
export function previewPush(target: string, context: PushContext, accept: string): Response {
  const located = locate(target, context);
  if (located instanceof Response) return located;
  const { url, owner, group } = located;
  if (!accept.includes("application/json")) return new Response(`nextUrl:${url}`);
  const { ring } = context.snapshot;
  return Response.json({
    owner,
    url,
    group: { job: group.job, ...Object.fromEntries(group.labels) },
    path: groupPath(group, context.nameScheme),
    ring: { hash: ring.hash, members: ring.members },
  });
}

function locate(target: string, { snapshot, nameScheme }: PushContext) {
  const query = target.indexOf("?");
  const parsed = parsePushPath(query < 0 ? target : target.slice(0, query), nameScheme);
  if (parsed.kind === "refused") {
    const { status, reason } = parsed;
    const headers: [string, string][] = status === 405 ? [["allow", "GET, OPTIONS"]] : [];
    return new Response(`${reason}\n`, { status, headers });
  }
  const owner = snapshot.ring.ownerOf(placementKey(parsed.group));
  if (owner === undefined) {
    return new Response("no Pushgateway is known yet\n", {
      status: 503,
      headers: { "retry-after": RETRY_AFTER_SECONDS },
    });
  }
  const url = `http://${owner}${parsed.path}${query < 0 ? "" : safeQuery(target.slice(query))}`;
  return { url, owner, group: parsed.group };
}

/** A raw query may hold what a header must not. */
function safeQuery(query: string): string {
  return query.replace(/[^\x21-\x7e]|#/gu, (character) => encodeURIComponent(character));
}
