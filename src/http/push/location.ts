/**
 * Finds where a push goes: the key that is placed and the target to send on, or why the push is refused.
 *
 * @module
 */

import { type Group, groupId, placementKey } from "../../group/group.ts";
import type { NameScheme } from "../../group/label_name.ts";
import { isPlainPath } from "../../group/plain_path.ts";
import { parsePushPath } from "../../group/push_path.ts";
import { Reply, textReply } from "../message.ts";

/** A push that a Pushgateway would accept. */
export interface Location {
  /** The key that the ring places. */
  readonly key: string;
  /** Identifies the group. */
  readonly id: string;
  /** Path and query for the owner. */
  readonly target: string;
}

/**
 * Reads the target of a push.
 *
 * @param target path and query as in the request line
 * @returns a refusal with the Pushgateway's own status if a Pushgateway would refuse the path
 */
export function locatePush(target: string, nameScheme: NameScheme): Location | Reply {
  if (isPlainPath(target)) return { key: target, id: target, target };
  const located = locateGroup(target, nameScheme);
  if (located instanceof Reply) return located;
  const { group } = located;
  return { key: placementKey(group), id: groupId(group), target: located.target };
}

/** Does what {@linkcode locatePush} does, and returns the group that the path names. */
export function locateGroup(
  target: string,
  nameScheme: NameScheme,
): { group: Group; target: string } | Reply {
  const query = target.indexOf("?");
  const parsed = parsePushPath(query < 0 ? target : target.slice(0, query), nameScheme);
  if (parsed.kind === "refused") {
    const { status, reason } = parsed;
    return textReply(status, `${reason}\n`, status === 405 ? ["allow", "GET, OPTIONS"] : []);
  }
  const { group, path } = parsed;
  return { group, target: query < 0 ? path : path + safeQuery(target.slice(query)) };
}

/** Escapes the characters of a raw query that a header must not contain. */
function safeQuery(query: string): string {
  return query.replace(/[^\x21-\x7e]|#/gu, (character) => encodeURIComponent(character));
}
