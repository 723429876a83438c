/** Writes one metric family of a group for a push. Pure. @module */

import { Buffer } from "node:buffer";
import type { FamilyHead } from "./protobuf_page.ts";
import { BYTES, readFields, readVarint, varintLength, writeVarint } from "./protobuf_wire.ts";

/** A family of one group, from both pages. */
export interface Family {
  readonly name: string;
  /** As `GAUGE`. */
  readonly type: string;
  /** The group's own, as JSON shows it. */
  readonly help: string | undefined;
  /** `Metric` messages, a byte in each character. */
  readonly metrics: readonly string[];
  /** As the page has it, for all groups at once; absent for a family without metrics. */
  readonly head?: FamilyHead;
}

const [NAME, HELP, TYPE, METRIC] = [1, 2, 3, 4];
const TYPES = ["COUNTER", "GAUGE", "SUMMARY", "UNTYPED", "HISTOGRAM", "GAUGE_HISTOGRAM"];

/** The name of a family's type, if it is any that is known. */
export function typeName({ type = 0 }: FamilyHead): string | undefined {
  return TYPES[type];
}

/** The name of a type in JSON, where a Pushgateway that does not know it shows its number. */
export function typeOfJson(text: string): string {
  return /^\d+$/.test(text) ? TYPES[Number(text)] ?? text : text;
}

/** Delimited `MetricFamily` messages: what a push of these families carries. */
export function encodeFamilies(families: readonly Family[]): Uint8Array<ArrayBuffer> {
  const parts = families.map(partsOf);
  const length = parts.reduce((sum, { length }) => sum + varintLength(length) + length, 0);
  const bytes = Buffer.from(new ArrayBuffer(length));
  let at = 0;
  for (const { name, help, type, metrics, length } of parts) {
    at = writeVarint(bytes, at, length);
    at = writeField(bytes, at, NAME, name);
    if (help) at = writeField(bytes, at, HELP, help);
    if (type !== undefined) at = writeVarint(bytes, writeVarint(bytes, at, TYPE * 8), type);
    for (const metric of metrics) at = writeField(bytes, at, METRIC, metric);
  }
  return new Uint8Array(bytes.buffer);
}

/** What a message is made of, and how long it is. */
interface Parts {
  readonly name: Uint8Array;
  readonly help: Uint8Array | undefined;
  readonly type: number | undefined;
  readonly metrics: readonly string[];
  readonly length: number;
}

function partsOf(family: Family): Parts {
  const type = family.head ? family.head.type : Math.max(0, TYPES.indexOf(family.type));
  const [name, help] = [new TextEncoder().encode(family.name), helpOf(family)];
  const { metrics } = family;
  let length = fieldLength(name) + (help ? fieldLength(help) : 0);
  if (type !== undefined) length += 1 + varintLength(type);
  for (const metric of metrics) length += fieldLength(metric);
  return { name, help, type, metrics, length };
}

/** Of a field with a number below 16. */
function fieldLength({ length }: Uint8Array | string): number {
  return 1 + varintLength(length) + length;
}

function writeField(bytes: Buffer, from: number, number: number, value: Uint8Array | string) {
  bytes[from] = number * 8 + BYTES;
  const at = writeVarint(bytes, from + 1, value.length);
  if (typeof value === "string") bytes.write(value, at, "latin1");
  else bytes.set(value, at);
  return at + value.length;
}

/** One delimited `MetricFamily` message. */
export interface EncodedFamily {
  readonly name: string;
  /** Number of the type; absent counts as a counter. */
  readonly type: number | undefined;
  /** The message, its length before it. */
  readonly bytes: Uint8Array;
}

/** The type of a family as the text format writes it. */
export function typeOfFamily({ type = 0 }: Pick<EncodedFamily, "type">): string {
  return TYPES[type]?.toLowerCase() ?? "untyped";
}

/** Whether there is a gauge histogram among delimited messages. @throws as {@linkcode splitFamilies} */
export function hasGaugeHistograms(body: Uint8Array): boolean {
  return splitFamilies(body).some((family) => typeOfFamily(family) === "gauge_histogram");
}

/**
 * Takes delimited messages apart.
 *
 * @throws {SyntaxError} where the bytes are no such messages
 */
export function splitFamilies(body: Uint8Array): EncodedFamily[] {
  const decoder = new TextDecoder("utf-8", { ignoreBOM: true });
  const families: EncodedFamily[] = [];
  const cursor = { bytes: body, at: 0 };
  while (cursor.at < body.length) {
    const from = cursor.at;
    const length = readVarint(cursor);
    const end = length === undefined ? Infinity : cursor.at + length;
    if (end > body.length) {
      throw new SyntaxError("expected metric families, found that they end early");
    }
    const message = body.subarray(cursor.at, end);
    const fields = readFields(message);
    const name = fields.findLast(({ number }) => number === NAME);
    const type = fields.findLast(({ number }) => number === TYPE);
    families.push({
      name: name ? decoder.decode(message.subarray(name.start, name.end)) : "",
      type: type && readVarint({ bytes: message, at: type.start }),
      bytes: body.subarray(from, end),
    });
    cursor.at = end;
  }
  return families;
}

/**
 * The bytes of the page where they are this group's HELP: they may be no UTF-8, and tell an empty one
 * from none. Where the page shows another group's, what is no UTF-8 in this one's is lost.
 */
function helpOf({ help = "", head }: Family): Uint8Array | undefined {
  const decoder = new TextDecoder("utf-8", { ignoreBOM: true });
  if (decoder.decode(head?.help) === help) return head?.help;
  return help === "" ? undefined : new TextEncoder().encode(help);
}
