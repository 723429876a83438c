// @ts-check
/** Numbers, times and errors for people. @module */

/** @typedef {ReturnType<typeof import("./words.js").wordsOf>} Words */

const UNITS = /** @type {const} */ ([["days", 86_400], ["hours", 3_600], ["minutes", 60]]);

/**
 * A duration in its largest unit.
 *
 * @param {number} seconds
 * @param {Words} words
 */
export function duration(seconds, words) {
  const whole = Math.max(0, Math.round(seconds));
  for (const [unit, length] of UNITS) {
    // 119 s say more than 2 min.
    if (whole >= 2 * length) return words(unit, Math.floor(whole / length));
  }
  return words("seconds", whole);
}

/**
 * A number with its thousands parted.
 *
 * @param {number | undefined} value
 */
export function count(value) {
  return value === undefined ? "–" : String(value).replace(/\B(?=(?:\d{3})+$)/g, "\u202f");
}

/**
 * A rate, with a digit behind the point where it is small.
 *
 * @param {number | undefined} value
 */
export function rate(value) {
  if (value === undefined) return "–";
  return value > 0 && value < 10 ? value.toFixed(1) : count(Math.round(value));
}

/**
 * A number of bytes in its unit.
 *
 * @param {number} value
 */
export function bytes(value) {
  if (value < 1_000) return `${value} B`;
  const [size, unit] = value < 1_000_000 ? [value / 1_000, "kB"] : [value / 1_000_000, "MB"];
  return `${size < 10 ? size.toFixed(1) : count(Math.round(size))} ${unit}`;
}

/**
 * A time by the clock on the wall: `2026-11-30 02:03:04`.
 *
 * @param {string} iso
 */
export function clock(iso) {
  // Swedes write it in this order.
  return new Date(iso).toLocaleString("sv");
}

/**
 * A part of the whole.
 *
 * @param {number | undefined} share from 0 to 1
 */
export function percent(share) {
  return share === undefined ? "–" : `${(share * 100).toFixed(share < 0.1 ? 2 : 1)} %`;
}

/**
 * A group as people write it: `{job="backup", instance="db1"}`.
 *
 * @param {Readonly<Record<string, string>>} group
 */
export function labelsText({ job, ...labels }) {
  const pairs = [["job", job], ...Object.entries(labels)];
  return `{${pairs.map(([name, value]) => `${name}=${JSON.stringify(value)}`).join(", ")}}`;
}

/**
 * A text as one word of a shell.
 *
 * @param {string} text
 */
export function shellWord(text) {
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}

/**
 * What went wrong, in the language of the page where the service says it.
 *
 * @param {unknown} error
 * @param {Words} words
 */
export function messageOf(error, words) {
  return words.told(error instanceof Error ? error.message : String(error));
}
