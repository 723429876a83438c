/** Answers that are known again are the ones that the reader would have read. @module */

import { Buffer } from "node:buffer";
import assert from "node:assert/strict";
import fc from "fast-check";
import { type AnswerReader, createAnswerReader } from "../../../src/pushgateway/client/answer.ts";
import { recallAnswers, type Recalling } from "../../../src/pushgateway/client/recall.ts";

const OK = "HTTP/1.1 200 OK\r\nDate: today\r\nContent-Length: 0\r\n\r\n";
const LIMIT = 100;

/** A reader that counts what it has to read. */
function counting(): Recalling & { readonly taken: number } {
  const reader = createAnswerReader({ bytesMax: LIMIT, beyond: "error" });
  let taken = 0;
  return {
    inParts: false,
    get begun() {
      return reader.begun;
    },
    get reusable() {
      return reader.reusable;
    },
    get taken() {
      return taken;
    },
    take(chunk) {
      taken++;
      return reader.take(chunk);
    },
  };
}

const ENDLESS = 1_000;
const pieces = fc.oneof(
  fc.constantFrom(
    OK,
    OK.replace("today", "tomorrow"),
    "HTTP/1.1 202 Accepted\r\nContent-Length: 0\r\n\r\n",
    "HTTP/1.1 400 Bad Request\r\nContent-Length: 4\r\n\r\nbad\n",
    "HTTP/1.1 400 Bad Request\r\nContent-Length: 4\r\n\r\n\r\n\r\n",
    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "HTTP/1.1 200 OK\nContent-Length: 0\n\n",
    "HTTP/1.1 100 Continue\r\n\r\n",
    "HTTP/1.1 204 No Content\r\n\r\n",
    "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 0\r\n\r\n",
    "HTTP/1.1 200 OK\r\n\r\n",
    `HTTP/1.1 200 OK\r\nContent-Length: ${ENDLESS}\r\n\r\n`,
    "HTTP/1.1 2",
    "HTTP/1.1 200 ",
    "\r\n\r\n",
    "\r\n",
  ),
  fc.string({ unit: fc.constantFrom("\r", "\n", "H", ":", "0"), maxLength: 4 }),
);
const chunks = fc.array(
  fc.oneof({ weight: 3, arbitrary: fc.constant(OK) }, {
    weight: 2,
    arbitrary: pieces,
  }, {
    weight: 1,
    arbitrary: fc.tuple(pieces, pieces).map((both) => both.join("")),
  }, {
    weight: 1,
    arbitrary: fc.tuple(pieces, fc.nat(60)).map(([text, end]) => text.slice(0, end)),
  }).filter((text) => text !== ""),
  { maxLength: 8 },
);

/** What became of each chunk, until a connection would have been let go of. */
function outcomes(texts: readonly string[], reader: AnswerReader, take: AnswerReader["take"]) {
  const result: unknown[] = [];
  for (const text of texts) {
    try {
      const answer = take(Buffer.from(text));
      const { begun, reusable } = reader;
      result.push(answer ? { answer, begun, reusable } : { begun });
      if (answer && !reusable) break;
    } catch (error) {
      result.push({ error: String(error), begun: reader.begun });
      break;
    }
  }
  return result;
}

Deno.test(
  "whatever comes, it is read as if nothing were known again",
  { permissions: "none" },
  () => {
    fc.assert(
      fc.property(chunks, (texts) => {
        const plain = createAnswerReader({ bytesMax: LIMIT, beyond: "error" });
        const recalling = createAnswerReader({ bytesMax: LIMIT, beyond: "error" });
        assert.deepEqual(
          outcomes(texts, recalling, recallAnswers(recalling)),
          outcomes(texts, plain, (chunk) => plain.take(chunk)),
        );
      }),
      { numRuns: 5_000 },
    );
  },
);

Deno.test(
  "the same bytes are read once, however many come between",
  { permissions: "none" },
  () => {
    const reader = counting();
    const take = recallAnswers(reader);
    const buffer = Buffer.alloc(LIMIT);
    for (const text of [OK, OK, OK, OK.replace("today", "later"), OK.replace("today", "later")]) {
      // One buffer is read into again and again.
      const answer = take(buffer, buffer.write(text));
      assert.equal(answer?.status, 200);
      assert.equal(answer.headers[1], text === OK ? "today" : "later");
    }
    assert.equal(reader.taken, 2);
  },
);

for (
  const [what, before] of [
    ["the first bytes of another answer", `${OK}HTTP/1.1 200 `],
    ["an answer that nobody asked for", `${OK}${OK}`],
    ["a body", "HTTP/1.1 400 Bad\r\nContent-Length: 2\r\n\r\nno"],
  ]
) {
  Deno.test(`after ${what} nothing is known again`, { permissions: "none" }, () => {
    const reader = counting();
    const take = recallAnswers(reader);
    for (const text of [OK, before, OK, OK]) take(Buffer.from(text));
    assert.equal(reader.taken, 4);
  });
}

Deno.test("an answer with a body is never known again", { permissions: "none" }, () => {
  const reader = counting();
  const take = recallAnswers(reader);
  const text = "HTTP/1.1 400 Bad\r\nContent-Length: 4\r\n\r\n\r\n\r\n";
  assert.notEqual(take(Buffer.from(text))?.body, take(Buffer.from(text))?.body);
  assert.equal(reader.taken, 2);
});
