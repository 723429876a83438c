/** Answers are read the same, wherever they are cut. @module */

import { Buffer } from "node:buffer";
import assert from "node:assert/strict";
import {
  type AnswerLimits,
  type AnswerReader,
  createAnswerReader,
} from "../../../src/pushgateway/client/answer.ts";

const LIMIT = 20;
const TOO_LARGE = "expected an answer of at most 20 bytes, found more";

/** What became of it all, with a character for each byte. */
interface Seen {
  readonly answer?: readonly [status: number, headers: string, body: string];
  readonly parts: string;
  readonly reusable: boolean;
  readonly error?: string;
}

function latin1(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("latin1");
}

/** Reads one answer as a connection does: to its end, or that of all that comes. */
function read(texts: readonly string[], reader: AnswerReader): Seen {
  let parts = "";
  try {
    let answer;
    for (const text of texts) {
      const bytes = Buffer.from(text, "latin1");
      answer = reader.take(bytes);
      parts += reader.parts().map(latin1).join("");
      bytes.fill(0); // it is read into again
      if (answer) break;
    }
    answer ??= reader.end();
    const { reusable } = reader;
    if (!answer) return { parts, reusable: false };
    const { status, headers, body } = answer;
    return { answer: [status, headers.join("|"), latin1(body)], parts, reusable };
  } catch (error) {
    return { parts: "", reusable: false, error: (error as Error).message };
  }
}

type Options = Partial<AnswerLimits> & { readonly inParts?: boolean };

function readNew(
  texts: readonly string[],
  { inParts = false, ...limits }: Options,
): Seen {
  using reader = createAnswerReader({ bytesMax: LIMIT, beyond: "error", ...limits });
  reader.inParts = inParts;
  return read(texts, reader);
}

const CLOSED = { parts: "", reusable: false };
const KEPT = { parts: "", reusable: true };

const ANSWERS: [what: string, text: string, seen: Seen, options?: Options][] = [
  ["one without a body", "HTTP/1.1 202 Accepted\r\nContent-Length: 0\r\n\r\n", {
    ...KEPT,
    answer: [202, "Content-Length|0", ""],
  }],
  ["one of a length", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nX:  a b \t\r\n\r\nhello", {
    ...KEPT,
    answer: [200, "Content-Length|5|X|a b", "hello"],
  }],
  [
    "one with bytes beyond ASCII",
    "HTTP/1.1 200 \xc3\xa0\r\nX: \xc3\xa0\r\nContent-Length: 1\r\n\r\n\xa0",
    {
      ...KEPT,
      answer: [200, "X|\xc3\xa0|Content-Length|1", "\xa0"],
    },
  ],
];

for (const [what, text, seen, options = {}] of ANSWERS) {
  Deno.test(`${what} is read as it is, wherever it is cut`, { permissions: "none" }, () => {
    assert.deepEqual(readNew([text], options), seen);
    assert.deepEqual(readNew(text.split(""), options), seen);
    for (let at = 1; at < text.length; at++) {
      assert.deepEqual(readNew([text.slice(0, at), text.slice(at)], options), seen, `cut at ${at}`);
    }
  });
}
