/** Writes one metric family of a group for a push. Pure. @module */

import { Buffer } from "node:buffer";
import type { FamilyHead } from "./protobuf_page.ts";
import { BYTES, readFields, readVarint, varintLength, writeVarint } from "./protobuf_wire.ts";

/** A family of one group, from both pages. */
export interface Family {
  readonly name: string;
  /** The type, as `GAUGE`. */
  readonly type: string;
  /** The help of the group itself, from JSON. */
  readonly help: string | undefined;
  /** `Metric` messages, with one character for each byte. */
  readonly metrics: readonly string[];
  /** The head on the page, the same for all groups. Absent for a family without metrics. */
  readonly head?: FamilyHead;
}

const [NAME, HELP, TYPE, METRIC] = [1, 2, 3, 4];
const TYPES = ["COUNTER", "GAUGE", "SUMMARY", "UNTYPED", "HISTOGRAM", "GAUGE_HISTOGRAM"];

/** Returns the name of a family's type, if the type is known. */
export function typeName({ type = 0 }: FamilyHead): string | undefined {
  return TYPES[type];
}

/** Returns the name of a type in JSON. For types that a Pushgateway does not know it shows the number. */
export function typeOfJson(text: string): string {
  return /^\d+$/.test(text) ? TYPES[Number(text)] ?? text : text;
}

/** Encodes families as delimited `MetricFamily` messages, which are the body of a push. */
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

/** The parts of a message, and its length. */
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

/** Returns the length of a field with a number below 16. */
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
  /** The number of the type. Absent: a counter. */
  readonly type: number | undefined;
  /** The message with its length in front. */
  readonly bytes: Uint8Array;
}

/** Returns the type of a family as written in the text format. */
export function typeOfFamily({ type = 0 }: Pick<EncodedFamily, "type">): string {
  return TYPES[type]?.toLowerCase() ?? "untyped";
}

/** Whether delimited messages contain a gauge histogram. @throws the same as {@linkcode splitFamilies} */
export function hasGaugeHistograms(body: Uint8Array): boolean {
  return splitFamilies(body).some((family) => typeOfFamily(family) === "gauge_histogram");
}

/**
 * Splits delimited messages.
 *
 * @throws {SyntaxError} if the bytes are not such messages
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
 * Returns the HELP of a family. If the bytes on the page are this group's HELP, they are returned: they may
 * not be UTF-8, and they distinguish an empty HELP from none. If the page shows another group's HELP, bytes
 * of this group's HELP that are not UTF-8 are lost.
 */
function helpOf({ help = "", head }: Family): Uint8Array | undefined {
  const decoder = new TextDecoder("utf-8", { ignoreBOM: true });
  if (decoder.decode(head?.help) === help) return head?.help;
  return help === "" ? undefined : new TextEncoder().encode(help);
}
