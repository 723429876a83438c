/**
 * What a client sends, as its connection takes it in: in a small buffer of its own, and in a large one
 * that is borrowed while more comes at once.
 *
 * @module
 */

import { Buffer } from "node:buffer";
import type { SmallBuffer, SmallBuffers } from "./small_buffers.ts";
import type { Socket } from "./socket.ts";

/** A connection has as much for itself, so that many idle ones cost little. */
export const SMALL_BYTES = 2_048;
const LARGE_BYTES = 16_384;
const LARGE_MAX = 32;

/** Memory for what clients send. */
export interface InputMemory {
  readonly small: SmallBuffers;
  /** Large buffers that nobody uses. */
  readonly larges: Buffer[];
}

/** The bytes that a client sends. */
export class Input {
  readonly #conn: Socket;
  readonly #larges: Buffer[];
  readonly #own: SmallBuffer;
  readonly #small: Buffer;
  #buffer: Buffer;
  #from = 0;
  #to = 0;
  #reading: Promise<number | null> | undefined;

  constructor(conn: Socket, { small, larges }: InputMemory) {
    this.#conn = conn;
    this.#larges = larges;
    this.#own = small.take();
    this.#buffer = this.#small = this.#own.bytes;
  }

  /** How many bytes have come, and are not read yet. */
  get there(): number {
    return this.#to - this.#from;
  }

  /** The buffer, in which those bytes lie from {@linkcode from} up to {@linkcode to}. */
  get buffer(): Buffer {
    return this.#buffer;
  }

  get from(): number {
    return this.#from;
  }

  get to(): number {
    return this.#to;
  }

  /** A view of those bytes. */
  unread(lengthMax = this.there): Buffer {
    return this.#buffer.subarray(this.#from, this.#from + Math.min(lengthMax, this.there));
  }

  /** So many of them have been read. */
  pass(bytes: number): void {
    this.#from += bytes;
  }

  /** Takes in more, where none is there. {@linkcode took} is to be told what has come. */
  next(): Promise<number | null> {
    // A buffer that was filled may not have taken all that is there.
    if (this.#to === this.#buffer.length) this.#borrow();
    else if (this.#buffer !== this.#small) this.#giveBack();
    return this.#read(this.#buffer);
  }

  /** Says whether something has come; else the client has ended its side. */
  took(length: number | null): boolean {
    this.#reading = undefined;
    this.#from = 0;
    this.#to = length ?? 0;
    return length !== null;
  }

  /**
   * Copies the next bytes, and takes in no more than there is room for.
   *
   * @returns how many; 0 where the client has ended its side
   */
  copy(into: Uint8Array): number | Promise<number> {
    if (this.#from === this.#to) return this.#readInto(into);
    const length = Math.min(into.length, this.there);
    into.set(this.unread(length));
    this.#from += length;
    return length;
  }

  /** Frees what it does not need while nothing comes. */
  rest(): void {
    if (this.#from < this.#to) return;
    this.#from = this.#to = 0;
    if (this.#buffer !== this.#small) this.#giveBack();
  }

  /** Reads to the end of what the client sends, and keeps nothing. A read that was given up is waited for. */
  async drop(onSome: () => void): Promise<void> {
    for (;;) {
      onSome();
      const length = await (this.#reading ?? this.#read(this.#small));
      this.#reading = undefined;
      if (length === null) return;
    }
  }

  /** Gives its memory back. The connection is closed, and nothing is read any more. */
  free(): void {
    const free = () => this.#own.free();
    if (this.#reading) this.#reading.then(free, free);
    else free();
  }

  async #readInto(into: Uint8Array): Promise<number> {
    const length = await this.#read(into);
    this.#reading = undefined;
    return length ?? 0;
  }

  #read(into: Uint8Array): Promise<number | null> {
    return this.#reading = this.#conn.read(into);
  }

  #borrow(): void {
    if (this.#buffer !== this.#small) return;
    this.#buffer = this.#larges.pop() ?? Buffer.allocUnsafeSlow(LARGE_BYTES);
  }

  #giveBack(): void {
    const isRead = this.#reading !== undefined; // into it, maybe
    if (!isRead && this.#larges.length < LARGE_MAX) this.#larges.push(this.#buffer);
    this.#buffer = this.#small;
  }
}
