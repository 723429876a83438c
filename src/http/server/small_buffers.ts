/**
 * Small buffers of one size, one for each connection. They are parts of large pieces of memory, which are
 * freed as a whole, because memory that is freed in small pieces stays with the process.
 *
 * @module
 */

import { Buffer } from "node:buffer";

/** A buffer in use. */
export interface SmallBuffer {
  readonly bytes: Buffer;
  /** Gives the buffer back. It must not be used any more. */
  free(): void;
}

/** The buffers of one server. */
export interface SmallBuffers {
  take(): SmallBuffer;
}

interface Piece {
  readonly memory: ArrayBuffer;
  /** Offsets of the free buffers in it. */
  readonly free: number[];
}

const BUFFERS_A_PIECE = 256;

/** A class, because an object with a closure takes more memory, and each connection has one. */
class PartOfPiece implements SmallBuffer {
  readonly bytes: Buffer;
  readonly #piece: Piece;
  readonly #giveBack: (piece: Piece, at: number) => void;

  constructor(bytes: Buffer, piece: Piece, giveBack: (piece: Piece, at: number) => void) {
    this.bytes = bytes;
    this.#piece = piece;
    this.#giveBack = giveBack;
  }

  free(): void {
    this.#giveBack(this.#piece, this.bytes.byteOffset);
  }
}

/**
 * Creates the buffers of one server, none of them in use.
 *
 * @param size the size of each, in bytes
 */
export function createSmallBuffers(size: number): SmallBuffers {
  /** Pieces with at least one free buffer. */
  const open = new Set<Piece>();

  function openPiece(): Piece {
    const memory = new ArrayBuffer(size * BUFFERS_A_PIECE);
    const piece = { memory, free: Array.from({ length: BUFFERS_A_PIECE }, (_, i) => i * size) };
    open.add(piece);
    return piece;
  }

  function giveBack(piece: Piece, at: number): void {
    piece.free.push(at);
    open.add(piece);
    if (piece.free.length < BUFFERS_A_PIECE || open.size === 1) return;
    open.delete(piece);
    piece.memory.transfer(0); // frees it at once instead of at the next garbage collection
  }

  return {
    take() {
      const [piece = openPiece()] = open; // the oldest, so that the other ones become empty
      const at = piece.free.pop() ?? 0;
      if (piece.free.length === 0) open.delete(piece);
      return new PartOfPiece(Buffer.from(piece.memory, at, size), piece, giveBack);
    },
  };
}
