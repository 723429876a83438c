// @ts-check
/// <reference lib="dom" />
/** What goes on: problems, drains, events, and whether instances agree. @module */

import { byId, fill, h, say } from "./dom.js";
import { count, duration } from "./format.js";
import { stateKey } from "./words.js";

/** @typedef {import("./format.js").Words} Words */
/** @typedef {import("./api.js").Overview} Overview */
/** @typedef {import("./api.js").FleetEvent} FleetEvent */
/** @typedef {import("./api.js").MemberView} MemberView */

/**
 * What an operator has to know first; empty where all is well.
 *
 * @param {Overview} overview
 * @param {Words} words
 * @returns {readonly {level: "bad" | "odd", text: string}[]}
 */
export function problemsOf(overview, words) {
  const { ready, reason, discovery, ring, states, misplaced, missing, instances } = overview;
  const others = instances.filter(({ own, lost }) => !own && !lost);
  const otherRings = others.filter(({ ring_hash }) => ring_hash !== ring.hash).length;
  const otherConfigs =
    others.filter(({ config_hash }) =>
      config_hash !== undefined && config_hash !== overview.config_hash
    ).length;
  /** @type {readonly [boolean, "bad" | "odd", string][]} */
  const all = [
    [!ready, "bad", words("notReady", reason)],
    [discovery === "failed", "bad", words("lookupFailed")],
    [ready && ring.kept, "bad", words("keeps")],
    [(missing ?? 0) > 0, "bad", words("warnMissing", count(missing))],
    [(states.suspect ?? 0) > 0, "bad", words("warnSuspect", count(states.suspect))],
    [otherRings > 0, "bad", words("warnRing", otherRings)],
    [otherConfigs > 0, "bad", words("warnConfig", otherConfigs)],
    [(misplaced ?? 0) > 0, "odd", words("warnMisplaced", count(misplaced))],
  ];
  return all.filter(([isSo]) => isSo).map(([, level, text]) => ({ level, text }));
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

/**
 * Creates what shows how the fleet is.
 *
 * @param {object} deps
 * @param {Words} deps.words
 * @param {(iso: string | undefined) => Node | string} deps.age
 */
export function createFleet({ words, age }) {
  /** @type {Map<string, HTMLElement>} */
  const bars = new Map();
  let shownProblems = "";

  /** @param {Overview} overview */
  function showAgreement(overview) {
    const { ring, config_hash: config, instances } = overview;
    const own = {
      id: words("thisOne"),
      own: true,
      lost: false,
      ring_hash: ring.hash,
      config_hash: config,
    };
    const known = instances.some(({ own }) => own) ? instances : [own, ...instances];
    const digest = (/** @type {string} */ text, /** @type {boolean} */ isSame) => [
      h("code", {}, text),
      !isSame && h("span", { class: "state suspect" }, words("differs")),
    ];
    fill(
      byId("agreement-body"),
      ...known.map((one) =>
        h(
          "tr",
          {},
          h(
            "th",
            { scope: "row" },
            one.own && instances.length > 0 ? `${one.id} (${words("thisOne")})` : one.id,
            one.lost && h("span", { class: "state suspect" }, words("lost")),
          ),
          h(
            "td",
            {},
            ...digest(one.ring_hash.toString(16).padStart(8, "0"), one.ring_hash === ring.hash),
          ),
          h(
            "td",
            {},
            ...digest(
              one.config_hash ?? "–",
              one.config_hash === undefined || one.config_hash === config,
            ),
          ),
        )
      ),
    );
    byId("agreement-alone").hidden = instances.length > 0;
  }

  return {
    /** @param {Overview} overview */
    showOverview(overview) {
      say(byId("version"), overview.version);
      const found = problemsOf(overview, words);
      const problems = found.length > 0 ? found : [{ level: "good", text: words("ok") }];
      const shown = JSON.stringify(problems);
      // A screen reader reads what is put there.
      if (shown !== shownProblems) {
        fill(
          byId("problems"),
          ...problems.map(({ level, text }) => h("li", { class: level }, text)),
        );
      }
      shownProblems = shown;
      for (const key of /** @type {const} */ (["groups", "misplaced", "missing"])) {
        say(byId(`sum-${key}`), count(overview[key]));
      }
      say(byId("sum-members"), membersText(overview));
      fill(byId("sum-compared"), age(overview.compared));
      showAgreement(overview);
    },
    /** @param {readonly MemberView[]} members */
    showDrains(members) {
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
        const parts = [
          words("movedOf", count(drain.moved), count(drain.groups)),
          drain.rate !== undefined && words("perSecond", count(Math.round(drain.rate))),
          drain.seconds_left !== undefined && words("left", duration(drain.seconds_left, words)),
          drain.staying.length > 0 && words("staying", drain.staying.length, drain.staying[0].why),
        ];
        fill(bar, h("strong", {}, member), progress, parts.filter(Boolean).join(", "));
      }
      const present = new Set(leaving.map(({ member }) => member));
      for (const member of bars.keys()) if (!present.has(member)) bars.delete(member);
      fill(byId("drains"), ...bars.values());
      byId("drains-empty").hidden = bars.size > 0;
    },
    /** @param {readonly FleetEvent[]} events */
    showEvents(events) {
      fill(
        byId("events-body"),
        ...events.map((event) =>
          h(
            "tr",
            {},
            h("td", { class: "when" }, age(event.time)),
            h("td", {}, eventText(event, words)),
          )
        ),
      );
      byId("events-empty").hidden = events.length > 0;
    },
  };
}

/**
 * An event in words.
 *
 * @param {FleetEvent} event
 * @param {Words} words
 * @returns {string}
 */
export function eventText(event, words) {
  const { kind, member = "", from = "", to = "", why = "" } = event;
  switch (kind) {
    case "member": {
      const moved = event.moved === undefined ? "" : `; ${words("eventMoved", count(event.moved))}`;
      const text = from === to
        ? words("cannotJoin", member, why)
        : words("changed", member, words(stateKey(from)), words(stateKey(to)), why);
      return text + moved;
    }
    case "ring": {
      const named = (/** @type {string} */ key, /** @type {readonly string[]} */ members) =>
        members.length === 0
          ? ""
          : `; ${words(key)} ${members.slice(0, 5).join(", ")}${members.length > 5 ? " …" : ""}`;
      return words("eventRing", count(event.members)) + named("added", event.added ?? []) +
        named("removed", event.removed ?? []);
    }
    case "groups":
      return words("eventGroups", count(event.misplaced), count(event.groups));
    case "reload":
      return event.problems?.length
        ? words("eventReloadFailed", event.problems.join("; "))
        : words("eventReload");
    default:
      return kind;
  }
}
