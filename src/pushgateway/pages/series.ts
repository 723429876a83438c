/** What tells one series of a family from the others, in JSON and in protobuf alike. Pure. @module */

import { Buffer } from "node:buffer";
import type { LabelPairs } from "./json_group.ts";
import { readFields } from "./protobuf_wire.ts";

const [METRIC_LABEL, METRIC_GAUGE] = [1, 2];
const [LABEL_NAME, LABEL_VALUE] = [1, 2];
const GAUGE_VALUE = 1;
/** A byte that no UTF-8 has. */
const END = "\xff";

/** The key of a series with these labels, in any order: their bytes as they are. */
export function keyOfLabels(labels: LabelPairs): string {
  return keyOf(labels.map(([name, value]) => [binary(name), binary(value)]));
}

/**
 * The key of the series of a `Metric` message.
 *
 * @throws {SyntaxError} where it is none
 */
export function keyOfMetric(metric: Uint8Array): string {
  const pairs: [string, string][] = [];
  for (const { number, start, end } of readFields(metric)) {
    if (number !== METRIC_LABEL) continue;
    const pair = metric.subarray(start, end);
    let [name, value] = ["", ""];
    for (const { number, start, end } of readFields(pair)) {
      if (number === LABEL_NAME) name = latin1(pair, start, end);
      else if (number === LABEL_VALUE) value = latin1(pair, start, end);
    }
    pairs.push([name, value]);
  }
  return keyOf(pairs);
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

/** Sorts the pairs. */
function keyOf(pairs: [name: string, value: string][]): string {
  let key = "";
  for (const [name, value] of pairs.sort(([a], [b]) => a < b ? -1 : 1)) {
    key += name + END + value + END;
  }
  return key;
}

/** UTF-8 with one byte in each character. */
function binary(text: string): string {
  return Buffer.from(text).toString("latin1");
}

/** A loop reads what is as short as labels are faster than a decoder. */
function latin1(bytes: Uint8Array, start: number, end: number): string {
  let text = "";
  for (let i = start; i < end; i++) text += String.fromCharCode(bytes[i]);
  return text;
}
