// @ts-check
/// <reference lib="dom" />
/** What changes something: each deed is confirmed, with what it will do in numbers. @module */

import { ask } from "./api.js";
import { byId, fill, h } from "./dom.js";
import { count, labelsText, messageOf } from "./format.js";
import { movesTable } from "./forms.js";

/** @typedef {import("./format.js").Words} Words */
/** @typedef {import("./api.js").MemberView} MemberView */

/**
 * Creates the deeds. Where the admin API is off there are no buttons.
 *
 * @param {object} deps
 * @param {Words} deps.words
 * @param {() => boolean} deps.isAllowed
 * @param {() => void} deps.onDone
 */
export function createDeeds({ words, isAllowed, onDone }) {
  const dialog = /** @type {HTMLDialogElement} */ (byId("confirm"));

  /**
   * Asks, and does it.
   *
   * @param {object} deed
   * @param {string} deed.title
   * @param {readonly (Node | string)[]} deed.says
   * @param {string} [deed.type] what has to be typed
   * @param {() => Promise<unknown>} deed.run
   */
  function confirm({ title, says, type, run }) {
    const failed = h("p", { class: "refused", role: "alert" });
    const typed = h("input", { autocomplete: "off", "aria-label": title });
    const go = h("button", { type: "button", class: "danger" }, title);
    go.disabled = type !== undefined;
    typed.addEventListener("input", () => go.disabled = typed.value !== type);
    go.addEventListener("click", async () => {
      go.disabled = true;
      try {
        await run();
        dialog.close();
        onDone();
      } catch (error) {
        fill(failed, messageOf(error, words));
        go.disabled = false;
      }
    });
    const leave = h("button", { type: "button", onclick: () => dialog.close() }, words("cancel"));
    fill(
      dialog,
      h("h2", { id: "confirm-title" }, title),
      ...says,
      type !== undefined && typed,
      failed,
      h("p", { class: "pages" }, go, leave),
    );
    dialog.showModal();
    (type === undefined ? leave : typed).focus();
  }

  /** @param {MemberView} view */
  async function drain({ member, groups }) {
    const query = new URLSearchParams({ remove: member, sweep: "false" });
    const moves = await ask(`api/v1/plan?${query}`).then(
      (plan) => movesTable(plan, words),
      (error) => h("p", {}, messageOf(error, words)),
    );
    confirm({
      title: words("drain"),
      says: [h("p", {}, words("confirmDrain", member, count(groups))), moves],
      run: () => ask(drainPath(member), "PUT"),
    });
  }

  /** @param {MemberView} view */
  function undo({ member, drain }) {
    confirm({
      title: words("undoDrain"),
      says: [
        h(
          "p",
          {},
          words("confirmUndo", member, count(drain?.moved ?? 0), count(drain?.groups ?? 0)),
        ),
      ],
      run: () => ask(drainPath(member), "DELETE"),
    });
  }

  /** @param {string} member */
  const drainPath = (member) => `api/v1/members/${encodeURIComponent(member)}/drain`;
  /**
   * @param {string} label
   * @param {string} subject
   * @param {() => void} onclick
   */
  const button = (label, subject, onclick) =>
    h(
      "button",
      { type: "button", class: "deed", "aria-label": `${label}: ${subject}`, onclick },
      label,
    );

  return {
    /**
     * @param {MemberView} view
     * @param {() => MemberView} latest the same, as it is when a button is pressed
     * @returns {readonly Node[]}
     */
    ofMember(view, latest) {
      if (!isAllowed() || view.state === "alias") return [];
      const leaves = view.state === "draining" || view.state === "departed";
      return leaves
        ? [button(words("undo"), view.member, () => undo(latest()))]
        : [button(words("drain"), view.member, () => void drain(latest()))];
    },
    /**
     * @param {import("./api.js").FoundGroup} group
     * @param {() => void} again
     * @returns {readonly Node[]}
     */
    ofGroup(group, again) {
      if (!isAllowed()) return [];
      const name = labelsText(group.group);
      const run = async () => {
        await ask(`api/v1/groups?${new URLSearchParams({ push: group.path })}`, "DELETE");
        again();
      };
      return [
        button(words("deleteGroup"), name, () =>
          confirm({
            title: words("deleteGroup"),
            says: [
              h("p", {}, words("confirmDelete", group.holders.length)),
              h("p", {}, h("code", {}, name)),
            ],
            run,
          })),
      ];
    },
    /**
     * @param {number} groups
     * @param {number} members
     * @param {() => void} again
     */
    wipe(groups, members, again) {
      confirm({
        title: words("wipe"),
        says: [h("p", {}, words("confirmWipe", groups, members))],
        type: String(groups),
        async run() {
          await ask("api/v1/admin/wipe", "PUT");
          // A plan reads all members once more. Where there is none, no groups are shown either.
          await ask("api/v1/plan").catch(() => {});
          again();
        },
      });
    },
  };
}
