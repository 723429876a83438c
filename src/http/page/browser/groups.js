// @ts-check
/// <reference lib="dom" />
/** The search for groups, page by page. @module */

import { ask } from "./api.js";
import { byId, fill, h } from "./dom.js";
import { count, messageOf } from "./format.js";
import { onSend } from "./forms.js";
import { askSizes, sizeText } from "./sizes.js";

/** @typedef {import("./format.js").Words} Words */
/** @typedef {import("./api.js").FoundGroup} FoundGroup */
/** @typedef {{groups: readonly FoundGroup[], matching: number, next?: string}} Found */

/** Groups of one page: as many as the service reads the sizes of at once. */
const PAGE = "20";
const COLUMNS = ["job", "labels", "lastPush", "size", "owner", "holders", "actions"];

/**
 * Creates the search.
 *
 * @param {object} deps
 * @param {Words} deps.words
 * @param {(iso: string | undefined) => Node | string} deps.age
 * @param {(holders: FoundGroup["holders"]) => Node} deps.holders
 * @param {(group: FoundGroup, again: () => void) => readonly Node[]} deps.deeds
 * @returns {() => Promise<void>} searches again
 */
export function createGroupsForm({ words, age, holders, deeds }) {
  const result = byId("groups-result");
  let after = "";

  /**
   * @param {FoundGroup} group
   * @param {string | undefined} size where it was read
   */
  function row(group, size) {
    const { job, ...labels } = group.group;
    const pushed = group.holders.map(({ pushed }) => pushed ?? "").sort().at(-1);
    const failed = group.holders.map(({ failed }) => failed ?? "").sort().at(-1);
    const isFailed = failed !== undefined && failed > (pushed ?? "");
    const pairs = Object.entries(labels).map(([name, value]) =>
      h("span", { class: "label" }, `${name}=${JSON.stringify(value)}`)
    );
    return h(
      "tr",
      { role: "row" },
      h("th", { role: "rowheader", scope: "row" }, job),
      h("td", { role: "cell", "data-label": words("labels") }, ...pairs),
      h(
        "td",
        { role: "cell", "data-label": words("lastPush") },
        pushed ? age(pushed) : words("never"),
        isFailed && h("span", { class: "state suspect" }, words("failed")),
      ),
      size !== undefined && h("td", { role: "cell", "data-label": words("size") }, size),
      h("td", { role: "cell", "data-label": words("owner") }, group.owner ?? "–"),
      h("td", { role: "cell", "data-label": words("holders") }, holders(group.holders)),
      h("td", { role: "cell", class: "deeds" }, ...deeds(group, () => void send())),
    );
  }

  /**
   * @param {readonly FoundGroup[]} groups
   * @param {import("./sizes.js").Sizes | undefined} sizes
   */
  function table(groups, sizes) {
    const headers = COLUMNS.filter((key) => key !== "size" || sizes).map((key) => {
      const place = key === "actions" ? "deeds" : undefined;
      return h("th", { role: "columnheader", scope: "col", class: place }, words(key));
    });
    const rows = groups.map((group) => row(group, sizes && sizeText(sizes, group.path, words)));
    return h(
      "table",
      { role: "table", class: "cards" },
      h("thead", { role: "rowgroup" }, h("tr", { role: "row" }, ...headers)),
      h("tbody", { role: "rowgroup" }, ...rows),
    );
  }

  /**
   * @param {Found} found
   * @param {import("./sizes.js").Sizes} [sizes]
   */
  function shown(found, sizes) {
    const { groups, matching, next } = found;
    const turn = (/** @type {string} */ to) => () => {
      after = to;
      void send();
    };
    const read = h("button", { type: "button", title: words("readSizesHint") }, words("readSizes"));
    read.addEventListener("click", async () => {
      read.disabled = true;
      try {
        const sizes = await askSizes(groups.map(({ path }) => path));
        // Another search may have taken its place meanwhile.
        if (read.isConnected) fill(result, ...shown(found, sizes));
      } catch (error) {
        read.replaceWith(h("span", { class: "refused", role: "alert" }, messageOf(error, words)));
      }
    });
    return [
      h(
        "p",
        { class: "summary" },
        matching === 0 ? words("noGroups") : words("groupsFound", count(matching)),
      ),
      groups.length === 0 ? "" : table(groups, sizes),
      h(
        "p",
        { class: "pages" },
        after !== "" && h("button", { type: "button", onclick: turn("") }, words("first")),
        next !== undefined && h("button", { type: "button", onclick: turn(next) }, words("next")),
        groups.length > 0 && !sizes && read,
      ),
    ];
  }

  const send = onSend("groups-form", { result, words }, async (form) => {
    const search = String(form.get("search") ?? "");
    const query = new URLSearchParams({ search, after, limit: PAGE });
    return shown(await ask(`api/v1/groups?${query}`));
  });
  byId("groups-form").addEventListener("input", () => after = "");
  return send;
}
