/** Reads and writes the wire format of protobuf messages, without the meaning of fields. Pure. @module */

/** A position in bytes. Reading advances it. */
export interface Cursor {
  readonly bytes: Uint8Array;
  at: number;
}

/** One field of a message. */
export interface WireField {
  readonly number: number;
  /** The beginning of its value, after the length if there is one. */
  readonly start: number;
  readonly end: number;
}

/** The wire type of fields with a length; then a varint, 8 bytes, and 4 bytes. */
export const BYTES = 2;
const [VARINT, FIXED64, FIXED32] = [0, 1, 5];
const VARINT_BYTES_MAX = 10;

/**
 * Reads a varint. A value of more than 53 bits is rounded, but lengths and tags have fewer.
 *
 * @returns `undefined` if the bytes end before the varint does
 * @throws {SyntaxError} if it is longer than a varint may be
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
 * Reads a field. The cursor is then at the end of its value, which may be beyond the bytes: `end` is the
 * number of bytes needed.
 *
 * @returns `undefined` if the bytes end before the value begins
 * @throws {SyntaxError} if it is not a field
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
 * Reads the fields of a complete message.
 *
 * @throws {SyntaxError} if it is not a message
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

/** Returns how many bytes a non-negative integer takes as a varint. */
export function varintLength(value: number): number {
  let length = 1;
  for (; value > 127; value = Math.floor(value / 128)) length++;
  return length;
}

/** Writes a non-negative integer as a varint. @returns its end */
export function writeVarint(bytes: Uint8Array, from: number, value: number): number {
  let at = from;
  for (; value > 127; value = Math.floor(value / 128)) bytes[at++] = (value % 128) + 128;
  bytes[at++] = value;
  return at;
}
