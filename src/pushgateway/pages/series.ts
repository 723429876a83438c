/** Identifies the series of a family, in the same way in JSON and in protobuf. Pure. @module */

import { Buffer } from "node:buffer";
import type { LabelPairs } from "./json_group.ts";
import { readField, readFields } from "./protobuf_wire.ts";

const [METRIC_LABEL, METRIC_GAUGE] = [1, 2];
const [LABEL_NAME, LABEL_VALUE] = [1, 2];
const GAUGE_VALUE = 1;
/** The tag of a label in a `Metric`, and the tags of name and value in a label. */
const [LABEL_TAG, NAME_TAG, VALUE_TAG] = ["\x0a", "\x0a", "\x12"];
const [NAME_TAG_BYTE, VALUE_TAG_BYTE] = [0x0a, 0x12];
/** The largest length in one byte, which is enough for nearly all labels. */
const SHORT_MAX = 127;
// deno-lint-ignore no-control-regex -- that is what ASCII begins with
const ASCII = /^[\x00-\x7f]*$/;

/**
 * Returns the key of the series with these labels: the fields of a `Metric` message that contain them, sorted
 * by name, with one character for each byte. So the key of most metrics is a part of their bytes.
 */
export function keyOfLabels(labels: LabelPairs): string {
  return keyOf(labels.map(([name, value]) => [binary(name), binary(value)]));
}

/**
 * Returns the key of the series of a `Metric` message, whatever the order of its labels.
 *
 * @throws {SyntaxError} if it is not such a message
 */
export function keyOfMetric(metric: Uint8Array): string {
  const end = endOfSortedLabels(metric);
  if (end !== undefined) return latin1Of(metric, 0, end);
  return keyOf(labelsOf(metric));
}

/** Returns the labels of a key, in a readable form. */
export function labelsOfKey(key: string): LabelPairs {
  return labelsOf(Buffer.from(key, "latin1")).map(([name, value]) => [utf8(name), utf8(value)]);
}

/**
 * Returns the value of a `Metric` message of a gauge; 0 if it has none.
 *
 * @throws {SyntaxError} if it is not such a message
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
 * Returns the end of a metric's labels if they are its first fields, sorted, and encoded as in a key, as
 * Pushgateways do.
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
  // Only labels have this tag, and the other fields follow them.
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
 * Returns the labels of a `Metric` message, with one character for each byte.
 *
 * @throws {SyntaxError} if it is not such a message
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

/** Returns the length of a text as a varint, with one character for each byte. */
function length({ length }: string): string {
  let text = "";
  for (; length > SHORT_MAX; length = Math.floor(length / 128)) {
    text += String.fromCharCode(length % 128 + 128);
  }
  return text + String.fromCharCode(length);
}

/** Returns bytes as a text, with one character for each byte. */
export function latin1Of(
  { buffer, byteOffset, length }: Uint8Array,
  start = 0,
  end = length,
): string {
  return Buffer.from(buffer, byteOffset + start, end - start).toString("latin1");
}

/** Returns the UTF-8 of a text, with one character for each byte. */
export function binary(text: string): string {
  return ASCII.test(text) ? text : Buffer.from(text).toString("latin1");
}

/** Returns the text of UTF-8 with one character for each byte. */
export function utf8(binary: string): string {
  return ASCII.test(binary) ? binary : Buffer.from(binary, "latin1").toString();
}
