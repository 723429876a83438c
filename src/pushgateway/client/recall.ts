/**
 * Knows an answer again by its bytes. What a Pushgateway answers to the pushes of one second is the
 * same to the byte, its `Date` included; parsing it anew each time costs about 5 % of passing a push
 * on (bench/README.md). Reads no HTTP itself: what is not known is the reader's to read.
 *
 * @module
 */

import { Buffer } from "node:buffer";
import type { Answer, AnswerReader } from "./answer.ts";

/** What is needed of a reader. */
export type Recalling = Pick<AnswerReader, "begun" | "inParts" | "reusable" | "take">;

/** Answers to pushes have some 80 to 250 bytes. */
const BYTES_MAX = 1_024;

const HEAD_END = Buffer.from("\r\n\r\n");

/**
 * The reader's `take`, but the reader is spared an answer that it has just read from the same bytes.
 * Only answers without a body are known again, and only where they come in one piece.
 *
 * The same bytes mean the same where the reader stands cleanly between two answers, as it does at
 * first. It does so again after an answer that leaves the connection reusable and whose bytes end
 * with an empty line: nothing of a further answer can have come along, for its head would end there,
 * and an answer that nobody asked for makes the connection unusable. After any other answer nothing
 * is known again on this connection.
 */
export function recallAnswers(reader: Recalling): AnswerReader["take"] {
  let clean = true;
  let known: { readonly bytes: Buffer; readonly answer: Answer } | undefined;
  return (chunk) => {
    const inOnePiece = !reader.begun && !reader.inParts;
    if (clean && inOnePiece && known?.bytes.equals(chunk)) return known.answer;
    const answer = reader.take(chunk);
    if (!answer) return undefined;
    clean &&= reader.reusable && chunk.subarray(-HEAD_END.length).equals(HEAD_END);
    if (clean && inOnePiece && answer.body.length === 0 && chunk.length <= BYTES_MAX) {
      known = { bytes: Buffer.from(chunk), answer };
    }
    return answer;
  };
}
