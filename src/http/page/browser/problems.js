// @ts-check
/** What an operator has to know first. Used by the server and by the browser. @module */

import { count } from "./format.js";

/** @typedef {import("./format.js").Words} Words */
/** @typedef {import("./api.js").Overview} Overview */
/** @typedef {Pick<import("./api.js").MemberView, "member" | "state" | "why" | "missing" | "unread" | "broken_page">} ShownMember */

/** Members that a problem names. */
const NAMES_MAX = 3;

/**
 * What is wrong; empty where all is well.
 *
 * @param {Overview} overview
 * @param {readonly ShownMember[]} members
 * @param {Words} words
 * @returns {readonly {level: "bad" | "odd", text: string}[]}
 */
export function problemsOf(overview, members, words) {
  const { ready, reason, discovery, discovery_error = "", ring, states } = overview;
  const { handoff, locks, misplaced, missing, instances } = overview;
  const others = instances.filter(({ own, lost }) => !own && !lost);
  const otherRings = others.filter(({ ring_hash }) => ring_hash !== ring.hash).length;
  const otherConfigs =
    others.filter(({ config_hash }) =>
      config_hash !== undefined && config_hash !== overview.config_hash
    ).length;
  const suspect = members.filter(({ state }) => state === "suspect");
  const unread = members.filter(({ unread }) => unread !== undefined);
  const broken = members.filter(({ broken_page }) => broken_page === true);
  const away = members.filter(({ missing = 0 }) => missing > 0);
  /** @type {readonly [boolean, "bad" | "odd", string][]} */
  const all = [
    [!ready, "bad", words("notReady", words.told(reason))],
    [discovery === "failed", "bad", named(words("lookupFailed"), [words.told(discovery_error)])],
    [ready && ring.kept, "bad", words("keeps")],
    [handoff && locks === "unreachable", "bad", words("warnNoLocks")],
    [handoff && locks === "forbidden", "bad", words("warnLocksForbidden")],
    [
      (missing ?? 0) > 0,
      "bad",
      named(words("warnMissing", count(missing)), away.map(({ member }) => member)),
    ],
    [
      (states.suspect ?? 0) > 0,
      "bad",
      named(
        words("warnSuspect", count(states.suspect)),
        suspect.map(({ member, why = "" }) => `${member} (${words.told(why)})`),
      ),
    ],
    [
      unread.length > 0,
      "bad",
      named(
        words("warnUnread", count(unread.length)),
        unread.map(({ member, unread = "" }) => `${member} (${words.told(unread)})`),
      ),
    ],
    [
      broken.length > 0,
      "bad",
      named(words("warnBroken", count(broken.length)), broken.map(({ member }) => member)),
    ],
    [otherRings > 0, "bad", words("warnRing", otherRings)],
    [otherConfigs > 0, "bad", words("warnConfig", otherConfigs)],
    [(misplaced ?? 0) > 0, "odd", words("warnMisplaced", count(misplaced))],
  ];
  return all.filter(([isSo]) => isSo).map(([, level, text]) => ({ level, text }));
}

/**
 * @param {string} what
 * @param {readonly string[]} names
 */
function named(what, names) {
  const known = names.filter((name) => name !== "");
  if (known.length === 0) return what;
  const more = known.length > NAMES_MAX ? " …" : "";
  return `${what}: ${known.slice(0, NAMES_MAX).join(", ")}${more}`;
}

/**
 * How many members are in the ring, of those that should be.
 *
 * @param {Overview} overview
 */
export function membersText({ ring, states }) {
  const { departed: _departed, alias: _alias, ...wanted } = states;
  const all = Object.values(wanted).reduce((sum, members) => sum + members, 0);
  return `${count(ring.members)} / ${count(Math.max(all, ring.members))}`;
}
