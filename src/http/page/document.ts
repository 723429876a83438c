/** The HTML of the page: what the script fills, and plain tables for browsers without scripts. @module */

import type { HistoryEvent } from "../../membership/history.ts";
import { MEMBER_STATES } from "../../membership/membership.ts";
import { time } from "../api/time.ts";
import type { MemberView, OverviewView } from "../api/views.ts";
import { eventText } from "./browser/fleet.js";
import { count, percent } from "./browser/format.js";
import { membersText, problemsOf } from "./browser/problems.js";
import { type Language, stateKey, wordsOf } from "./browser/words.js";
import { html, type Markup } from "./markup.ts";

/** What the page shows. */
export interface Shown {
  readonly overview: OverviewView;
  readonly members: readonly MemberView[];
  readonly events: readonly HistoryEvent[];
}

type Words = ReturnType<typeof wordsOf>;

const NUMBERS = ["weight", "share", "groups", "misplaced", "missing", "rate", "failures"];
const SORTED = ["member", "state", "since", ...NUMBERS];
const COLUMNS = ["member", "state", "since", "why", ...NUMBERS, "actions"];
/** Columns that only the script can fill. */
const SCRIPTED = new Set(["rate", "actions"]);

/** Renders the page in a language. */
export function renderDocument(shown: Shown, language: Language): string {
  const words = wordsOf(language);
  const { overview } = shown;
  return html`
    <!DOCTYPE html>
    <html lang="${language === "zh" ? "zh-CN" : "en"}">
      <head>
        <meta charset="utf-8">
        <meta name="viewport" content="width=device-width, initial-scale=1">
        <meta name="color-scheme" content="light dark">
        <title>${words("title")}</title>
        <link rel="icon" type="image/svg+xml" href="assets/icon.svg">
        <link rel="stylesheet" href="assets/style.css">
        <script type="module" src="assets/main.js"></script>
      </head>
      <body>
        <header>
          <h1>dynamic-sharding <span id="version">${overview.version}</span></h1>
          <nav aria-label="${words("title")}">${links(words)}</nav>
        </header>
        <main>
    <p id="stale" role="alert" hidden></p>
    <section aria-labelledby="problems-title">
    <h2 id="problems-title" class="quiet">${words("problems")}</h2>
    <ul id="problems" aria-live="polite">${problems(shown, words)}</ul>
    <dl class="sums">
    ${["members", "groups", "misplaced", "missing", "rate", "compared", "running"].map((key) =>
      sum(key, overview, words)
    )}
    </dl>
    </section>
    <noscript>${plainTables(shown, words)}</noscript>
    ${interactive(words)}
        </main>
        <dialog id="confirm" aria-labelledby="confirm-title"></dialog>
      </body>
    </html>
  `.text.trimStart();
}

function links(words: Words): Markup[] {
  const sections = ["members", "underway", "ring", "locate", "groups", "events", "agreement"];
  return sections.map((id) =>
    html`
      <a href="#${id}">${words(id)}</a>
    `
  );
}

function problems({ overview, members }: Shown, words: Words): Markup[] {
  const found = problemsOf(overview, members, words);
  if (found.length === 0) return [html`<li class="good">${words("ok")}</li>`];
  return found.map(({ level, text }) => html`<li class="${level}">${text}</li>`);
}

function sum(key: string, overview: OverviewView, words: Words): Markup {
  const { groups, misplaced, missing, compared } = overview;
  const values = new Map([
    ["members", membersText(overview)],
    ["compared", compared ?? "–"],
    ["rate", "–"], // only the script knows it
    ["running", overview.started],
  ]);
  const value = values.get(key) ?? count({ groups, misplaced, missing }[key]);
  return html`
    <div>
      <dt>${words(key === "members" ? "inRing" : key)}</dt>
      <dd id="sum-${key}">${value}</dd>
    </div>
  `;
}

