/** Answers are read the same, wherever they are cut. @module */

import { Buffer } from "node:buffer";
import assert from "node:assert/strict";
import fc from "fast-check";
import {
  type AnswerLimits,
  type AnswerReader,
  createAnswerReader,
} from "../../../src/pushgateway/client/answer.ts";
import { cuts, pieces } from "../pages/pieces.ts";

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
    const [message] = (error as Error).message.split(":");
    return { parts: "", reusable: false, error: message };
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

/** What is read of each. */
const ANSWERS: readonly (readonly [what: string, text: string, seen: Seen, options?: Options])[] = [
  ["one without a body", "HTTP/1.1 202 Accepted\r\nContent-Length: 0\r\n\r\n", {
    ...KEPT,
    answer: [202, "Content-Length|0", ""],
  }],
  ["one of a length", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nX:  a b \t\r\n\r\nhello", {
    ...KEPT,
    answer: [200, "Content-Length|5|X|a b", "hello"],
  }],
  [
    "one without a phrase, with empty headers",
    "HTTP/1.1 200\r\nX:\r\nY: \r\nContent-Length: 0\r\n\r\n",
    {
      ...KEPT,
      answer: [200, "X||Y||Content-Length|0", ""],
    },
  ],
  ["bytes beyond ASCII", "HTTP/1.1 200 \xc3\xa0\r\nX: \xc3\xa0\r\nContent-Length: 1\r\n\r\n\xa0", {
    ...KEPT,
    answer: [200, "X|\xc3\xa0|Content-Length|1", "\xa0"],
  }],
  ["one that closes", "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 1\r\n\r\na", {
    ...CLOSED,
    answer: [200, "Connection|close|Content-Length|1", "a"],
  }],
  ["HTTP/1.0", "HTTP/1.0 200 OK\r\nContent-Length: 1\r\n\r\na", {
    ...CLOSED,
    answer: [200, "Content-Length|1", "a"],
  }],
  [
    "HTTP/1.0 that keeps its connection",
    "HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 1\r\n\r\na",
    { ...KEPT, answer: [200, "Connection|keep-alive|Content-Length|1", "a"] },
  ],
  [
    "one in chunks, whose trailers are no headers",
    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3;a=b\r\nabc\r\n2\r\nde\r\n0\r\nX: y\r\n\r\n",
    { ...KEPT, answer: [200, "Transfer-Encoding|chunked", "abcde"] },
  ],
  ["one until the end of the connection", "HTTP/1.1 200 OK\r\nX: y\r\n\r\nhello", {
    ...CLOSED,
    answer: [200, "X|y", "hello"],
  }],
  ["an empty one until the end of the connection", "HTTP/1.1 200 OK\r\n\r\n", {
    ...CLOSED,
    answer: [200, "", ""],
  }],
  ["204", "HTTP/1.1 204 No Content\r\nX: y\r\n\r\n", { ...KEPT, answer: [204, "X|y", ""] }],
  ["304 with the length of another", "HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n", {
    ...KEPT,
    answer: [304, "Content-Length|5", ""],
  }],
  [
    "one after others that only announce it",
    "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\na",
    { ...KEPT, answer: [200, "Content-Length|1", "a"] },
  ],
  ["one as large as it may be", `HTTP/1.1 200 OK\r\nContent-Length: 20\r\n\r\n${"a".repeat(20)}`, {
    ...KEPT,
    answer: [200, "Content-Length|20", "a".repeat(20)],
  }],
  [
    "one as large that is cut if larger",
    `HTTP/1.1 200 OK\r\nContent-Length: 20\r\n\r\n${"a".repeat(20)}`,
    {
      ...KEPT,
      answer: [200, "Content-Length|20", "a".repeat(20)],
    },
    { beyond: "cut" },
  ],
  ["one that is too large", `HTTP/1.1 200 OK\r\nContent-Length: 21\r\n\r\n${"a".repeat(21)}`, {
    ...CLOSED,
    error: TOO_LARGE,
  }],
  [
    "one that is too large, in chunks",
    `HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n${
      "8\r\nabcdefgh\r\n".repeat(3)
    }0\r\n\r\n`,
    { ...CLOSED, error: TOO_LARGE },
  ],
  ["one that is cut", `HTTP/1.1 400 Bad\r\nContent-Length: 30\r\n\r\n${"a".repeat(30)}`, {
    ...CLOSED,
    answer: [400, "Content-Length|30", "a".repeat(20)],
  }, { beyond: "cut" }],
  [
    "one that is cut, in chunks",
    `HTTP/1.1 400 Bad\r\nTransfer-Encoding: chunked\r\n\r\n${
      "8\r\nabcdefgh\r\n".repeat(3)
    }0\r\n\r\n`,
    { ...CLOSED, answer: [400, "Transfer-Encoding|chunked", "abcdefghabcdefghabcd"] },
    { beyond: "cut" },
  ],
  ["one in parts", `HTTP/1.1 200 OK\r\nContent-Length: 30\r\n\r\n${"a".repeat(30)}`, {
    answer: [200, "Content-Length|30", ""],
    parts: "a".repeat(30),
    reusable: true,
  }, { inParts: true }],
  [
    "chunks in parts",
    `HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n${
      "8\r\nabcdefgh\r\n".repeat(3)
    }0\r\n\r\n`,
    { answer: [200, "Transfer-Encoding|chunked", ""], parts: "abcdefgh".repeat(3), reusable: true },
    { inParts: true },
  ],
  ["parts until the end of the connection", "HTTP/1.1 200 OK\r\n\r\nhello", {
    answer: [200, "", ""],
    parts: "hello",
    reusable: false,
  }, { inParts: true }],
  [
    "another status than 200 where parts are taken",
    "HTTP/1.1 500 No\r\nContent-Length: 2\r\n\r\nno",
    {
      ...KEPT,
      answer: [500, "Content-Length|2", "no"],
    },
    { inParts: true },
  ],
  [
    "one that is cut before chunks that are none",
    `HTTP/1.1 400 Bad\r\nTransfer-Encoding: chunked\r\n\r\n15\r\n${"a".repeat(21)}\r\nx\r\n`,
    { ...CLOSED, answer: [400, "Transfer-Encoding|chunked", "a".repeat(20)] },
    { beyond: "cut" },
  ],
  [
    "one that is too large before chunks that are none",
    `HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n15\r\n${"a".repeat(21)}\r\nx\r\n`,
    { ...CLOSED, error: TOO_LARGE },
  ],
  ["a head that breaks off", "HTTP/1.1 200 OK\r\nContent-Len", CLOSED],
  ["a body that breaks off", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhell", CLOSED],
  [
    "chunks that break off",
    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n",
    CLOSED,
  ],
  ["nothing but an announcement", "HTTP/1.1 100 Continue\r\n\r\n", CLOSED],
  ...[
    "HTP/1.1 200 OK\r\n\r\n",
    "HTTP/1.1 2x0 OK\r\n\r\n",
    "HTTP/1.1 200 OK\r\nX\r\n\r\n",
    "HTTP/1.1 200 OK\r\nX : y\r\n\r\n",
    "HTTP/1.1 200 OK\r\nX: y\r\n z\r\n\r\n",
    "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\na",
    "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\na",
    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nx\r\n",
  ].map((text) =>
    [`what is no HTTP, as ${JSON.stringify(text)},`, text, {
      ...CLOSED,
      error: "it is no HTTP/1.1",
    }] as const
  ),
];

