// @ts-check
/// <reference lib="dom" />
/** What is under way: groups that are brought home, sweeps, and drains. @module */

import { byId, fill, h, say } from "./dom.js";
import { count, duration } from "./format.js";

/** @typedef {import("./format.js").Words} Words */
/** @typedef {import("./api.js").Overview} Overview */
/** @typedef {import("./api.js").MemberView} MemberView */

/**
 * How far groups are brought home.
 *
 * @param {Overview} overview
 * @param {Words} words
 */
export function handoffText({ handoff, groups, misplaced }, words) {
  if (!handoff) return words("handoffOff");
  if (groups === undefined) return words("notSwept");
  return misplaced ? words("handoffSome", count(misplaced), count(groups)) : words("handoffNone");
}

/**
 * How far sweeps have come.
 *
 * @param {Overview} overview
 * @param {readonly MemberView[]} members
 * @param {Words} words
 */
export function sweepText({ handoff }, members, words) {
  if (!handoff) return words("handoffOff");
  const swept = members.filter(({ state }) => state !== "alias");
  // Members that do not answer have a number of missing groups.
  const known = swept.filter(({ groups, unread, missing }) =>
    groups !== undefined && unread === undefined && missing === undefined
  );
  return words("sweepRead", count(known.length), count(swept.length));
}

/**
 * Creates what shows it.
 *
 * @param {object} deps
 * @param {Words} deps.words
 */
export function createUnderway({ words }) {
  /** @type {Map<string, HTMLElement>} */
  const bars = new Map();

  /** @param {readonly MemberView[]} members */
  function showDrains(members) {
    const leaving = members.filter(({ state, drain }) => state === "draining" && drain);
    for (const { member, drain } of leaving) {
      if (!drain) continue;
      const bar = bars.get(member) ?? h("li", {});
      bars.set(member, bar);
      const progress = h("progress", {
        max: Math.max(drain.groups, 1),
        value: drain.moved,
        "aria-label": member,
      });
      const [stays] = drain.staying;
      const parts = [
        words("movedOf", count(drain.moved), count(drain.groups)),
        drain.rate !== undefined && words("perSecond", count(Math.round(drain.rate))),
        drain.seconds_left !== undefined && words("left", duration(drain.seconds_left, words)),
        stays && words("staying", drain.staying.length, `${stays.group}: ${words.told(stays.why)}`),
      ];
      fill(bar, h("strong", {}, member), progress, parts.filter(Boolean).join(", "));
    }
    const present = new Set(leaving.map(({ member }) => member));
    for (const member of bars.keys()) if (!present.has(member)) bars.delete(member);
    fill(byId("drains"), ...bars.values());
    byId("drains-empty").hidden = bars.size > 0;
  }

  return {
    /**
     * @param {Overview} overview
     * @param {readonly MemberView[]} members
     */
    show(overview, members) {
      say(byId("underway-handoff"), handoffText(overview, words));
      say(byId("underway-sweep"), sweepText(overview, members, words));
      showDrains(members);
    },
  };
}
