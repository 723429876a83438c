/**
 * The bytes of short answers, which nearly all answers are. They are written into buffers that are reused, and
 * what recurs is made once a second, because of the date. Has no connection.
 *
 * @module
 */

import { asciiBytes, isBodiless, replyHead, writeAscii } from "../../wire/message_bytes.ts";
import { type Parts, RecurringReply, Redirect, type Reply } from "../message.ts";

/** The longest short answer, head included. */
const SHORT_BYTES = 4_096;
/** The most buffers that are kept for later answers. */
const KEPT_MAX = 64;
const ASCII_MAX = 0x7f;
const LOCATION = "location: ";

/** A short answer. */
export class ShortAnswer {
  #bytes: Uint8Array;
  readonly #buffer: Uint8Array | undefined;

  /** @param buffer for one answer after the other; absent if the bytes stay the same */
  constructor(bytes: Uint8Array, buffer?: Uint8Array) {
    this.#bytes = bytes;
    this.#buffer = buffer;
  }

  get bytes(): Uint8Array {
    return this.#bytes;
  }

  get isReused(): boolean {
    return this.#buffer !== undefined;
  }

  /** Sets the length of the next answer in the buffer. */
  fit(length: number): void {
    // It is often that of the last answer, and a new view takes as long as writing the answer.
    if (this.#buffer && this.#bytes.length !== length) {
      this.#bytes = this.#buffer.subarray(0, length);
    }
  }
}

/** The bytes of a redirect before and after its path. */
interface RedirectFrame {
  readonly before: Uint8Array;
  readonly after: Uint8Array;
}

/** The short answers of one server. */
export class ShortAnswers {
  /** Answers whose buffers are not in use. */
  readonly #free: ShortAnswer[] = [];
  /** The date of what is remembered. */
  #date = "";
  #recurring = new WeakMap<Reply, ShortAnswer>();
  /** By the base of the location. */
  readonly #frames = new Map<string, RedirectFrame>();

  /**
   * Returns the bytes of an answer after which the connection is kept. The request must not be a HEAD.
   *
   * @returns `undefined` if the answer needs another form: it is too large, in parts, not ASCII, or has no
   *   body because of its status
   */
  bytesOf(reply: Reply, date: string): ShortAnswer | undefined {
    if (date !== this.#date) {
      this.#date = date;
      this.#recurring = new WeakMap();
      this.#frames.clear();
    }
    if (reply instanceof Redirect) return this.#redirect(reply);
    if (reply instanceof RecurringReply) return this.#recur(reply);
    const text = shortText(reply, date);
    if (text === undefined) return undefined;
    const short = this.#take(text.length);
    if (writeAscii(text, short.bytes)) return short;
    this.free(short);
    return undefined;
  }

  /** Gives the buffer back after the answer was written. */
  free(short: ShortAnswer): void {
    if (short.isReused && this.#free.length < KEPT_MAX) this.#free.push(short);
  }

  /** Returns a buffer for an answer of this length. */
  #take(length: number): ShortAnswer {
    const short = this.#free.pop() ?? openBuffer();
    short.fit(length);
    return short;
  }

  /** Returns bytes that are never reused: several connections may be writing them. */
  #recur(reply: RecurringReply): ShortAnswer | undefined {
    const known = this.#recurring.get(reply);
    if (known) return known;
    const text = shortText(reply, this.#date);
    const bytes = text === undefined ? undefined : asciiBytes(text);
    const short = bytes && new ShortAnswer(bytes);
    if (short) this.#recurring.set(reply, short);
    return short;
  }

  #redirect(reply: Redirect): ShortAnswer | undefined {
    const frame = this.#frames.get(reply.base) ?? this.#makeFrame(reply);
    if (!frame) return undefined;
    const { path } = reply;
    const { before, after } = frame;
    const end = before.length + path.length;
    if (end + after.length > SHORT_BYTES) return undefined;
    const short = this.#take(end + after.length);
    const { bytes } = short;
    bytes.set(before);
    bytes.set(after, end);
    if (putAscii(path, bytes, before.length)) return short;
    this.free(short);
    return undefined;
  }

  #makeFrame(reply: Redirect): RedirectFrame | undefined {
    const { base, path } = reply;
    const text = shortText(reply, this.#date);
    if (text === undefined) return undefined;
    const at = text.indexOf(LOCATION + base) + LOCATION.length + base.length;
    const before = asciiBytes(text.slice(0, at));
    const after = asciiBytes(text.slice(at + path.length));
    const frame = before && after && { before, after };
    if (frame) this.#frames.set(base, frame);
    return frame;
  }
}

function openBuffer(): ShortAnswer {
  const buffer = new Uint8Array(SHORT_BYTES);
  return new ShortAnswer(buffer, buffer);
}

/** Writes a text, one byte for each character. Returns whether it was all ASCII. */
function putAscii(text: string, into: Uint8Array, at: number): boolean {
  let seen = 0;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    seen |= code;
    into[at + i] = code;
  }
  return seen <= ASCII_MAX;
}

/** Returns a whole answer as text, with one character for each byte if it is ASCII. */
function shortText({ status, headers, body }: Reply, date: string): string | undefined {
  const text = typeof body === "string" ? body : isEmpty(body) ? "" : undefined;
  if (text === undefined || isBodiless(status)) return undefined;
  const whole = replyHead(status, headers, { length: text.length, date }) + text;
  return whole.length > SHORT_BYTES ? undefined : whole;
}

function isEmpty(content: Uint8Array | Parts): boolean {
  return "length" in content && content.length === 0;
}
