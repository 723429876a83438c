// @ts-check
/// <reference lib="dom" />
/** How large groups are. Their Pushgateways are read for it, so it is asked only when somebody wants to know. @module */

import { ask } from "./api.js";
import { h } from "./dom.js";
import { bytes, count, messageOf } from "./format.js";

/** @typedef {import("./format.js").Words} Words */

/**
 * @typedef {object} Sizes
 * @property {readonly {path: string, sizes: readonly {member: string, samples: number, bytes: number}[]}[]} groups
 * @property {readonly {member: string, why: string}[]} unread
 */

/**
 * Reads how large groups are.
 *
 * @param {readonly string[]} paths
 * @returns {Promise<Sizes>}
 */
export async function askSizes(paths) {
  return await ask(`api/v1/sizes?${new URLSearchParams(paths.map((path) => ["push", path]))}`);
}

/**
 * The size of a group in words: once, or for each of several members.
 *
 * @param {Sizes} read
 * @param {string} path
 * @param {Words} words
 */
export function sizeText({ groups, unread }, path, words) {
  const found = groups.find((group) => group.path === path)?.sizes ?? [];
  const texts = found.map(({ member, samples, bytes: length }) => {
    const text = samples === 1
      ? words("sizeOfOne", bytes(length))
      : words("sizeOf", count(samples), bytes(length));
    return found.length > 1 ? `${member}: ${text}` : text;
  });
  if (texts.length > 0) return texts.join("; ");
  return unread.map(({ member, why }) => words("cannotRead", member, words.told(why))).join("; ") ||
    "–";
}

/**
 * A button that is replaced by the size of a group.
 *
 * @param {string} path
 * @param {Words} words
 */
export function sizeButton(path, words) {
  const button = h("button", { type: "button", class: "deed" }, words("readSize"));
  const place = h("span", {}, button);
  button.addEventListener("click", async () => {
    button.disabled = true;
    place.replaceChildren(
      await askSizes([path]).then(
        (read) => sizeText(read, path, words),
        (error) => messageOf(error, words),
      ),
    );
  });
  return place;
}
