// @ts-check
/** Which members are shown, and in which order. @module */

/** @typedef {import("./api.js").MemberView} MemberView */
/** @typedef {"member" | "state" | "since" | "weight" | "share" | "groups" | "misplaced" | "missing" | "rate" | "failures"} SortKey */

/** What an operator should look at comes first. */
const STATES = ["suspect", "joining", "draining", "alias", "active", "departed"];
const names = new Intl.Collator("en", { numeric: true });

/**
 * Returns the members that match a filter, sorted.
 *
 * @param {readonly MemberView[]} members
 * @param {object} choice
 * @param {string} choice.text anywhere in the name, the reason or the other name
 * @param {string} choice.state empty: all
 * @param {SortKey} choice.key
 * @param {boolean} choice.descending
 * @param {(view: MemberView) => string} choice.shown its state and reason in the language of the page
 * @returns {MemberView[]}
 */
export function chosen(members, { text, state, key, descending, shown }) {
  const words = text.toLowerCase().split(/\s+/).filter((word) => word !== "");
  const found = members.filter((view) => {
    if (state !== "" && view.state !== state) return false;
    if (words.length === 0) return true;
    const { member, why = "", unread = "", same_as = "", version = "" } = view;
    const all = [member, view.state, why, unread, same_as, version, shown(view)].join(" ")
      .toLowerCase();
    return words.every((word) => all.includes(word));
  });
  const sign = descending ? -1 : 1;
  return found.sort((a, b) => sign * compare(a, b, key) || names.compare(a.member, b.member));
}

/**
 * @param {MemberView} a
 * @param {MemberView} b
 * @param {SortKey} key
 */
function compare(a, b, key) {
  if (key === "member") return names.compare(a.member, b.member);
  if (key === "state") return STATES.indexOf(a.state) - STATES.indexOf(b.state);
  if (key === "since") return (a.since ?? "") < (b.since ?? "") ? -1 : a.since === b.since ? 0 : 1;
  return (a[key] ?? -1) - (b[key] ?? -1);
}
