// @ts-check
/// <reference lib="dom" />
/** The table of members: a row stays the same element for as long as its member is shown. @module */

import { byId, fill, h, say } from "./dom.js";
import { count, percent } from "./format.js";
import { chosen } from "./order.js";
import { stateKey } from "./words.js";

/** @typedef {import("./api.js").MemberView} MemberView */
/** @typedef {import("./order.js").SortKey} SortKey */

/** Rows that are shown before somebody asks for all. */
const ROWS_MAX = 250;

/**
 * Creates the table.
 *
 * @param {object} deps
 * @param {import("./format.js").Words} deps.words
 * @param {(iso: string | undefined) => Node | string} deps.age
 * @param {(view: MemberView) => readonly Node[]} deps.deeds the buttons of a member
 */
export function createMembers({ words, age, deeds }) {
  const body = byId("members-body");
  const filter = /** @type {HTMLInputElement} */ (byId("members-filter"));
  const state = /** @type {HTMLSelectElement} */ (byId("members-state"));
  const sort = /** @type {HTMLSelectElement} */ (byId("members-sort"));
  const all = /** @type {HTMLButtonElement} */ (byId("members-all"));
  /** @type {Map<string, {row: HTMLTableRowElement, shown: string}>} */
  const rows = new Map();
  /** @type {readonly MemberView[]} */
  let members = [];
  /** @type {SortKey} */
  let key = "state";
  let [descending, isWhole] = [false, false];

  /** @param {MemberView} view */
  function cells(view) {
    const bar = h("span", { class: "bar" }, h("span", {}));
    const max = Math.max(...members.map(({ share = 0 }) => share));
    if (max > 0 && view.share !== undefined) {
      /** @type {HTMLElement} */ (bar.firstChild).style.width = `${(view.share / max) * 100}%`;
    }
    const label = view.drained ? words("drained") : words(stateKey(view.state));
    const number = (/** @type {string} */ name, /** @type {number | undefined} */ value) =>
      h("td", {
        role: "cell",
        class: `number${name !== "groups" && value ? " bad" : ""}`,
        "data-label": words(name),
      }, count(value));
    return [
      h("th", { role: "rowheader", scope: "row" }, view.member),
      h("td", { role: "cell" }, h("span", { class: `state ${view.state}` }, label)),
      h("td", { role: "cell", "data-label": words("since") }, age(view.since)),
      h(
        "td",
        { role: "cell", class: "why" },
        view.why ?? "",
        view.same_as !== undefined && ` (${view.same_as})`,
      ),
      h("td", { role: "cell", class: "number", "data-label": words("weight") }, count(view.weight)),
      h(
        "td",
        { role: "cell", class: "number share", "data-label": words("share") },
        bar,
        percent(view.share),
      ),
      number("groups", view.groups),
      number("misplaced", view.misplaced),
      number("missing", view.missing),
      h("td", { role: "cell", class: "deeds" }, ...deeds(view)),
    ];
  }

  /** @param {MemberView} view */
  function rowOf(view) {
    // What a drain tells is shown elsewhere, and changes all the time.
    const { drain: _, ...rest } = view;
    const shown = JSON.stringify(rest);
    const known = rows.get(view.member) ?? { row: h("tr", { role: "row" }), shown: "" };
    rows.set(view.member, known);
    // A button that somebody is about to press stays.
    if (known.shown !== shown) fill(known.row, ...cells(view));
    known.shown = shown;
    return known.row;
  }

  function render() {
    const found = chosen(members, { text: filter.value, state: state.value, key, descending });
    const shown = isWhole ? found : found.slice(0, ROWS_MAX);
    const wanted = shown.map(rowOf);
    const isSame = wanted.length === body.children.length &&
      wanted.every((row, i) => row === body.children[i]);
    if (!isSame) body.replaceChildren(...wanted);
    say(byId("members-count"), words("membersShown", shown.length, members.length));
    byId("members-empty").hidden = members.length > 0;
    all.hidden = found.length === shown.length;
    say(all, words("showAll", found.length));
    for (const button of document.querySelectorAll("#members button[data-key]")) {
      const isKey = button.getAttribute("data-key") === key;
      const order = isKey ? (descending ? "descending" : "ascending") : "none";
      button.closest("th")?.setAttribute("aria-sort", order);
    }
    sort.value = key;
  }

  for (const button of document.querySelectorAll("#members button[data-key]")) {
    button.addEventListener("click", () => {
      const next = /** @type {SortKey} */ (button.getAttribute("data-key"));
      // Of numbers the largest are looked for.
      const isNumber = !["member", "state", "since"].includes(next);
      descending = next === key ? !descending : isNumber;
      key = next;
      render();
    });
  }
  sort.addEventListener("change", () => {
    key = /** @type {SortKey} */ (sort.value);
    descending = !["member", "state", "since"].includes(key);
    render();
  });
  filter.addEventListener("input", render);
  state.addEventListener("change", render);
  all.addEventListener("click", () => {
    isWhole = true;
    render();
  });

  return {
    /** @param {readonly MemberView[]} next */
    show(next) {
      members = next;
      const present = new Set(next.map(({ member }) => member));
      for (const member of rows.keys()) if (!present.has(member)) rows.delete(member);
      render();
    },
    /** All rows are made anew: they may have other buttons now. */
    forget: () => rows.clear(),
  };
}
