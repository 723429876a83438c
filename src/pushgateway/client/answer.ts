/** Reads HTTP/1.1 answers from bytes as they arrive. Has no connection. @module */

import { Buffer } from "node:buffer";
import { withoutBlanks } from "../../wire/headers.ts";
import { openParser, type Parser } from "../../wire/llhttp.ts";

/** The answer of a member. */
export interface Answer {
  readonly status: number;
  /** Names and values in turn, unchanged. */
  readonly headers: readonly string[];
  readonly body: Uint8Array<ArrayBuffer>;
}

/** How large an answer may be. */
export interface AnswerLimits {
  readonly bytesMax: number;
  /** What happens to a larger answer. `cut`: it keeps its status, and the rest of its body is dropped. */
  readonly beyond: "error" | "cut";
}

/** Reads one answer after the other from one connection. Disposal frees its parser. */
export interface AnswerReader extends Disposable {
  /** Whether any byte of the current answer has arrived. */
  readonly begun: boolean;
  /** Whether the connection may be used for another request once the answer is complete. */
  readonly reusable: boolean;
  /** Whether the body of a 200 is returned by `parts` instead of collected in the answer. */
  inParts: boolean;
  /** The head of the current answer, once it has arrived; until then the previous one. */
  readonly head: Omit<Answer, "body">;
  /**
   * Takes the next bytes.
   *
   * @returns the answer once it is complete
   * @throws if the bytes are not HTTP, or a collected body is larger than the limit
   */
  take(chunk: Buffer): Answer | undefined;
  /** Returns the parts of an uncollected body in the bytes taken last, as views of them. */
  parts(): readonly Uint8Array[];
  /** Handles the end of the connection, which completes an answer without a length. */
  end(): Answer | undefined;
}

const OK = 200;
const FINAL_MIN = OK;

/**
 * Creates a reader.
 *
 * @param limits.bytesMax the limit of a body that is not read in parts
 * @param limits.beyond whether a larger one is an error, or cut
 */
export function createAnswerReader(limits: AnswerLimits): AnswerReader {
  return new Reader(limits);
}

/**
 * A class, because the properties of readers are read for every push. Getters of an object literal are new
 * functions for each reader, which V8 looks up each time instead of inlining them (bench/README.md).
 */
class Reader implements AnswerReader {
  inParts = false;
  readonly #limits: AnswerLimits;
  readonly #parser: Parser;
  #begun = false;
  #keepsAlive = false;
  /** Whether more than one answer has come to one request. */
  #hasUnasked = false;
  #isCut = false;
  #head: Omit<Answer, "body"> = { status: 0, headers: [] };
  /** The headers of the current head. */
  #headers: string[] = [];
  #isHeadOver = false;
  #last: "name" | "value" = "value";
  #bytes: Buffer = Buffer.alloc(0);
  #chunks: Buffer[] = [];
  #bodyBytes = 0;
  #parts: Uint8Array[] = [];
  #tooLarge: RangeError | undefined;

  constructor(limits: AnswerLimits) {
    this.#limits = limits;
    this.#parser = openParser("response", {
      onTarget() {},
      onFieldName: (start, end) => this.#note("name", start, end),
      onFieldValue: (start, end) => this.#note("value", start, end),
      onHead: () => this.#headRead(),
      onBody: (start, end) => this.#bodyRead(start, end),
    });
  }

  get begun(): boolean {
    return this.#begun;
  }

  get reusable(): boolean {
    return this.#keepsAlive && !this.#hasUnasked && !this.#isCut;
  }

  get head(): Omit<Answer, "body"> {
    return this.#head;
  }

  take(chunk: Buffer): Answer | undefined {
    this.#begun = true;
    const parser = this.#parser;
    for (let rest = chunk; rest.length > 0; rest = rest.subarray(parser.taken)) {
      this.#bytes = rest;
      const stop = parser.execute(rest);
      // Nothing after the limit matters, in these bytes or in later ones.
      if (this.#tooLarge) throw this.#tooLarge;
      if (this.#isCut) return this.#answer();
      if (typeof stop === "object") throw new Error(`it is no HTTP/1.1: ${stop.reason}`);
      const complete = stop === "message" ? this.#messageRead() : undefined;
      if (!complete) continue;
      this.#hasUnasked = parser.taken < rest.length;
      return complete;
    }
    return undefined;
  }

  parts(): readonly Uint8Array[] {
    const taken = this.#parts;
    this.#parts = [];
    return taken;
  }

  end(): Answer | undefined {
    const stop = this.#parser.finish();
    this.#keepsAlive = false;
    return stop === "message" ? this.#messageRead() : undefined;
  }

  [Symbol.dispose](): void {
    this.#parser.release();
  }

  #note(kind: "name" | "value", start: number, end: number): void {
    if (this.#isHeadOver) return; // a trailer
    const text = this.#bytes.toString("latin1", start, end);
    if (kind === this.#last) this.#headers[this.#headers.length - 1] += text;
    else this.#headers.push(text);
    this.#last = kind;
  }

  #headRead(): false {
    this.#isHeadOver = true;
    // Values include the white space after them.
    this.#head = { status: this.#parser.status, headers: this.#headers.map(withoutBlanks) };
    this.#keepsAlive = this.#parser.keepsAlive;
    return false;
  }

  #bodyRead(start: number, end: number): void {
    const bytes = this.#bytes;
    if (this.inParts && this.#head.status === OK) {
      // Not a Buffer: its `slice` does not copy, which callers might not expect.
      this.#parts.push(new Uint8Array(bytes.buffer, bytes.byteOffset + start, end - start));
      return;
    }
    if (this.#isCut || this.#tooLarge) return;
    const { bytesMax, beyond } = this.#limits;
    const kept = Math.min(end - start, bytesMax - this.#bodyBytes);
    this.#bodyBytes += kept;
    this.#chunks.push(Buffer.from(bytes.subarray(start, start + kept))); // a copy, because the buffer is reused
    if (kept === end - start) return;
    this.#isCut = beyond === "cut";
    if (this.#isCut) return;
    this.#tooLarge = new RangeError(
      `expected an answer of at most ${bytesMax} bytes, found more`,
    );
  }

  /** Handles a complete message. Returns it unless it is an interim answer. */
  #messageRead(): Answer | undefined {
    this.#headers = [];
    this.#last = "value";
    this.#isHeadOver = false;
    this.#parser.reset();
    return this.#head.status < FINAL_MIN ? undefined : this.#answer();
  }

  #answer(): Answer {
    const whole = { ...this.#head, body: Buffer.concat(this.#chunks, this.#bodyBytes) };
    this.#chunks = [];
    this.#bodyBytes = 0;
    this.#begun = false;
    return whole;
  }
}
