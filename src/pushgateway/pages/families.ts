/**
 * The metric families of a page, in any format: they are read as they arrive, filtered, and written. Pages
 * are sorted by the names of families.
 *
 * @module
 */

import type { LabelPairs } from "./json_group.ts";

/** What a page says about a family before its samples. */
export interface FamilyHead {
  /** The name that families are sorted by, with one character for each byte. */
  readonly name: string;
  /** The type, as `gauge`. */
  readonly type: string;
}

/** Reads the next bytes of a page, which are valid until the next call. Returns `undefined` at the end. */
export type ReadBytes = () => Promise<Uint8Array | undefined>;

/** Reads the families of one page. */
export interface FamilyReader<Head extends FamilyHead> {
  /**
   * Goes to the next family, and skips the rest of the current one.
   *
   * @returns `undefined` at the end
   * @throws {SyntaxError} if the page is malformed or breaks off; what reading throws
   */
  next(): Promise<Head | undefined>;
  /**
   * Reads the next complete samples of the current family. Their bytes are valid until the next call.
   *
   * @returns `undefined` at the end of the family
   * @throws the same as {@linkcode next}
   */
  samples(): Promise<Uint8Array | undefined>;
}

/** Writes families as bytes. */
export interface FamilyWriter<Head extends FamilyHead> {
  /** @param heads what each page with the family says about it */
  begin(heads: readonly Head[]): void;
  /**
   * Writes samples. A family without samples is not written.
   *
   * @param head what the page of the samples says about the family
   */
  samples(samples: Uint8Array, head: Head): void;
  end(): void;
}

/** Takes bytes that are valid during the call. */
export type WriteBytes = (bytes: Uint8Array) => void;

/** Whether the metric with these labels (with one character for each byte) is wanted. */
export type Wants = (labels: LabelPairs) => boolean;

/** A family of dynamic-sharding. */
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
   * Selects the wanted samples. `le` and `quantile` do not count: they distinguish samples of one metric.
   *
   * @param take called with each part of the samples that is wanted
   */
  select(samples: Uint8Array, head: Head, wants: Wants, take: WriteBytes): void;
  /** Returns a whole family. */
  gauge(gauge: Gauge): Uint8Array;
  /**
   * Returns bytes that make a page that breaks off here unreadable, because not every client notices it by
   * the connection.
   */
  brokenOff(reason: string): Uint8Array;
}
