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

/** Reads one answer after the other from one connection. */
export interface AnswerReader {
  /** Whether any byte of the present answer has come. */
  readonly begun: boolean;
  /** Whether the connection may be used for another request once the answer is complete. */
  readonly reusable: boolean;
  /**
   * Takes the next bytes.
   *
   * @returns the answer once it is complete
   * @throws where the bytes are no HTTP, or the body is larger than the limit
   */
  take(chunk: Buffer): Answer | undefined;
  /** The connection has ended: that completes an answer without a length. */
  end(): Answer | undefined;
}

const CONTINUE = 100;
const FINAL_MIN = 200;
const NO_CONTENT = 204;
const NOT_MODIFIED = 304;

/** @param bodyBytesMax a larger body is an error */
export function createAnswerReader(bodyBytesMax: number): AnswerReader {
  const parser = new HTTPParser(HTTPParser.RESPONSE);
  let [begun, reusable, unasked] = [false, false, false];
  let head: { status: number; headers: string[] } = { status: 0, headers: [] };
  let chunks: Buffer[] = [];
  let bodyBytes = 0;
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
    bodyBytes += length;
    if (bodyBytes > bodyBytesMax) {
      throw new RangeError(`expected an answer of at most ${bodyBytesMax} bytes, found more`);
    }
    chunks.push(Buffer.from(chunk.subarray(start, start + length))); // a copy: the buffer is read into again
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
      return reusable && !unasked;
    },
    take(chunk) {
      begun = true;
      const consumed = parser.execute(chunk, 0, chunk.length);
      if (consumed instanceof Error) throw consumed;
      return taken();
    },
    end() {
      const error = parser.finish();
      if (error instanceof Error) return undefined;
      reusable = false;
      return taken();
    },
  };
}
