// @ts-check
/// <reference lib="dom" />
/** Keeps the page up to date, and wires its parts together. @module */

import { ask, now, poll } from "./api.js";
import { createDeeds } from "./deeds.js";
import { byId, fill, h, say } from "./dom.js";
import { createFleet } from "./fleet.js";
import { duration, messageOf, rate } from "./format.js";
import { createLocateForm, createPlanForm } from "./forms.js";
import { createGroupsForm } from "./groups.js";
import { createMembers } from "./members.js";
import { createRates } from "./rates.js";
import { createRing } from "./ring.js";
import { createUnderway } from "./underway.js";
import { languageOf, wordsOf } from "./words.js";

const POLL_MS = 2_000;

const words = wordsOf(languageOf(document.documentElement.lang));
/** @type {import("./api.js").Overview | undefined} */
let overview;
/** @type {readonly import("./api.js").MemberView[]} */
let known = [];
/** When the service last answered, and what it did not answer since. */
let answeredMs = Date.now();
let polling = Promise.resolve();
let shownEvents = "";

/**
 * How long ago a time was, which goes on by itself.
 *
 * @param {string | undefined} iso
 */
function age(iso) {
  if (iso === undefined) return "–";
  const time = h("time", { datetime: iso, title: new Date(iso).toLocaleString() });
  showAge(time);
  return time;
}

/** @param {HTMLTimeElement} time */
function showAge(time) {
  say(time, duration((now() - Date.parse(time.dateTime)) / 1_000, words));
}

/** @param {import("./api.js").FoundGroup["holders"]} held */
function holders(held) {
  const list = held.map(({ member, reachable }) =>
    h(
      "span",
      { class: "label" },
      member,
      !reachable && h("span", { class: "state suspect" }, words("doesNotAnswer")),
    )
  );
  return h("span", {}, ...(list.length > 0 ? list : ["–"]));
}

const deeds = createDeeds({
  words,
  isAllowed: () => overview?.admin_api === true,
  onDone: () => void refresh(),
});
const members = createMembers({ words, age, deeds: deeds.ofMember });
const rates = createRates();
const ring = createRing({ words });
const fleet = createFleet({ words, age });
const underway = createUnderway({ words });
createPlanForm({ words, draw: ring.preview });
createLocateForm({ words, holders, mode: () => overview?.mode ?? "proxy" });
const findGroups = createGroupsForm({ words, age, holders, deeds: deeds.ofGroup });
byId("wipe").addEventListener(
  "click",
  () => deeds.wipe(overview?.groups ?? 0, overview?.ring.members ?? 0, () => void findGroups()),
);

/**
 * All pushes a second, where any are known.
 *
 * @param {readonly import("./api.js").MemberView[]} views
 */
function totalRate(views) {
  const rates = views.flatMap(({ rate }) => rate ?? []);
  return rates.length === 0 ? undefined : rates.reduce((sum, one) => sum + one, 0);
}

async function look() {
  try {
    const [next, views] = await Promise.all([poll("api/v1/overview"), poll("api/v1/members")]);
    if (next !== overview) {
      if (overview && overview.admin_api !== next.admin_api) members.forget();
      overview = next;
      fleet.showOverview(next);
      byId("wipe").hidden = !next.admin_api;
    }
    // Another process counts from 1 again.
    const last = `${next.started} ${next.last_event}`;
    if (last !== shownEvents) fleet.showEvents(await ask("api/v1/events"));
    shownEvents = last;
    const rated = rates.take(views, Date.now());
    members.show(rated);
    say(byId("sum-rate"), rate(totalRate(rated)));
    if (views !== known) {
      known = views;
      ring.show(views);
    }
    fleet.showProblems(next, views);
    underway.show(next, views);
    answeredMs = Date.now();
    byId("stale").hidden = true;
  } catch (error) {
    const since = new Date(answeredMs).toLocaleTimeString();
    fill(byId("stale"), words("noAnswer", since, messageOf(error, words)));
    byId("stale").hidden = false;
  }
}

/** Looks at once; looks do not overtake one another. */
function refresh() {
  return polling = polling.then(look);
}

async function follow() {
  for (;;) {
    // A page that nobody sees asks for nothing.
    if (!document.hidden) {
      await refresh();
      for (const time of document.querySelectorAll("time")) showAge(time);
    }
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
}

document.addEventListener("visibilitychange", () => {
  if (!document.hidden) void refresh();
});
void follow();
// Who may delete groups is known by then.
void refresh().then(findGroups);
