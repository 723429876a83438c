/** Writes protobuf messages by hand, as clients in other languages push them. @module */

/** A field of a message: its number, and what it holds. */
export type Field = readonly [number: number, value: Value];
/** A whole number is a varint, `{ double }` is 8 bytes, a list of fields is a message. */
export type Value = number | bigint | string | Uint8Array | { double: number } | readonly Field[];

const [VARINT, FIXED64, BYTES] = [0, 1, 2];

/** The bytes of a message with these fields, in this order. */
export function message(fields: readonly Field[]): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(fields.flatMap(([number, value]) => field(number, value)));
}

/** Messages one after the other, each behind its length. */
export function delimited(...messages: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(messages.flatMap((bytes) => [...varint(bytes.length), ...bytes]));
}

function field(number: number, value: Value): number[] {
  const tag = (wireType: number) => varint(number * 8 + wireType);
  if (typeof value === "number" || typeof value === "bigint") {
    return [...tag(VARINT), ...varint(value)];
  }
  if (typeof value === "object" && "double" in value) {
    return [...tag(FIXED64), ...new Uint8Array(new Float64Array([value.double]).buffer)];
  }
  const bytes = typeof value === "string"
    ? new TextEncoder().encode(value)
    : value instanceof Uint8Array
    ? value
    : message(value);
  return [...tag(BYTES), ...varint(bytes.length), ...bytes];
}

function varint(value: number | bigint): number[] {
  const bytes: number[] = [];
  let rest = BigInt(value);
  for (; rest > 127n; rest >>= 7n) bytes.push(Number(rest & 127n) | 128);
  return [...bytes, Number(rest)];
}
