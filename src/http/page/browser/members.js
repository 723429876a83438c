// @ts-check
/// <reference lib="dom" />
/** The table of members: a row stays the same element for as long as its member is shown. @module */

import { byId, h, say } from "./dom.js";
import { count, percent, rate } from "./format.js";
import { chosen } from "./order.js";
import { stateKey } from "./words.js";

/** @typedef {import("./api.js").MemberView} MemberView */
/** @typedef {import("./order.js").SortKey} SortKey */

/** Rows that are shown before somebody asks for all. */
const ROWS_MAX = 250;
/** The bars keep their scale until it is off by this part. */
const SCALE_STEP = 0.2;
/** Of these there should be none. */
const BAD = new Set(["misplaced", "missing", "failures"]);

/**
 * Replaces the cells that differ: a button that has the focus, or is about to be pressed, stays.
 *
 * @param {HTMLTableRowElement} row
 * @param {readonly HTMLElement[]} cells
 */
function patch(row, cells) {
  for (const [i, cell] of cells.entries()) {
    const before = row.children[i];
    if (!before) row.append(cell);
    else if (!before.isEqualNode(cell)) before.replaceWith(cell);
  }
}

/**
 * Creates the table.
 *
 * @param {object} deps
 * @param {import("./format.js").Words} deps.words
 * @param {(iso: string | undefined) => Node | string} deps.age
 * @param {(view: MemberView, latest: () => MemberView) => readonly Node[]} deps.deeds the buttons of a member
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
  /** Of all groups that members hold, and of their shares: the bars are drawn to its scale. */
  let [total, largest] = [0, 0];

  /** @param {MemberView} view */
  function latest(view) {
    return members.find(({ member }) => member === view.member) ?? view;
  }

  /** @param {MemberView} view */
  function heldPart({ groups }) {
    return total === 0 || groups === undefined ? undefined : groups / total;
  }

  /**
   * @param {string} name
   * @param {number | undefined} part
   */
  function bar(name, part) {
    const element = h("span", { class: name });
    element.style.width = `${largest === 0 ? 0 : 100 * (part ?? 0) / largest}%`;
    return element;
  }

  /** @param {MemberView} view */
  function stateText({ drained, state }) {
    return drained ? words("drained") : words(stateKey(state));
  }

  /** @param {MemberView} view */
  function cells(view) {
    const held = heldPart(view);
    const bars = h(
      "span",
      { class: "bars", title: words("shares", percent(view.share), percent(held)) },
      bar("owned", view.share),
      bar("held", held),
    );
    const number = (/** @type {string} */ name, /** @type {number | undefined} */ value) =>
      h("td", {
        role: "cell",
        class: `number${BAD.has(name) && value ? " bad" : ""}`,
        "data-label": words(name),
      }, name === "rate" ? rate(value) : count(value));
    return [
      h(
        "th",
        { role: "rowheader", scope: "row" },
        view.member,
        view.version !== undefined && h("small", {}, view.version),
      ),
      h("td", { role: "cell" }, h("span", { class: `state ${view.state}` }, stateText(view))),
      h("td", { role: "cell", "data-label": words("since") }, age(view.since)),
      h(
        "td",
        { role: "cell", class: "why" },
        words.told(view.why ?? ""),
        view.broken_page === true && h("small", { class: "bad" }, words("brokenPage")),
        view.unread !== undefined &&
          h(
            "small",
            { class: "bad" },
            words("cannotRead", words("groups"), words.told(view.unread)),
          ),
        view.same_as !== undefined && ` (${view.same_as})`,
      ),
      h("td", { role: "cell", class: "number", "data-label": words("weight") }, count(view.weight)),
      h(
        "td",
        { role: "cell", class: "number share", "data-label": words("share") },
        bars,
        h("span", { class: "part" }, percent(view.share)),
      ),
      number("groups", view.groups),
      number("misplaced", view.misplaced),
      number("missing", view.missing),
      number("rate", view.rate),
      number("failures", view.failures),
      h("td", { role: "cell", class: "deeds" }, ...deeds(view, () => latest(view))),
    ];
  }

  /** @param {MemberView} view */
  function rowOf(view) {
    // What a drain tells is shown elsewhere, and changes all the time.
    const { drain: _, pushes: __, rate: perSecond, ...rest } = view;
    const shown = JSON.stringify([rest, rate(perSecond), percent(heldPart(view))]);
    const known = rows.get(view.member) ?? { row: h("tr", { role: "row" }), shown: "" };
    rows.set(view.member, known);
    if (known.shown !== shown) patch(known.row, cells(view));
    known.shown = shown;
    return known.row;
  }

  function render() {
    const found = chosen(members, {
      ...{ text: filter.value, state: state.value, key, descending },
      shown: (view) =>
        `${stateText(view)} ${words.told(view.why ?? "")} ${words.told(view.unread ?? "")} ${
          view.broken_page ? words("brokenPage") : ""
        }`,
    });
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
      total = next.reduce((sum, { groups = 0 }) => sum + groups, 0);
      const scale = Math.max(
        ...next.map(({ share = 0, groups = 0 }) => Math.max(share, groups / Math.max(total, 1))),
        0,
      );
      // All rows are drawn anew only where the scale is another one.
      if (Math.abs(scale - largest) > SCALE_STEP * largest) {
        largest = scale;
        rows.clear();
      }
      const present = new Set(next.map(({ member }) => member));
      for (const member of rows.keys()) if (!present.has(member)) rows.delete(member);
      render();
    },
    /** All rows are made anew: they may have other buttons now. */
    forget: () => rows.clear(),
  };
}
