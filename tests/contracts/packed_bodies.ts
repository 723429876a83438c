/** Bodies of pushes, packed as clients do it. @module */

import { Buffer } from "node:buffer";
import { gzipSync } from "node:zlib";
import crc32c from "crc-32/crc32c.js";
import { snappyCompress } from "hysnappy";

/** A header `Content-Encoding` that some Pushgateway heeds, and how a body is packed for it. */
export interface PackedAs {
  readonly encoding: string;
  pack(plain: Uint8Array): Uint8Array<ArrayBuffer>;
}

const CHUNK_BYTES = 65_536;
const IDENTIFIER = Uint8Array.of(0xff, 6, 0, 0, ...new TextEncoder().encode("sNaPpY"));

/** One chunk of Snappy's framing format. */
export function snappyChunk(type: number, data: Uint8Array): Uint8Array {
  const head = Buffer.alloc(4);
  head[0] = type;
  head.writeUIntLE(data.length, 1, 3);
  return Buffer.concat([head, data]);
}

/** A checksum as the format has it. */
export function snappyChecksum(plain: Uint8Array): Uint8Array {
  const sum = crc32c.buf(plain);
  const masked = Buffer.alloc(4);
  masked.writeUInt32LE((((sum >>> 15) | (sum << 17)) + 0xa282ead8) >>> 0);
  return masked;
}

/** Packs a body in Snappy's framing format. */
export function snappy(plain: Uint8Array): Uint8Array<ArrayBuffer> {
  const parts: Uint8Array[] = [IDENTIFIER];
  for (let at = 0; at < plain.length; at += CHUNK_BYTES) {
    const part = plain.subarray(at, at + CHUNK_BYTES);
    parts.push(snappyChunk(0, Buffer.concat([snappyChecksum(part), snappyCompress(part)])));
  }
  return new Uint8Array(Buffer.concat(parts));
}

const gzip = (plain: Uint8Array) => new Uint8Array(gzipSync(plain));

/** All that some Pushgateway unpacks. */
export const PACKED_AS: readonly PackedAs[] = [
  { encoding: "gzip", pack: gzip },
  { encoding: "GZIP", pack: gzip },
  { encoding: "snappy", pack: snappy },
  { encoding: "Snappy", pack: snappy },
];
