/**
 * Small buffers of one size, one for each connection. They are cut from large pieces of memory, which are
 * freed as a whole: what is freed in small pieces stays with the process.
 *
 * @module
 */

import { Buffer } from "node:buffer";

/** A buffer that somebody has. */
export interface SmallBuffer {
  readonly bytes: Buffer;
  /** Gives it back; nobody may use it any more. */
  free(): void;
}

/** Buffers of one server. */
export interface SmallBuffers {
  take(): SmallBuffer;
}

interface Piece {
  readonly memory: ArrayBuffer;
  /** Where buffers begin in it that nobody has. */
  readonly free: number[];
}

const BUFFERS_A_PIECE = 256;

/**
 * Creates buffers, of which nobody has one yet.
 *
 * @param size of each, in bytes
 */
export function createSmallBuffers(size: number): SmallBuffers {
  /** Those of which some buffer is free. */
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
    piece.memory.transfer(0); // frees it now, and not with the next garbage collection
  }

  return {
    take() {
      const [piece = openPiece()] = open; // the oldest, so that the others get empty
      const at = piece.free.pop() ?? 0;
      if (piece.free.length === 0) open.delete(piece);
      return {
        bytes: Buffer.from(piece.memory, at, size),
        free: () => giveBack(piece, at),
      };
    },
  };
}
