// @ts-check
/// <reference lib="dom" />
/** What somebody asks for: a plan, and where a group goes. @module */

import { ask } from "./api.js";
import { byId, fill, h } from "./dom.js";
import { count, labelsText, messageOf, shellWord } from "./format.js";
import { sizeButton } from "./sizes.js";

/** @typedef {import("./format.js").Words} Words */
/** @typedef {import("./api.js").FoundGroup} FoundGroup */
/** @typedef {import("./api.js").Plan} Plan */

/** Rows of a plan: of a thousand members each may get groups of each. */
const MOVES_MAX = 50;

/**
 * Runs when a form is sent, and shows what went wrong. An answer that is no longer wanted is dropped.
 *
 * @param {string} id
 * @param {object} deps
 * @param {Element} deps.result
 * @param {Words} deps.words
 * @param {(form: FormData) => Promise<readonly (Node | string)[]>} answer
 * @returns {() => Promise<void>} sends it
 */
export function onSend(id, { result, words }, answer) {
  const form = /** @type {HTMLFormElement} */ (byId(id));
  let last = 0;
  async function send() {
    const mine = ++last;
    let shown;
    try {
      shown = await answer(new FormData(form));
    } catch (error) {
      shown = [h("p", { class: "refused", role: "alert" }, messageOf(error, words))];
    }
    if (mine === last) fill(result, ...shown);
  }
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    void send();
  });
  return send;
}

/**
 * A table of a plan's moves.
 *
 * @param {Plan} plan
 * @param {Words} words
 */
export function movesTable(plan, words) {
  if (plan.moves.length === 0) return h("p", {}, words("noMoves"));
  const sorted = [...plan.moves].sort((a, b) => b.groups - a.groups);
  const table = h(
    "table",
    {},
    h(
      "thead",
      {},
      h(
        "tr",
        {},
        h("th", { scope: "col" }, words("from")),
        h("th", { scope: "col" }, words("to")),
        h("th", { scope: "col", class: "number" }, words("groups")),
      ),
    ),
    h(
      "tbody",
      {},
      ...sorted.slice(0, MOVES_MAX).map(({ from, to, groups }) =>
        h("tr", {}, h("td", {}, from), h("td", {}, to), h("td", { class: "number" }, count(groups)))
      ),
    ),
  );
  return sorted.length <= MOVES_MAX
    ? table
    : h("div", {}, table, h("p", {}, words("tooMany", MOVES_MAX)));
}

/**
 * The preview of a change of members.
 *
 * @param {object} deps
 * @param {Words} deps.words
 * @param {(plan: Plan | undefined) => void} deps.draw
 */
export function createPlanForm({ words, draw }) {
  const result = byId("plan-result");
  onSend("plan-form", { result, words }, async (form) => {
    draw(undefined);
    const query = new URLSearchParams({ sweep: "false" });
    const named = (/** @type {string} */ name) =>
      String(form.get(name) ?? "").split(/[\s,]+/).filter((text) => text !== "");
    for (const change of ["add", "remove", "weigh"]) {
      for (const member of named(change)) query.append(change, member);
    }
    /** @type {Plan} */
    const plan = await ask(`api/v1/plan?${query}`);
    draw(plan);
    const summary = words("wouldMove", count(plan.moving), count(plan.groups));
    return [h("p", { class: "summary" }, summary), movesTable(plan, words)];
  });
  byId("plan-form").addEventListener("reset", () => {
    fill(result);
    draw(undefined);
  });
}

/**
 * Where a group goes.
 *
 * @param {object} deps
 * @param {Words} deps.words
 * @param {() => string} deps.mode
 * @param {(holders: FoundGroup["holders"]) => Node} deps.holders
 */
export function createLocateForm({ words, mode, holders }) {
  onSend("locate-form", { result: byId("locate-result"), words }, async (form) => {
    const query = new URLSearchParams({ push: String(form.get("push") ?? "") });
    const found = await ask(`api/v1/locate?${query}`);
    const spelling = { usual: "usual", other: "other", changed: "spellingChanged" }[
      /** @type {"usual" | "other" | "changed"} */ (found.spelling)
    ];
    const url = new URL(`.${found.path}`, document.baseURI).href;
    const curl = (/** @type {string} */ line) => h("code", {}, line);
    const follow = mode() === "redirect" ? "--location " : "";
    const push = `echo 'some_metric 1' | curl ${follow}--fail-with-body --data-binary @- `;
    const entries = [
      [words("group"), labelsText(found.group)],
      [words("path"), h("code", {}, found.path)],
      [words("spelling"), words(spelling)],
      [words("owner"), found.owner],
      [words("holders"), holders(found.holders)],
      [words("size"), sizeButton(found.path, words)],
      [words("curlPush"), curl(push + shellWord(url))],
      [words("curlRead"), curl(`curl --header 'Accept: application/json' ${shellWord(url)}`)],
      [words("curlDelete"), curl(`curl ${follow}--request DELETE ${shellWord(url)}`)],
    ];
    return [
      h("dl", {}, ...entries.flatMap(([term, what]) => [h("dt", {}, term), h("dd", {}, what)])),
    ];
  });
}
