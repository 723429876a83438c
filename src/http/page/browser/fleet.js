// @ts-check
/// <reference lib="dom" />
/** How the fleet is: problems, sums, events, and whether instances agree. @module */

import { byId, fill, h, say } from "./dom.js";
import { clock, count } from "./format.js";
import { membersText, problemsOf } from "./problems.js";
import { stateKey } from "./words.js";

/** @typedef {import("./format.js").Words} Words */
/** @typedef {import("./api.js").Overview} Overview */
/** @typedef {import("./api.js").FleetEvent} FleetEvent */
/** @typedef {import("./api.js").MemberView} MemberView */

/**
 * Creates what shows how the fleet is.
 *
 * @param {object} deps
 * @param {Words} deps.words
 * @param {(iso: string | undefined) => Node | string} deps.age
 */
export function createFleet({ words, age }) {
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
    /**
     * Tells an operator what has to be known first, also in the title of the tab.
     *
     * @param {Overview} overview
     * @param {readonly MemberView[]} members
     */
    showProblems(overview, members) {
      const found = problemsOf(overview, members, words);
      const problems = found.length > 0 ? found : [{ level: "good", text: words("ok") }];
      const shown = JSON.stringify(problems);
      // A screen reader reads what is put there.
      if (shown === shownProblems) return;
      shownProblems = shown;
      fill(
        byId("problems"),
        ...problems.map(({ level, text }) => h("li", { class: level }, text)),
      );
      document.title = found.length > 0 ? `(${found.length}) ${words("title")}` : words("title");
    },
    /** @param {Overview} overview */
    showOverview(overview) {
      say(byId("version"), overview.version);
      for (const key of /** @type {const} */ (["groups", "misplaced", "missing"])) {
        say(byId(`sum-${key}`), count(overview[key]));
      }
      say(byId("sum-members"), membersText(overview));
      fill(byId("sum-compared"), age(overview.compared));
      fill(byId("sum-running"), age(overview.started));
      showAgreement(overview);
    },
    /** @param {readonly FleetEvent[]} events */
    showEvents(events) {
      fill(
        byId("events-body"),
        ...events.map((event) =>
          h(
            "tr",
            {},
            h("td", { class: "when" }, clock(event.time), h("small", {}, age(event.time))),
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
      const reason = words.told(why);
      const text = from === to
        ? words("cannotJoin", member, reason)
        : words("changed", member, words(stateKey(from)), words(stateKey(to)), reason);
      const { moved, groups } = event;
      return text + (moved === undefined ? "" : `; ${words("eventMoved", count(moved))}`) +
        (groups === undefined ? "" : `; ${words("eventHeld", count(groups))}`);
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
