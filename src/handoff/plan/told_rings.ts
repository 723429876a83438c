/**
 * Remembers what this instance has announced of the rings that it knows, from the oldest announcement that
 * another instance may still have. Pure state.
 *
 * @module
 */

import type { HashRing } from "../../ring/hash_ring.ts";

/** One announcement to the other instances; it is called a word. */
export interface Word {
  /** The ring that this instance goes by. */
  readonly ring: HashRing;
  /** Of two rings, the one with the lower number was announced first. */
  readonly since: number;
  /** The rings that the other instances learn from this word. */
  readonly seen: readonly number[];
  /** All rings that this instance knows. */
  readonly known: readonly HashRing[];
}

/** The words of one instance. Each has a higher number than those before it. */
export interface ToldRings {
  /**
   * Adds a word, unless it equals the last one. A word that returns after another one is a new word.
   *
   * @returns its number, and the number of the first word in a row with the same ring
   */
  tell(word: Word): { readonly version: number; readonly from: number };
  /** The number of the last word; 0 before the first one. */
  readonly last: number;
  /** The last word; absent before the first one. */
  readonly word: Word | undefined;
  /** Called when all other instances have heard this word or a later one. Earlier words are forgotten. */
  heard(version: number): void;
  /** Whether a word is remembered, and with it all later ones. */
  remembers(version: number): boolean;
  /** The rings of all words that are remembered. */
  readonly rings: readonly HashRing[];
}

/** If rings change this often while another instance hears nothing, the oldest words are forgotten. */
const WORDS_MAX = 16;

/** Creates the memory of an instance that has announced nothing yet. */
export function createToldRings(): ToldRings {
  let words: { readonly version: number; readonly word: Word }[] = [];
  let [last, from] = [0, 0];
  const present = () => words.at(-1)?.word;

  function isSameRing({ ring, since }: Word): boolean {
    const before = present();
    return before?.ring.hash === ring.hash && before.since === since;
  }

  function isLast(word: Word): boolean {
    const { seen, known } = present() ?? word;
    return isSameRing(word) && seen.join() === word.seen.join() &&
      hashes(known) === hashes(word.known);
  }

  return {
    tell(word) {
      if (!isLast(word)) {
        last++;
        if (!isSameRing(word)) from = last;
        words.push({ version: last, word });
        words = words.slice(-WORDS_MAX);
      }
      return { version: last, from };
    },
    get last() {
      return last;
    },
    get word() {
      return present();
    },
    heard(heard) {
      const first = Math.min(heard, last);
      words = words.filter(({ version }) => version >= first);
    },
    remembers: (version) => version >= (words.at(0)?.version ?? Infinity),
    get rings() {
      return words.flatMap(({ word }) => word.known);
    },
  };
}

function hashes(rings: readonly HashRing[]): string {
  return rings.map(({ hash }) => hash).sort().join();
}
