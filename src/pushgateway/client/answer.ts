/** Reads HTTP/1.1 answers from bytes as they arrive. Knows nothing of connections. @module */

import { Buffer } from "node:buffer";
import { withoutBlanks } from "../../wire/headers.ts";
import { openParser } from "../../wire/llhttp.ts";

/** What a member answered. */
export interface Answer {
  readonly status: number;
  /** Names and values in turn, as they came. */
  readonly headers: readonly string[];
  readonly body: Uint8Array<ArrayBuffer>;
}

/** How large an answer may be. */
export interface AnswerLimits {
  readonly bytesMax: number;
  /** What becomes of a larger one. One that is cut has its own status, and no more of its body. */
  readonly beyond: "error" | "cut";
}

/** Reads one answer after the other from one connection. Disposal frees its parser. */
export interface AnswerReader extends Disposable {
  /** Whether any byte of the present answer has come. */
  readonly begun: boolean;
  /** Whether the connection may be used for another request once the answer is complete. */
  readonly reusable: boolean;
  /** Whether the body of a 200 is not gathered for the present answer but given out by `parts`. */
  inParts: boolean;
  /** The head of the present answer, once it has come; the one before until then. */
  readonly head: Omit<Answer, "body">;
  /**
   * Takes the next bytes.
   *
   * @returns the answer once it is complete
   * @throws where the bytes are no HTTP, or a body that is gathered is larger than the limit
   */
  take(chunk: Buffer): Answer | undefined;
  /** What the bytes last taken held of a body that is not gathered: views of them. */
  parts(): readonly Uint8Array[];
  /** The connection has ended: that completes an answer without a length. */
  end(): Answer | undefined;
}

const OK = 200;
const FINAL_MIN = OK;

/**
 * Creates a reader.
 *
 * @param limits.bytesMax of a body that does not come in parts
 * @param limits.beyond what becomes of a larger one: it is an error, or cut
 */
export function createAnswerReader({ bytesMax, beyond }: AnswerLimits): AnswerReader {
  let [begun, reusable, unasked, inParts, isCut] = [false, false, false, false, false];
  let head: { status: number; headers: string[] } = { status: 0, headers: [] };
  /** Of the head that is read. */
  let headers: string[] = [];
  let isHeadOver = false;
  let last: "name" | "value" = "value";
  let bytes: Buffer = Buffer.alloc(0);
  let chunks: Buffer[] = [];
  let bodyBytes = 0;
  let parts: Uint8Array[] = [];
  let tooLarge: RangeError | undefined;

  function note(kind: "name" | "value", start: number, end: number): void {
    if (isHeadOver) return; // a trailer
    const text = bytes.toString("latin1", start, end);
    if (kind === last) headers[headers.length - 1] += text;
    else headers.push(text);
    last = kind;
  }

  const parser = openParser("response", {
    onTarget() {},
    onFieldName: (start, end) => note("name", start, end),
    onFieldValue: (start, end) => note("value", start, end),
    onHead() {
      isHeadOver = true;
      // Values come with the white space behind them.
      head = { status: parser.status, headers: headers.map(withoutBlanks) };
      reusable = parser.keepsAlive;
      return false;
    },
    onBody(start, end) {
      if (inParts && head.status === OK) {
        // No Buffer: its `slice` does not copy, which who takes the part would learn too late.
        parts.push(new Uint8Array(bytes.buffer, bytes.byteOffset + start, end - start));
        return;
      }
      if (isCut || tooLarge) return;
      const kept = Math.min(end - start, bytesMax - bodyBytes);
      bodyBytes += kept;
      chunks.push(Buffer.from(bytes.subarray(start, start + kept))); // a copy: the buffer is read into again
      if (kept === end - start) return;
      isCut = beyond === "cut";
      if (!isCut) {
        tooLarge = new RangeError(`expected an answer of at most ${bytesMax} bytes, found more`);
      }
    },
  });

  /** The message is complete: the answer, unless another one is announced by it. */
  function messageRead(): Answer | undefined {
    [headers, last, isHeadOver] = [[], "value", false];
    parser.reset();
    return head.status < FINAL_MIN ? undefined : answer();
  }

  function answer(): Answer {
    const whole = { ...head, body: Buffer.concat(chunks, bodyBytes) };
    [chunks, bodyBytes, begun] = [[], 0, false];
    return whole;
  }

  return {
    get begun() {
      return begun;
    },
    get reusable() {
      return reusable && !unasked && !isCut;
    },
    get inParts() {
      return inParts;
    },
    set inParts(value) {
      inParts = value;
    },
    get head() {
      return head;
    },
    take(chunk) {
      begun = true;
      for (let rest = chunk; rest.length > 0; rest = rest.subarray(parser.taken)) {
        bytes = rest;
        const stop = parser.execute(rest);
        // What comes behind the limit does not matter, whether it comes along or later.
        if (tooLarge) throw tooLarge;
        if (isCut) return answer();
        if (typeof stop === "object") throw new Error(`it is no HTTP/1.1: ${stop.reason}`);
        const complete = stop === "message" ? messageRead() : undefined;
        if (!complete) continue;
        unasked = parser.taken < rest.length; // more than one answer to one request
        return complete;
      }
      return undefined;
    },
    parts() {
      const taken = parts;
      parts = [];
      return taken;
    },
    end() {
      const stop = parser.finish();
      reusable = false;
      return stop === "message" ? messageRead() : undefined;
    },
    [Symbol.dispose]: () => parser.release(),
  };
}
