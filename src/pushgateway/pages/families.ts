/**
 * Metric families as a page has them, whatever its format: read as they come, chosen from, and written.
 * Pages are sorted by the families' names.
 *
 * @module
 */

import type { LabelPairs } from "./json_group.ts";

/** What a page says of a family before its samples. */
export interface FamilyHead {
  /** By which families are sorted, a character for each byte. */
  readonly name: string;
  /** As `gauge`. */
  readonly type: string;
}

/** Reads the next bytes of a page, which are good until the next call; nothing at its end. */
export type ReadBytes = () => Promise<Uint8Array | undefined>;

/** Reads the families of one page. */
export interface FamilyReader<Head extends FamilyHead> {
  /**
   * Goes on to the next family, past what is left of the present one.
   *
   * @returns nothing at the end
   * @throws {SyntaxError} where the page is none, or breaks off; what reading throws
   */
  next(): Promise<Head | undefined>;
  /**
   * Reads the next samples of the present family: whole ones, and their bytes are good until the next call.
   *
   * @returns nothing at the family's end
   * @throws as {@linkcode next}
   */
  samples(): Promise<Uint8Array | undefined>;
}

/** Writes families, as bytes to wherever it was told. */
export interface FamilyWriter<Head extends FamilyHead> {
  /** @param heads what the pages that have the family say of it */
  begin(heads: readonly Head[]): void;
  /**
   * Writes samples. A family without any is not written at all.
   *
   * @param head what the samples' own page says of the family
   */
  samples(samples: Uint8Array, head: Head): void;
  end(): void;
}

/** Takes bytes that are good during the call. */
export type WriteBytes = (bytes: Uint8Array) => void;

/** Says of the metric with these labels (a character for each byte) whether it is wanted. */
export type Wants = (labels: LabelPairs) => boolean;

/** A family of our own. */
export interface Gauge {
  readonly name: string;
  readonly help: string;
  readonly samples: readonly { readonly labels: LabelPairs; readonly value: number }[];
}

/** One format of pages. */
export interface PageFormat<Head extends FamilyHead> {
  reader(read: ReadBytes): FamilyReader<Head>;
  writer(write: WriteBytes): FamilyWriter<Head>;
  /**
   * Finds those parts of some samples that are wanted; `le` and `quantile` tell samples of one metric apart.
   *
   * @param take is given each part
   */
  select(samples: Uint8Array, head: Head, wants: Wants, take: WriteBytes): void;
  /** A whole family. */
  gauge(gauge: Gauge): Uint8Array;
  /** What makes a page that breaks off here unreadable: not every client is told by its connection. */
  brokenOff(reason: string): Uint8Array;
}
