/** Draws what one connection brings: requests one after the other, valid, odd or broken. @module */

import { createRandom, type Random } from "../../../tools/random.ts";
import type { Delivery } from "../exchange.ts";
import { type Draft, render, withFields } from "./draft.ts";
import { ODD_BODIES, ODD_FRAMINGS } from "./odd_bodies.ts";
import { largeHead, ODD_FIELDS, ODD_HOSTS, ODD_LINES, type Oddity } from "./odd_heads.ts";
import { repeat, validPush, validRequest } from "./valid.ts";

/** What one connection brings. */
export interface Script extends Delivery {
  /** All bytes, one character for each. */
  readonly sent: string;
  /** How many requests it was made of, before anything was broken. */
  readonly requests: number;
}

/** What may be drawn. */
export interface Profile {
  readonly valid: (random: Random) => Draft;
  /** Lists of equal weight, each of oddities of equal weight. */
  readonly odd: readonly (readonly Oddity[])[];
  /** Whether bytes are changed, taken out and put in. Bytes are cut off in any case. */
  readonly broken: boolean;
}

/** Everything, for servers that say what they have understood. */
export const ANYTHING: Profile = {
  valid: validRequest,
  odd: [ODD_LINES, ODD_HOSTS, ODD_FIELDS, ODD_FRAMINGS, ODD_BODIES],
  broken: true,
};

/** Pushes that a Pushgateway takes, whatever surrounds them. */
export const PUSHES: Profile = {
  valid: validPush,
  odd: [ODD_HOSTS, ODD_FIELDS, ODD_FRAMINGS],
  broken: false,
};

const REQUESTS_MAX = 15;
const LARGE_HEADS = 0.012;
const OPEN = 0.1;

/** Draws a connection: the same one for the same seed. */
export function generate(seed: number, profile: Profile): Script {
  const random = createRandom(seed);
  const count = random.between(1, REQUESTS_MAX);
  const halfClose = random.next() >= OPEN;
  const drafts = repeat(count, () => profile.valid(random));
  const way = random.next();
  const oddities = way < 0.1 ? 0 : way < 0.7 ? 1 : random.between(0, 3);
  for (let i = 0; i < oddities; i++) {
    const at = random.between(0, count - 1);
    drafts[at] = random.pick(random.pick(profile.odd))(drafts[at], random);
  }
  if (random.next() < LARGE_HEADS) {
    const at = random.between(0, count - 1);
    drafts[at] = largeHead(drafts[at], random);
  }
  if (!halfClose) drafts.push(withFields(profile.valid(random), "Connection: close"));
  let sent = drafts.map(render).join("");
  if (way >= 0.75 && way < 0.95 && profile.broken) sent = breakBytes(sent, random);
  if (way >= 0.95) sent = sent.slice(0, random.between(1, sent.length));
  return { sent, requests: drafts.length, pieces: cut(sent, random), halfClose };
}

/** Changes, takes out or puts in a few bytes, anywhere. */
function breakBytes(text: string, random: Random): string {
  for (let i = random.between(1, 2); i > 0; i--) {
    const at = random.between(0, text.length - 1);
    const length = random.next() < 0.8 ? 1 : random.between(2, 20);
    const more = random.next() < 0.4
      ? random.pick(["\r", "\n", "\r\n", " ", "\t", ":", "0", ",", ";", "\0", "\r\n\r\n"])
      : String.fromCharCode(random.between(0, 255));
    const [put, gone] = random.pick([[more, 1], ["", length], [more, 0]] as const);
    text = text.slice(0, at) + put + text.slice(at + gone);
  }
  return text;
}

/** All at once, or in pieces that end anywhere. */
function cut(text: string, random: Random): Uint8Array[] {
  const bytes = Uint8Array.from(text, (character) => character.charCodeAt(0));
  if (random.next() < 0.6) return [bytes];
  const ends = repeat(random.between(1, 8), () => random.between(0, bytes.length));
  const cuts = [0, ...ends.sort((a, b) => a - b), bytes.length];
  return cuts.slice(1).map((end, i) => bytes.subarray(cuts[i], end));
}
