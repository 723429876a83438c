/** The body of a connection's current request. It is read on demand. @module */

import type { RequestHead } from "../../wire/request_head.ts";
import type { RequestReader } from "../../wire/request_reader.ts";
import { BodyFailure, type IncomingBody } from "../message.ts";
import type { Input } from "./input.ts";

/** The most bytes of an unread body that are read to keep the connection, as in Go's server. */
const UNWANTED_BYTES_MAX = 262_144;
const PART_BYTES = 16_384;

/** Where a body comes from. */
export interface BodySource {
  readonly input: Input;
  /** Returns the reader, which has read the head and reads the chunks. */
  readonly reader: () => RequestReader | undefined;
  /** Tells the client to send. */
  readonly ask: () => Promise<void>;
}

/** A body that is read from its connection. */
export class RequestBody implements IncomingBody {
  readonly length: number | undefined;
  readonly #source: BodySource;
  /** Bytes that are not read yet; infinite if the length is not known. */
  #left: number;
  #mustAsk: boolean;
  #isOpen = true;
  /** Whether a part of it is being awaited, or reading has failed. */
  #isStuck = false;

  constructor(source: BodySource, { bodyLength, expectsContinue }: RequestHead) {
    this.#source = source;
    this.length = bodyLength === "chunked" ? undefined : bodyLength;
    this.#left = this.length ?? Infinity;
    this.#mustAsk = expectsContinue;
  }

  /** Whether all of it has been read. */
  get over(): boolean {
    return this.#left === 0;
  }

  get isThere(): boolean {
    return this.#left <= this.#source.input.there && !this.#isStuck;
  }

  read(into: Uint8Array): number | Promise<number> {
    if (!this.#isOpen) throw new BodyFailure("its request has been answered");
    return this.#read(into);
  }

  /** Ends reading by the handler. If the rest has arrived, it is skipped. */
  close(): void {
    this.#isOpen = false;
    if (this.#left === 0 || !this.isThere) return;
    this.#source.input.pass(this.#left);
    this.#left = 0;
  }

  /** Whether the rest can be read so that the next request can arrive, as far as is known. */
  get canBePassed(): boolean {
    if (this.over) return true;
    if (this.#isStuck || this.#mustAsk) return false;
    return this.length === undefined || this.#left <= UNWANTED_BYTES_MAX;
  }

  /** Reads the rest. Returns `false` if it is too long. */
  async pass(): Promise<boolean> {
    const part = new Uint8Array(PART_BYTES);
    for (let bytes = 0; !this.over; bytes += await this.#read(part)) {
      if (bytes > UNWANTED_BYTES_MAX) return false;
    }
    return true;
  }

  #read(into: Uint8Array): number | Promise<number> {
    if (this.#left === 0) return 0;
    if (this.#mustAsk || this.length === undefined) return this.#wait(into);
    const room = into.length > this.#left ? into.subarray(0, this.#left) : into;
    const length = this.#source.input.copy(room);
    if (typeof length !== "number") return this.#wait(into, length);
    this.#left -= length;
    return length;
  }

  async #wait(into: Uint8Array, sized?: Promise<number>): Promise<number> {
    this.#isStuck = true;
    try {
      if (this.#mustAsk) await this.#source.ask();
      this.#mustAsk = false;
      if (this.length === undefined) {
        const { length, isOver } = await this.#readChunks(into);
        if (isOver) this.#left = 0;
        this.#isStuck = false;
        return length;
      }
      const length = await (sized ?? this.#source.input.copy(into.subarray(0, this.#left)));
      if (length === 0) throw new BodyFailure("it broke off");
      this.#left -= length;
      this.#isStuck = false;
      return length;
    } catch (cause) {
      // A connection that is reset fails with other errors.
      throw cause instanceof BodyFailure ? cause : new BodyFailure("it broke off", { cause });
    }
  }

  async #readChunks(into: Uint8Array): Promise<{ length: number; isOver: boolean }> {
    const { input, reader: readerNow } = this.#source;
    for (;;) {
      if (input.there === 0 && !input.took(await input.next())) {
        throw new BodyFailure("it broke off");
      }
      const reader = readerNow();
      if (!reader) throw new BodyFailure("its request has been answered");
      let length = 0;
      const isOver = reader.readChunks(input.unread(into.length), (data) => {
        into.set(data, length);
        length += data.length;
      });
      input.pass(reader.taken);
      if (typeof isOver === "object") throw new BodyFailure(isOver.reason);
      if (length > 0 || isOver) return { length, isOver };
    }
  }
}
