/** Answers a push with a redirect to the group's owner, or with a preview of it. @module */

import type { UpstreamConfig } from "../../config/upstream.ts";
import { groupId, groupPath, placementKey } from "../../group/group.ts";
import type { NameScheme } from "../../group/label_name.ts";
import type { Member } from "../../member.ts";
import { locateGroup, locatePush } from "./location.ts";
import { type IncomingRequest, jsonReply, Redirect, Reply, textReply } from "../message.ts";
import type { Snapshot } from "../snapshot.ts";

/** Seconds after which a client may retry if no member can take a push. */
const RETRY_AFTER_SECONDS = "1";

/** What answering a push needs. */
export interface PushDeps {
  readonly snapshot: () => Snapshot;
  readonly config: () => {
    readonly nameScheme: NameScheme;
    /** Scheme and route prefix of every member: `http://` and what follows the member's name. */
    readonly upstream: Pick<UpstreamConfig, "scheme" | "routePrefix">;
  };
  /** Called for each push that is redirected, with the member that it is redirected to. */
  readonly onRedirected: (member: Member, request: IncomingRequest) => void;
  readonly handoff: {
    /** Returns the path of a group on a member, if it is not the usual one. */
    readonly pathOn: (member: Member, id: string, scheme: NameScheme) => string | undefined;
  };
  readonly members: {
    /** Returns the members that held a group when they were last read. */
    readonly holdersOf: (id: string) => readonly Member[];
  };
}

/**
 * Answers PUT, POST or DELETE with a 307 to the owner. It is never a 301 or 302: clients follow those with an
 * empty PUT, which empties the group.
 *
 * @param target path and query as in the request line, without the route prefix
 */
export function redirectPush(request: IncomingRequest, target: string, deps: PushDeps): Reply {
  const { nameScheme, upstream } = deps.config();
  const located = locatePush(target, nameScheme);
  if (located instanceof Reply) return located;
  const owner = deps.snapshot().ring.ownerOf(located.key);
  if (owner === undefined) return unavailable("no Pushgateway is known yet");
  deps.onRedirected(owner, request);
  const path = deps.handoff.pathOn(owner, located.id, nameScheme) ?? located.target;
  return new Redirect(baseOf(owner, upstream), path);
}

type Upstream = ReturnType<PushDeps["config"]>["upstream"];

/** The most members whose base is remembered: in some fleets new ones come all the time. */
const BASES_MAX = 4_096;
/** The URLs of members without a path, by the configuration that they are from. */
const bases = new WeakMap<Upstream, Map<Member, string>>();

/** Returns the URL of a member without a path. It is put together once, because each push needs it. */
function baseOf(member: Member, upstream: Upstream): string {
  let known = bases.get(upstream);
  if (!known) bases.set(upstream, known = new Map());
  let base = known.get(member);
  if (base === undefined) {
    if (known.size >= BASES_MAX) known.clear();
    known.set(member, base = `${upstream.scheme}://${member}${upstream.routePrefix}`);
  }
  return base;
}

/**
 * Answers a GET with the place where a push would go: in the Go tool's text, or in JSON if the client prefers
 * it.
 */
export function previewPush(target: string, accept: string, deps: PushDeps): Reply {
  const { nameScheme, upstream } = deps.config();
  const { ring } = deps.snapshot();
  const located = locateGroup(target, nameScheme);
  if (located instanceof Reply) return located;
  const { group } = located;
  const owner = ring.ownerOf(placementKey(group));
  if (owner === undefined) return unavailable("no Pushgateway is known yet");
  const url = baseOf(owner, upstream) + located.target;
  if (!accept.includes("application/json")) return textReply(200, `nextUrl:${url}`);
  return jsonReply(200, {
    owner,
    url,
    group: { job: group.job, ...Object.fromEntries(group.labels) },
    path: groupPath(group, nameScheme),
    holders: deps.members.holdersOf(groupId(group)),
    ring: { hash: ring.hash, members: ring.members },
  });
}

/** Returns a 503 that asks the client to retry. */
export function unavailable(reason: string): Reply {
  return textReply(503, `${reason}\n`, ["retry-after", RETRY_AFTER_SECONDS]);
}
