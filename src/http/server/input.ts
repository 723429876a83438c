/**
 * The bytes that a client sends. They are read into a small buffer of the connection, and into a larger
 * borrowed one while more arrive at once.
 *
 * @module
 */

import { Buffer } from "node:buffer";
import type { SmallBuffer, SmallBuffers } from "./small_buffers.ts";
import type { Socket } from "./socket.ts";

/** The size of a connection's own buffer: small, so that many idle connections cost little. */
export const SMALL_BYTES = 2_048;
const LARGE_BYTES = 16_384;
const LARGE_MAX = 32;

/** Memory for what clients send. */
export interface InputMemory {
  readonly small: SmallBuffers;
  /** Large buffers that are not in use. */
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

  /** How many bytes have arrived and are not read yet. */
  get there(): number {
    return this.#to - this.#from;
  }

  /** The buffer. The unread bytes are in it from {@linkcode from} up to {@linkcode to}. */
  get buffer(): Buffer {
    return this.#buffer;
  }

  get from(): number {
    return this.#from;
  }

  get to(): number {
    return this.#to;
  }

  /** Returns a view of the unread bytes. */
  unread(lengthMax = this.there): Buffer {
    return this.#buffer.subarray(this.#from, this.#from + Math.min(lengthMax, this.there));
  }

  /** Marks bytes as read. */
  pass(bytes: number): void {
    this.#from += bytes;
  }

  /** Reads from the connection when there are no unread bytes. Pass the result to {@linkcode took}. */
  next(): Promise<number | null> {
    // If a buffer was filled, more bytes may have arrived.
    if (this.#to === this.#buffer.length) this.#borrow();
    else if (this.#buffer !== this.#small) this.#giveBack();
    return this.#read(this.#buffer);
  }

  /**
   * Takes the result of {@linkcode next}.
   *
   * @returns `false` if the client has ended its side
   */
  took(length: number | null): boolean {
    this.#reading = undefined;
    this.#from = 0;
    this.#to = length ?? 0;
    return length !== null;
  }

  /**
   * Copies the next bytes. Reads from the connection, if necessary, no more than fit.
   *
   * @returns how many; 0 if the client has ended its side
   */
  copy(into: Uint8Array): number | Promise<number> {
    if (this.#from === this.#to) return this.#readInto(into);
    const length = Math.min(into.length, this.there);
    into.set(this.unread(length));
    this.#from += length;
    return length;
  }

  /** Gives back the large buffer if there are no unread bytes. */
  rest(): void {
    if (this.#from < this.#to) return;
    this.#from = this.#to = 0;
    if (this.#buffer !== this.#small) this.#giveBack();
  }

  /**
   * Reads up to the end of what the client sends, and discards it. A read in progress is awaited first.
   *
   * @param onSome called before each read
   */
  async drop(onSome: () => void): Promise<void> {
    for (;;) {
      onSome();
      const length = await (this.#reading ?? this.#read(this.#small));
      this.#reading = undefined;
      if (length === null) return;
    }
  }

  /** Gives its memory back. The connection has to be closed, and nothing is read any more. */
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
    const isRead = this.#reading !== undefined; // perhaps into this buffer
    if (!isRead && this.#larges.length < LARGE_MAX) this.#larges.push(this.#buffer);
    this.#buffer = this.#small;
  }
}
