/** Writes one metric family of a group for a push. Pure. @module */

import type { FamilyHead } from "./protobuf_page.ts";
import { bytesField, readFields, readVarint, varint, varintField } from "./protobuf_wire.ts";

/** A family of one group, from both pages. */
export interface Family {
  readonly name: string;
  /** As `GAUGE`. */
  readonly type: string;
  /** The group's own, as JSON shows it. */
  readonly help: string | undefined;
  /** `Metric` messages. */
  readonly metrics: readonly Uint8Array[];
  /** As the page has it, for all groups at once; absent for a family without metrics. */
  readonly head?: FamilyHead;
}

const [NAME, HELP, TYPE, METRIC] = [1, 2, 3, 4];
const TYPES = ["COUNTER", "GAUGE", "SUMMARY", "UNTYPED", "HISTOGRAM", "GAUGE_HISTOGRAM"];

/** The name of a family's type, if it is any that is known. */
export function typeName({ type = 0 }: FamilyHead): string | undefined {
  return TYPES[type];
}

/** The pieces of a delimited `MetricFamily` message. */
export function encodeFamily(family: Family): Uint8Array[] {
  const type = family.head ? family.head.type : Math.max(0, TYPES.indexOf(family.type));
  const help = helpOf(family);
  const pieces = [
    ...bytesField(NAME, new TextEncoder().encode(family.name)),
    ...help ? bytesField(HELP, help) : [],
    ...type === undefined ? [] : varintField(TYPE, type),
  ];
  for (const metric of family.metrics) pieces.push(...bytesField(METRIC, metric));
  const length = pieces.reduce((sum, { length }) => sum + length, 0);
  return [varint(length), ...pieces];
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
export function typeOfFamily({ type = 0 }: EncodedFamily): string {
  return TYPES[type]?.toLowerCase() ?? "untyped";
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
      throw new SyntaxError("expected metric families, found that they broke off");
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
