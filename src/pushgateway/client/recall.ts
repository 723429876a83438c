/**
 * Recognizes an answer by its bytes. The answers of a Pushgateway to the pushes of one second are identical,
 * including the `Date`. Parsing each of them costs about 5 % of forwarding a push (bench/README.md). It does
 * not parse HTTP itself: unknown answers are left to the reader.
 *
 * @module
 */

import { Buffer } from "node:buffer";
import type { Answer, AnswerReader } from "./answer.ts";

/** The part of a reader that is used here. */
export type Recalling = Pick<AnswerReader, "begun" | "inParts" | "reusable" | "take">;

/** Answers to pushes have about 80 to 250 bytes. */
const BYTES_MAX = 1_024;

const HEAD_END = Buffer.from("\r\n\r\n");

/** Takes the first bytes of a buffer, all of it by default. Otherwise like {@linkcode AnswerReader.take}. */
export type TakeFirst = (buffer: Buffer, length?: number) => Answer | undefined;

/**
 * Returns a `take` that skips the reader if it has just read an answer from the same bytes. Only answers
 * without a body that arrive in one piece are recognized.
 *
 * The same bytes have the same meaning if the reader is exactly between two answers, as it is at first. It is
 * so again after an answer that leaves the connection reusable and whose bytes end with an empty line. No
 * part of a further answer can be in these bytes, because its head would end there, and an answer without a
 * request makes the connection unusable. After any other answer nothing is recognized on this connection.
 */
export function recallAnswers(reader: Recalling): TakeFirst {
  let clean = true;
  let known: { readonly bytes: Buffer; readonly answer: Answer } | undefined;
  return (buffer, length = buffer.length) => {
    const inOnePiece = !reader.begun && !reader.inParts;
    if (clean && inOnePiece && known && isFirst(known.bytes, buffer, length)) return known.answer;
    const chunk = buffer.subarray(0, length);
    const answer = reader.take(chunk);
    if (!answer) return undefined;
    clean &&= reader.reusable && chunk.subarray(-HEAD_END.length).equals(HEAD_END);
    if (clean && inOnePiece && answer.body.length === 0 && chunk.length <= BYTES_MAX) {
      known = { bytes: Buffer.from(chunk), answer };
    }
    return answer;
  };
}

/** Whether these bytes are the first ones of a buffer. There is no view of them, which takes 0.1 µs. */
function isFirst(bytes: Buffer, buffer: Buffer, length: number): boolean {
  return bytes.length === length && bytes.compare(buffer, 0, length) === 0;
}
