// @ts-check
/** Asks the API that the page comes from. @module */

/**
 * @typedef {object} MemberView
 * @property {string} member
 * @property {string} state
 * @property {string} [since]
 * @property {string} [why]
 * @property {string} [started]
 * @property {string} [version]
 * @property {number} [pushes]
 * @property {number} [failures]
 * @property {number} [rate] pushes a second of late; worked out here
 * @property {boolean} in_ring
 * @property {boolean} drained
 * @property {string} [same_as]
 * @property {number} [weight]
 * @property {number} [share]
 * @property {number} [groups]
 * @property {number} [misplaced]
 * @property {number} [missing]
 * @property {string} [unread]
 * @property {boolean} [broken_page]
 * @property {{groups: number, moved: number, rate?: number, seconds_left?: number, staying: readonly {group: string, why: string}[]}} [drain]
 *
 * @typedef {object} Overview
 * @property {string} version
 * @property {string} started
 * @property {boolean} ready
 * @property {string} reason
 * @property {string} mode
 * @property {boolean} handoff
 * @property {boolean} admin_api
 * @property {string} discovery
 * @property {string} [discovery_error]
 * @property {string} [locks]
 * @property {{hash: number, members: number, kept: boolean}} ring
 * @property {string} config_hash
 * @property {number} last_event
 * @property {Readonly<Record<string, number>>} states
 * @property {string} [compared]
 * @property {number} [groups]
 * @property {number} [misplaced]
 * @property {number} [missing]
 * @property {readonly {id: string, own: boolean, lost: boolean, ring_hash: number, config_hash?: string}[]} instances
 *
 * @typedef {object} FleetEvent
 * @property {number} id
 * @property {string} time
 * @property {string} kind
 * @property {string} [member]
 * @property {string} [from]
 * @property {string} [to]
 * @property {string} [why]
 * @property {number} [moved]
 * @property {number} [members]
 * @property {readonly string[]} [added]
 * @property {readonly string[]} [removed]
 * @property {number} [misplaced]
 * @property {number} [groups]
 * @property {readonly string[]} [problems]
 *
 * @typedef {object} FoundGroup
 * @property {Readonly<Record<string, string>>} group
 * @property {string} path
 * @property {string} [owner]
 * @property {readonly {member: string, reachable: boolean, pushed?: string, failed?: string}[]} holders
 *
 * @typedef {object} Plan
 * @property {number} groups
 * @property {number} moving
 * @property {readonly {from: string, to: string, groups: number}[]} moves
 * @property {readonly {member: string, before: number, after: number}[]} balance
 */

/** How far the clock of the browser is ahead of that of the service. */
let aheadMs = 0;
/** A `Date` tells seconds, and takes a while to come. */
const SAME_CLOCK_MS = 5_000;

/** Unix time in milliseconds, by the clock of the service. */
export function now() {
  return Date.now() - aheadMs;
}

/**
 * The last answers, by path, with their tags.
 *
 * @type {Map<string, {tag: string, data: any}>}
 */
const answers = new Map();

/**
 * Asks for what is polled.
 *
 * @param {string} path relative to the page: it may be behind a prefix
 * @returns {Promise<any>} the data; the very same object where it has not changed since the call before
 * @throws {Error} with the reason of the service, or that it does not answer
 */
export async function poll(path) {
  const known = answers.get(path);
  const headers = known && { "if-none-match": known.tag };
  const answer = await fetch(path, { cache: "no-store", headers });
  if (answer.status === 304 && known) return known.data;
  const data = await dataOf(answer);
  answers.set(path, { tag: answer.headers.get("etag") ?? "", data });
  return data;
}

/** How often a busy service is asked. */
const TRIES_MAX = 5;

/**
 * Asks once, and once more where the service is busy with others.
 *
 * @param {string} path
 * @param {string} [method]
 * @returns {Promise<any>}
 * @throws {Error} as `poll`
 */
export async function ask(path, method = "GET") {
  for (let tries = 1;; tries++) {
    const answer = await fetch(path, { cache: "no-store", method });
    if (answer.status !== 429 || tries === TRIES_MAX) return await dataOf(answer);
    const seconds = Number(answer.headers.get("retry-after")) || 1;
    await new Promise((resolve) => setTimeout(resolve, seconds * 1_000));
  }
}

/** @param {Response} answer */
async function dataOf(answer) {
  const ahead = Date.now() - Date.parse(answer.headers.get("date") ?? "");
  aheadMs = Math.abs(ahead) > SAME_CLOCK_MS ? ahead : 0;
  const text = await answer.text();
  let body;
  try {
    body = JSON.parse(text);
  } catch {
    throw new Error(`${answer.status}: ${text.slice(0, 200).trim() || answer.statusText}`);
  }
  if (!answer.ok) throw new Error(body.error ?? `${answer.status}`);
  return body.data;
}
