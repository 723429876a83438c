/**
 * Unpacks Snappy's framing format, which a push may have: chunks, each with a checksum.
 * https://github.com/google/snappy/blob/main/framing_format.txt
 *
 * @module
 */

import { Buffer } from "node:buffer";
import crc32c from "crc-32/crc32c.js";
import { snappyUncompressor } from "hysnappy";
import { readVarint } from "../../pushgateway/pages/protobuf_wire.ts";

/** Unpacks a body in chunks of at most 64 KiB. */
export type Unsnappy = (packed: Uint8Array) => Generator<Uint8Array, void>;

const IDENTIFIER = Buffer.from("sNaPpY");
const [COMPRESSED, UNCOMPRESSED, IDENTIFIES] = [0x00, 0x01, 0xff];
/** Chunks of this type and above may be skipped, except for the identifier. */
const SKIPPABLE_FROM = 0x80;
const HEAD_BYTES = 4;
const CHECKSUM_BYTES = 4;
const CHUNK_BYTES_MAX = 65_536;

/**
 * Creates an unpacker of Snappy. It keeps about 200 kB of memory, however much is unpacked.
 *
 * The generator throws a {@linkcode TypeError} if the bytes are not in that format, or if a checksum is
 * wrong.
 */
export function createUnsnappy(): Unsnappy {
  const uncompress = snappyUncompressor();

  function block(bytes: Uint8Array): Uint8Array {
    try {
      const length = readVarint({ bytes, at: 0 }) ?? Infinity;
      if (length <= CHUNK_BYTES_MAX) return uncompress(bytes, length);
      throw new TypeError(`expected at most ${CHUNK_BYTES_MAX} bytes, found ${length}`);
    } catch (cause) {
      throw new TypeError("expected snappy, found a chunk that cannot be unpacked", { cause });
    }
  }

  return function* (packed) {
    const bytes = Buffer.from(packed.buffer, packed.byteOffset, packed.length);
    for (let at = 0; at < bytes.length;) {
      const type = bytes[at];
      if (at === 0 && type !== IDENTIFIES) {
        throw new TypeError("expected snappy's framing format, found no identifier of it");
      }
      const from = at + HEAD_BYTES;
      const end = from > bytes.length ? Infinity : from + bytes.readUIntLE(at + 1, 3);
      if (end > bytes.length) throw new TypeError("expected snappy, found that it broke off");
      const data = bytes.subarray(from, end);
      at = end;
      if (type === COMPRESSED || type === UNCOMPRESSED) {
        if (data.length < CHECKSUM_BYTES) {
          throw new TypeError("expected a checksum of snappy, found that it broke off");
        }
        const content = data.subarray(CHECKSUM_BYTES);
        const plain = type === COMPRESSED ? block(content) : content;
        if (masked(crc32c.buf(plain)) !== data.readUInt32LE()) {
          throw new TypeError("expected snappy, found a chunk with a wrong checksum");
        }
        yield plain;
      } else if (type === IDENTIFIES ? !IDENTIFIER.equals(data) : type < SKIPPABLE_FROM) {
        throw new TypeError(`expected a chunk of snappy, found one of type ${type}`);
      }
    }
  };
}

/** Returns a checksum as the format stores it: masked, because the data may contain checksums themselves. */
function masked(checksum: number): number {
  return (((checksum >>> 15) | (checksum << 17)) + 0xa282ead8) >>> 0;
}
