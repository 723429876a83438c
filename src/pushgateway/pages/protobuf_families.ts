/**
 * Metric families as delimited `MetricFamily` messages. A large family is written as several messages,
 * because the length of a message has to be known at its beginning. Pure.
 *
 * @module
 */

import { concat } from "./concat.ts";
import type { FamilyHead, Gauge, PageFormat, ReadBytes, Wants, WriteBytes } from "./families.ts";
import { encodeFamilies, typeOfFamily } from "./family.ts";
import type { FamilyHead as Fields } from "./protobuf_page.ts";
import {
  BYTES,
  type Cursor,
  readField,
  readVarint,
  varintLength,
  type WireField,
  writeVarint,
} from "./protobuf_wire.ts";
import { keyOfLabels, labelsOf, latin1Of } from "./series.ts";

/** What a message says about its family. */
export interface ProtobufHead extends FamilyHead {
  readonly fields: Fields;
}

const [NAME, HELP, TYPE, METRIC] = [1, 2, 3, 4];
const METRIC_TAG = METRIC * 8 + BYTES;
/** The beginning of the `Gauge` of a metric, before its value. */
const GAUGE_START = [0x12, 0x09, 0x09];
/** The largest name, help or metric. No page of a Pushgateway has a larger one. */
const FIELD_BYTES_MAX = 64_000_000;
/** The most bytes of metrics in one message, unless one metric is larger. */
const MESSAGE_BYTES_MAX = 1_048_576;

/** A message length that is never sent. */
const BROKEN_OFF = new Uint8Array([...Array(8).fill(0xff), 0x7f]);

/** The format. */
export const PROTOBUF_FORMAT: PageFormat<ProtobufHead> = {
  reader,
  writer,
  select,
  gauge,
  brokenOff: () => BROKEN_OFF,
};

function reader(read: ReadBytes) {
  let bytes: Uint8Array = new Uint8Array();
  const cursor: { bytes: Uint8Array; at: number } = { bytes, at: 0 };
  /** Bytes of the current message that have not been read yet. */
  let left = 0;

  /** Keeps the unread bytes, and reads more. Returns `false` at the end. */
  async function fill(): Promise<boolean> {
    const rest = bytes.slice(cursor.at); // a copy, because the bytes are valid only until more are read
    if (rest.length > FIELD_BYTES_MAX) {
      throw new SyntaxError(`expected a field of at most ${FIELD_BYTES_MAX} bytes, found more`);
    }
    const more = await read();
    if (!more) {
      if (rest.length + left === 0) return false;
      throw new SyntaxError("expected metric families, found that they end early");
    }
    bytes = rest.length > 0 ? concat([rest, more]) : more;
    [cursor.bytes, cursor.at] = [bytes, 0];
    return true;
  }

  /** Returns the next byte of the message. */
  async function peek(): Promise<number> {
    while (cursor.at === bytes.length) await fill();
    return bytes[cursor.at];
  }

  /** Reads a field of the message. Changes nothing if the field is incomplete. */
  function wholeField(): WireField | undefined {
    const from = cursor.at;
    const field = readField(cursor);
    if (field && field.end - from > left) {
      throw new SyntaxError("expected a field within its message, found a longer one");
    }
    if (field && field.end <= bytes.length) {
      left -= field.end - from;
      return field;
    }
    cursor.at = from;
    return undefined;
  }

  async function nextField(): Promise<WireField> {
    for (let field;; await fill()) if ((field = wholeField())) return field;
  }

  async function samples(): Promise<Uint8Array | undefined> {
    while (left > 0) {
      // Fields of a family after its metrics are ignored.
      while (left > 0 && await peek() !== METRIC_TAG) await nextField();
      const from = cursor.at;
      while (left > 0 && bytes[cursor.at] === METRIC_TAG && wholeField());
      if (cursor.at > from) return bytes.subarray(from, cursor.at);
      if (left > 0) await fill();
    }
    return undefined;
  }

  return {
    async next() {
      while (await samples());
      for (let length;;) {
        if ((length = readVarint(cursor)) !== undefined) {
          left = length;
          break;
        }
        if (!await fill()) return undefined;
      }
      let [name, help, type]: [Uint8Array, Uint8Array?, number?] = [new Uint8Array()];
      while (left > 0 && await peek() !== METRIC_TAG) {
        const { number, start, end } = await nextField();
        if (number === NAME) name = bytes.slice(start, end);
        else if (number === HELP) help = bytes.slice(start, end);
        else if (number === TYPE) type = readVarint({ bytes, at: start });
      }
      const fields = { name: new TextDecoder().decode(name), help, type };
      return { name: latin1Of(name), type: typeOfFamily({ type }), fields };
    },
    samples,
  };
}

function writer(write: WriteBytes) {
  let help: Uint8Array | undefined;
  let head: ProtobufHead | undefined;
  let metrics: Uint8Array[] = [];
  let length = 0;

  function end(): void {
    if (head && length > 0) {
      const fields = encodeHead({ ...head.fields, help });
      const prefix = new Uint8Array(varintLength(fields.length + length));
      writeVarint(prefix, 0, fields.length + length);
      for (const part of [prefix, fields, ...metrics]) write(part);
    }
    [metrics, length] = [[], 0];
  }

  return {
    begin(heads: readonly ProtobufHead[]) {
      help = heads.find(({ fields }) => fields.help)?.fields.help;
    },
    samples(samples: Uint8Array, own: ProtobufHead) {
      // The content of a metric depends on its type.
      if (head?.type !== own.type || length + samples.length > MESSAGE_BYTES_MAX) end();
      head = own;
      metrics.push(new Uint8Array(samples)); // a copy, because the bytes are valid only during the call
      length += samples.length;
    },
    end,
  };
}

/** Encodes the fields of a message before its metrics. */
function encodeHead(head: Fields): Uint8Array {
  const help = head.help && new TextDecoder("utf-8", { ignoreBOM: true }).decode(head.help);
  const bytes = encodeFamilies([{ name: head.name, type: "", help, metrics: [], head }]);
  const cursor = { bytes, at: 0 };
  readVarint(cursor);
  return bytes.subarray(cursor.at);
}

function select(samples: Uint8Array, _: ProtobufHead, wants: Wants, take: WriteBytes): void {
  const cursor: Cursor = { bytes: samples, at: 0 };
  /** The beginning of the wanted metrics. */
  let from = 0;
  while (cursor.at < samples.length) {
    const at = cursor.at;
    const field = readField(cursor);
    if (field && wants(labelsOf(samples.subarray(field.start, field.end)))) continue;
    if (at > from) take(samples.subarray(from, at));
    from = cursor.at;
  }
  if (from < samples.length) take(samples.subarray(from));
}

function gauge({ name, help, samples }: Gauge): Uint8Array {
  const metrics = samples.map(({ labels, value }) => {
    const bytes = new DataView(
      new ArrayBuffer(GAUGE_START.length + Float64Array.BYTES_PER_ELEMENT),
    );
    for (const [i, byte] of GAUGE_START.entries()) bytes.setUint8(i, byte);
    bytes.setFloat64(GAUGE_START.length, value, true);
    return keyOfLabels(labels) + latin1Of(new Uint8Array(bytes.buffer));
  });
  return encodeFamilies([{ name, type: "GAUGE", help, metrics }]);
}
