/** The wire format of protobuf messages: fields, and what is in them is up to others. Pure. @module */

/** A place in bytes, which reading moves on. */
export interface Cursor {
  readonly bytes: Uint8Array;
  at: number;
}

/** One field of a message. */
export interface WireField {
  readonly number: number;
  /** Where its value starts; one that has a length starts behind that. */
  readonly start: number;
  readonly end: number;
}

/** What bytes with a length are tagged with; a varint, 8 bytes, and 4 bytes. */
export const BYTES = 2;
const [VARINT, FIXED64, FIXED32] = [0, 1, 5];
const VARINT_BYTES_MAX = 10;

/**
 * Reads a varint. One of more than 53 bits is rounded: lengths and tags have none.
 *
 * @returns nothing where the bytes end before it does
 * @throws {SyntaxError} where it is longer than any
 */
export function readVarint(cursor: Cursor): number | undefined {
  const { bytes, at } = cursor;
  let value = 0;
  let scale = 1;
  for (let i = at; i < bytes.length; i++) {
    const byte = bytes[i];
    value += (byte & 0x7f) * scale;
    if (byte < 0x80) {
      cursor.at = i + 1;
      return value;
    }
    if (i - at >= VARINT_BYTES_MAX) throw new SyntaxError("expected a varint, found a longer one");
    scale *= 128;
  }
  return undefined;
}

/**
 * Reads a field. The cursor is behind its value then, which may be beyond the bytes: `end` tells how
 * many there have to be.
 *
 * @returns nothing where the bytes end before the value begins
 * @throws {SyntaxError} where it is no field
 */
export function readField(cursor: Cursor): WireField | undefined {
  const tag = readVarint(cursor);
  if (tag === undefined) return undefined;
  let start = cursor.at;
  let end: number;
  switch (tag % 8) {
    case VARINT:
      if (readVarint(cursor) === undefined) return undefined;
      end = cursor.at;
      break;
    case FIXED64:
      end = start + 8;
      break;
    case FIXED32:
      end = start + 4;
      break;
    case BYTES: {
      const length = readVarint(cursor);
      if (length === undefined) return undefined;
      start = cursor.at;
      end = start + length;
      break;
    }
    default:
      throw new SyntaxError(`expected a protobuf field, found tag ${tag}`);
  }
  cursor.at = end;
  return { number: Math.floor(tag / 8), start, end };
}

/**
 * Reads the fields of a whole message.
 *
 * @throws {SyntaxError} where it is none
 */
export function readFields(bytes: Uint8Array): WireField[] {
  const fields: WireField[] = [];
  const cursor = { bytes, at: 0 };
  while (cursor.at < bytes.length) {
    const field = readField(cursor);
    if (!field || field.end > bytes.length) {
      throw new SyntaxError("expected a protobuf message, found that it ends early");
    }
    fields.push(field);
  }
  return fields;
}

/** How many bytes a whole number takes as a varint. */
export function varintLength(value: number): number {
  let length = 1;
  for (; value > 127; value = Math.floor(value / 128)) length++;
  return length;
}

/** Writes a whole number as a varint. @returns where it ends */
export function writeVarint(bytes: Uint8Array, from: number, value: number): number {
  let at = from;
  for (; value > 127; value = Math.floor(value / 128)) bytes[at++] = (value % 128) + 128;
  bytes[at++] = value;
  return at;
}