/** Renders what the script fills. Without scripts none of it is shown. */
function interactive(words: Words): Markup {
  const header = (key: string) => {
    const name = SORTED.includes(key)
      ? html`<button type="button" data-key="${key}">${words(key)}</button>`
      : words(key);
    const kind = NUMBERS.includes(key) ? "number" : key === "actions" ? "deeds" : "text";
    return html`
      <th role="columnheader" scope="col" class="${kind}">${name}</th>
    `;
  };
  const field = (name: string, hint: string) =>
    html`
      <label>${words(
        name,
      )} <input name="${name}" placeholder="${hint}" autocomplete="off" spellcheck="false"></label>
    `;
  return html`
    <div class="scripted">
      <section id="members" aria-labelledby="members-title">
        <h2 id="members-title">${words("members")}</h2>
        <div class="tools">
          <input id="members-filter" type="search" aria-label="${words(
            "filter",
          )}" placeholder="${words("filter")}">
          <select id="members-state" aria-label="${words("state")}">
    <option value="">${words("all")}</option>
    ${MEMBER_STATES.map((state) =>
      html`
        <option value="${state}">${words(stateKey(state))}</option>
      `
    )}
          </select>
          <select id="members-sort" aria-label="${words("sort")}">
    ${SORTED.map((key) =>
      html`
        <option value="${key}">${words("sort")}: ${words(key)}</option>
      `
    )}
          </select>
          <span id="members-count" role="status"></span>
        </div>
        <table role="table" class="cards" aria-labelledby="members-title">
          <thead role="rowgroup">
            <tr role="row">
    ${COLUMNS.map(header)}</tr>
          </thead>
          <tbody role="rowgroup" id="members-body"></tbody>
        </table>
        <p id="members-empty" class="empty" hidden>${words("noMembers")}</p>
        <button type="button" id="members-all" hidden></button>
      </section>
      <section id="underway" aria-labelledby="underway-title">
        <h2 id="underway-title">${words("underway")}</h2>
        <dl>
          <dt>${words("handoff")}</dt>
          <dd id="underway-handoff"></dd>
          <dt>${words("sweep")}</dt>
          <dd id="underway-sweep"></dd>
          <dt>${words("drains")}</dt>
          <dd>
            <ul id="drains"></ul>
            <span id="drains-empty" class="empty">${words("noDrains")}</span>
          </dd>
        </dl>
      </section>
      <section id="ring" aria-labelledby="ring-title">
        <h2 id="ring-title">${words("ring")}</h2>
        <div class="beside">
          <div>
            <svg id="ring-drawing" viewBox="-100 -100 200 200" tabindex="0" role="img"
              aria-labelledby="ring-title" aria-describedby="ring-told"></svg>
            <p id="ring-told" role="status">${words("ringDrawn")}</p>
          </div>
          <div>
            <h3>${words("plan")}</h3>
            <p>${words("planHint")}</p>
            <form id="plan-form">
    ${field("add", "10.0.0.4:9091")}${field("remove", "10.0.0.1:9091")}${field(
      "weigh",
      "10.0.0.2:9091=2",
    )}
    <p class="pages"><button>${words("preview")}</button> <button type="reset">${words(
      "clear",
    )}</button></p>
            </form>
            <div id="plan-result" role="status"></div>
          </div>
        </div>
      </section>
      <section id="locate" aria-labelledby="locate-title">
        <h2 id="locate-title">${words("locate")}</h2>
        <form id="locate-form" class="tools">
          <input name="push" type="search" aria-label="${words("locateHint")}" placeholder="${words(
            "locateHint",
          )}"
            autocomplete="off" spellcheck="false">
          <button>${words("locateShow")}</button>
        </form>
        <div id="locate-result" role="status"></div>
      </section>
      <section id="groups" aria-labelledby="groups-title">
        <h2 id="groups-title">${words("groups")}</h2>
        <form id="groups-form" class="tools">
          <input name="search" type="search" aria-label="${words("search")}" placeholder="${words(
            "search",
          )}"
            autocomplete="off" spellcheck="false">
          <button>${words("find")}</button>
          <button type="button" id="wipe" class="danger" hidden>${words("wipe")}</button>
        </form>
        <div id="groups-result" role="status"></div>
      </section>
      <section id="events" aria-labelledby="events-title">
        <h2 id="events-title">${words("events")}</h2>
        <div class="scroll" tabindex="0" role="group" aria-labelledby="events-title">
          <table>
            <thead>
              <tr>
                <th scope="col">${words("time")}</th>
                <th scope="col">${words("what")}</th>
              </tr>
            </thead>
            <tbody id="events-body"></tbody>
          </table>
        </div>
        <p id="events-empty" class="empty" hidden>${words("noEvents")}</p>
      </section>
      <section id="agreement" aria-labelledby="agreement-title">
        <h2 id="agreement-title">${words("agreement")}</h2>
        <table>
          <thead>
            <tr>${["instance", "ring", "configuration"].map((key) =>
              html`<th scope="col">${words(key)}</th>`
            )}</tr>
          </thead>
          <tbody id="agreement-body"></tbody>
        </table>
        <p id="agreement-alone" class="empty" hidden>${words("agreementAlone")}</p>
      </section>
    </div>
  `;
}

function plainTables({ overview, members, events }: Shown, words: Words): Markup {
  const table = (headers: readonly string[], rows: readonly Markup[]) =>
    html`
      <table>
        <thead>
          <tr>${headers.map((key) => html`<th scope="col">${words(key)}</th>`)}</tr>
        </thead>
        <tbody>
      ${rows}</tbody>
      </table>
    `;
  const cells = (values: readonly (string | number | undefined)[]) =>
    html`
      <tr>${values.map((value) => html`<td>${value ?? "–"}</td>`)}</tr>
    `;
  const columns = COLUMNS.filter((key) => !SCRIPTED.has(key));
  const rows = members.map((view) =>
    cells([
      view.member,
      words(stateKey(view.state)),
      view.since,
      words.told(view.why ?? ""),
      view.weight,
      percent(view.share),
      count(view.groups),
      count(view.misplaced),
      count(view.missing),
      count(view.failures),
    ])
  );
  const happened = events.map(({ atMs, ...event }) =>
    cells([time(atMs), eventText({ ...event, time: "" }, words)])
  );
  const { ring, config_hash, instances } = overview;
  const own = { id: words("thisOne"), ring_hash: ring.hash, config_hash };
  const agreeing = (instances.length > 0 ? instances : [own]).map((one) =>
    cells([one.id, one.ring_hash.toString(16).padStart(8, "0"), one.config_hash])
  );
  return html`<h2>${words("members")}</h2>
${table(columns, rows)}<h2>${words("events")}</h2>
${table(["time", "what"], happened)}<h2>${words("agreement")}</h2>
${table(["instance", "ring", "configuration"], agreeing)}`;
}