for (const [what, text, seen, options = {}] of ANSWERS) {
  Deno.test(`${what} is read the same, wherever it is cut`, { permissions: "none" }, () => {
    assert.deepEqual(readNew([text], options), seen);
    assert.deepEqual(readNew(text.split(""), options), seen);
    for (let at = 1; at < text.length; at++) {
      assert.deepEqual(readNew([text.slice(0, at), text.slice(at)], options), seen, `cut at ${at}`);
    }
  });
}

const changes = fc.array(
  fc.tuple(
    fc.nat(150),
    fc.constantFrom(0, 1, 2),
    fc.constantFrom("", ..."\r\n\t :;\xff\0a5", "\r\n"),
  ),
  { maxLength: 2 },
);
const changed = fc.tuple(fc.constantFrom(...ANSWERS), changes).map(([[, text], changes]) =>
  changes.reduce((text, [at, removes, adds]) => {
    const from = at % (text.length + 1);
    return text.slice(0, from) + adds + text.slice(from + removes);
  }, text)
);
const anyOptions = fc.record({
  beyond: fc.constantFrom("error", "cut"),
  inParts: fc.boolean(),
});

Deno.test("whatever a member sends is read the same, in whatever pieces it comes", {
  permissions: "none",
}, () => {
  fc.assert(
    fc.property(changed, cuts, anyOptions, (text, sizes, options) => {
      const texts = Array.from(pieces(Buffer.from(text, "latin1"), sizes), latin1);
      // Whether something comes behind an answer is seen where it comes along.
      const { reusable: _, ...whole } = readNew([text], options);
      const { reusable: __, ...inPieces } = readNew(texts, options);
      assert.deepEqual(inPieces, whole);
    }),
    { numRuns: 5_000 },
  );
});

const GOOD = ANSWERS.filter(([, , { answer, reusable }, options]) =>
  answer && reusable && !options
);

Deno.test(
  "answers are read one after the other from one connection",
  { permissions: "none" },
  () => {
    using reader = createAnswerReader({ bytesMax: LIMIT, beyond: "error" });
    for (const [, first, seenFirst] of GOOD) {
      for (const [, second, seenSecond] of GOOD) {
        assert.deepEqual(read([first], reader), seenFirst);
        assert.equal(reader.begun, false);
        assert.deepEqual(read(second.split(""), reader), seenSecond);
      }
    }
  },
);

Deno.test("an answer that nobody asked for ends the use of the connection", {
  permissions: "none",
}, () => {
  for (const [what, text, { answer }] of GOOD) {
    for (const more of ["HTTP/1.1 200 OK\r\n\r\n", "H", "\r\n", "\0"]) {
      assert.deepEqual(readNew([text + more], {}), { ...CLOSED, answer }, what);
    }
  }
});

Deno.test(
  "an answer has begun with its first byte, until it is whole",
  { permissions: "none" },
  () => {
    using reader = createAnswerReader({ bytesMax: LIMIT, beyond: "error" });
    const text = "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\na";
    for (const [i, byte] of text.split("").entries()) {
      assert.equal(reader.begun, i > 0);
      reader.take(Buffer.from(byte));
    }
    assert.equal(reader.begun, false);
    assert.deepEqual(reader.head, { status: 200, headers: ["Content-Length", "1"] });
  },
);
