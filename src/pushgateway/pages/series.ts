/** What tells one series of a family from the others, in JSON and in protobuf alike. Pure. @module */

import { Buffer } from "node:buffer";
import type { LabelPairs } from "./json_group.ts";
import { readField, readFields } from "./protobuf_wire.ts";

const [METRIC_LABEL, METRIC_GAUGE] = [1, 2];
const [LABEL_NAME, LABEL_VALUE] = [1, 2];
const GAUGE_VALUE = 1;
/** How a label begins in a `Metric`, and its name and its value in that. */
const [LABEL_TAG, NAME_TAG, VALUE_TAG] = ["\x0a", "\x0a", "\x12"];
const [NAME_TAG_BYTE, VALUE_TAG_BYTE] = [0x0a, 0x12];
/** A length in one byte: nearly all of them. */
const SHORT_MAX = 127;
// deno-lint-ignore no-control-regex -- that is what ASCII begins with
const ASCII = /^[\x00-\x7f]*$/;

/**
 * The key of a series with these labels: those fields of a `Metric` message that hold them, sorted by
 * name, with one byte in each character. So the key of most metrics is a piece of them.
 */
export function keyOfLabels(labels: LabelPairs): string {
  return keyOf(labels.map(([name, value]) => [binary(name), binary(value)]));
}

/**
 * The key of the series of a `Metric` message, whatever the order of its labels.
 *
 * @throws {SyntaxError} where it is none
 */
export function keyOfMetric(metric: Uint8Array): string {
  const end = endOfSortedLabels(metric);
  if (end !== undefined) return latin1Of(metric, 0, end);
  return keyOf(labelsOf(metric));
}

/** The labels of a key, as they are shown to people. */
export function labelsOfKey(key: string): LabelPairs {
  return labelsOf(Buffer.from(key, "latin1")).map(([name, value]) => [utf8(name), utf8(value)]);
}

/**
 * The value of a `Metric` message of a gauge; 0 where it has none.
 *
 * @throws {SyntaxError} where it is no such message
 */
export function gaugeValue(metric: Uint8Array): number {
  let value = 0;
  for (const { number, start, end } of readFields(metric)) {
    if (number !== METRIC_GAUGE) continue;
    const gauge = metric.subarray(start, end);
    for (const { number, start, end } of readFields(gauge)) {
      if (number !== GAUGE_VALUE || end - start !== Float64Array.BYTES_PER_ELEMENT) continue;
      value = new DataView(gauge.buffer, gauge.byteOffset + start).getFloat64(0, true);
    }
  }
  return value;
}

/**
 * Where the labels of a metric end, where they are its first fields, sorted, and written as a key has
 * them, as Pushgateways do.
 */
function endOfSortedLabels(metric: Uint8Array): number | undefined {
  let at = 0;
  let [before, beforeEnd] = [0, 0];
  while (metric[at] === NAME_TAG_BYTE) {
    const length = metric[at + 1];
    const nameLength = metric[at + 3];
    const name = at + 4;
    const value = name + nameLength;
    if (length > SHORT_MAX || metric[at + 2] !== NAME_TAG_BYTE || nameLength > SHORT_MAX) {
      return undefined;
    }
    if (metric[value] !== VALUE_TAG_BYTE || value + 2 + metric[value + 1] !== at + 2 + length) {
      return undefined;
    }
    if (beforeEnd > 0 && !isBefore(metric, [before, beforeEnd], [name, value])) return undefined;
    [before, beforeEnd] = [name, value];
    at += 2 + length;
  }
  if (at > metric.length) return undefined;
  // Nothing but a label is tagged like one, and the other fields are behind them.
  for (const cursor = { bytes: metric, at }; cursor.at < metric.length;) {
    const field = readField(cursor);
    if (!field || field.number === METRIC_LABEL) return undefined;
  }
  return at;
}

function isBefore(
  bytes: Uint8Array,
  [one, oneEnd]: readonly [number, number],
  [other, otherEnd]: readonly [number, number],
): boolean {
  let [a, b] = [one, other];
  while (a < oneEnd && b < otherEnd && bytes[a] === bytes[b]) [a, b] = [a + 1, b + 1];
  if (a === oneEnd || b === otherEnd) return a === oneEnd && b < otherEnd;
  return bytes[a] < bytes[b];
}

/**
 * The labels of a `Metric` message, a character for each byte.
 *
 * @throws {SyntaxError} where it is none
 */
export function labelsOf(metric: Uint8Array): [name: string, value: string][] {
  const pairs: [string, string][] = [];
  for (const { number, start, end } of readFields(metric)) {
    if (number !== METRIC_LABEL) continue;
    const pair = metric.subarray(start, end);
    let [name, value] = ["", ""];
    for (const { number, start, end } of readFields(pair)) {
      const text = latin1Of(pair, start, end);
      if (number === LABEL_NAME) name = text;
      else if (number === LABEL_VALUE) value = text;
    }
    pairs.push([name, value]);
  }
  return pairs;
}

/** Sorts the pairs. */
function keyOf(pairs: [name: string, value: string][]): string {
  let key = "";
  for (const [name, value] of pairs.sort(([a], [b]) => a < b ? -1 : 1)) {
    const label = NAME_TAG + length(name) + name + VALUE_TAG + length(value) + value;
    key += LABEL_TAG + length(label) + label;
  }
  return key;
}

/** The length of a text as a varint, a character for each byte. */
function length({ length }: string): string {
  let text = "";
  for (; length > SHORT_MAX; length = Math.floor(length / 128)) {
    text += String.fromCharCode(length % 128 + 128);
  }
  return text + String.fromCharCode(length);
}

/** Some bytes as a text with one of them in each character. */
export function latin1Of(
  { buffer, byteOffset, length }: Uint8Array,
  start = 0,
  end = length,
): string {
  return Buffer.from(buffer, byteOffset + start, end - start).toString("latin1");
}

/** UTF-8 with one byte in each character. */
export function binary(text: string): string {
  return ASCII.test(text) ? text : Buffer.from(text).toString("latin1");
}

/** The text that is so written. */
export function utf8(binary: string): string {
  return ASCII.test(binary) ? binary : Buffer.from(binary, "latin1").toString();
}
