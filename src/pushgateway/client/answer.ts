/** Reads HTTP/1.1 answers from bytes as they arrive. Knows nothing of connections. @module */

import { Buffer } from "node:buffer";
import { HTTPParser } from "http-parser-js";

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

/** Reads one answer after the other from one connection. */
export interface AnswerReader {
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

const CONTINUE = 100;
const OK = 200;
const FINAL_MIN = OK;
const NO_CONTENT = 204;
const NOT_MODIFIED = 304;

/**
 * Creates a reader.
 *
 * @param limits.bytesMax of a body that does not come in parts
 * @param limits.beyond what becomes of a larger one: it is an error, or cut
 */
export function createAnswerReader({ bytesMax, beyond }: AnswerLimits): AnswerReader {
  const parser = new HTTPParser(HTTPParser.RESPONSE);
  let [begun, reusable, unasked, inParts, isCut] = [false, false, false, false, false];
  let head: { status: number; headers: string[] } = { status: 0, headers: [] };
  let chunks: Buffer[] = [];
  let bodyBytes = 0;
  let parts: Uint8Array[] = [];
  let complete: Answer | undefined;

  parser.onHeadersComplete = ({ statusCode, headers, shouldKeepAlive }) => {
    if (complete) unasked = true; // a second answer to one request
    head = { status: statusCode, headers };
    reusable = shouldKeepAlive;
    const bodiless = statusCode < FINAL_MIN || statusCode === NO_CONTENT ||
      statusCode === NOT_MODIFIED;
    return bodiless ? 1 : 0;
  };
  parser.onBody = (chunk, start, length) => {
    if (inParts && head.status === OK) {
      // No Buffer: its `slice` does not copy, which who takes the part would learn too late.
      parts.push(new Uint8Array(chunk.buffer, chunk.byteOffset + start, length));
      return;
    }
    if (isCut) return;
    const kept = Math.min(length, bytesMax - bodyBytes);
    bodyBytes += kept;
    chunks.push(Buffer.from(chunk.subarray(start, start + kept))); // a copy: the buffer is read into again
    if (kept === length) return;
    if (beyond === "error") {
      throw new RangeError(`expected an answer of at most ${bytesMax} bytes, found more`);
    }
    isCut = true;
    complete = { ...head, body: Buffer.concat(chunks, bodyBytes) };
  };
  parser.onMessageComplete = () => {
    if (head.status >= CONTINUE && head.status < FINAL_MIN) return; // another one follows
    complete ??= { ...head, body: Buffer.concat(chunks, bodyBytes) };
    chunks = [];
    bodyBytes = 0;
  };

  function taken(): Answer | undefined {
    const answer = complete;
    complete = undefined;
    if (answer) begun = false;
    return answer;
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
      const consumed = parser.execute(chunk, 0, chunk.length);
      if (consumed instanceof Error) throw consumed;
      return taken();
    },
    parts() {
      const taken = parts;
      parts = [];
      return taken;
    },
    end() {
      const error = parser.finish();
      if (error instanceof Error) return undefined;
      reusable = false;
      return taken();
    },
  };
}
