/** Reads HTTP/1.1 answers from bytes as they arrive. Has no connection. @module */

import { Buffer } from "node:buffer";
import { withoutBlanks } from "../../wire/headers.ts";
import { openParser } from "../../wire/llhttp.ts";

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
export function createAnswerReader({ bytesMax, beyond }: AnswerLimits): AnswerReader {
  let [begun, reusable, unasked, inParts, isCut] = [false, false, false, false, false];
  let head: { status: number; headers: string[] } = { status: 0, headers: [] };
  /** The headers of the current head. */
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
      // Values include the white space after them.
      head = { status: parser.status, headers: headers.map(withoutBlanks) };
      reusable = parser.keepsAlive;
      return false;
    },
    onBody(start, end) {
      if (inParts && head.status === OK) {
        // Not a Buffer: its `slice` does not copy, which callers might not expect.
        parts.push(new Uint8Array(bytes.buffer, bytes.byteOffset + start, end - start));
        return;
      }
      if (isCut || tooLarge) return;
      const kept = Math.min(end - start, bytesMax - bodyBytes);
      bodyBytes += kept;
      chunks.push(Buffer.from(bytes.subarray(start, start + kept))); // a copy, because the buffer is reused
      if (kept === end - start) return;
      isCut = beyond === "cut";
      if (!isCut) {
        tooLarge = new RangeError(`expected an answer of at most ${bytesMax} bytes, found more`);
      }
    },
  });

  /** Handles a complete message. Returns it unless it is an interim answer. */
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
        // Nothing after the limit matters, in these bytes or in later ones.
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
