/** What is known again is what a reader would have understood of the same bytes. @module */

import fc from "fast-check";
import assert from "node:assert/strict";
import { cuts, pieces } from "../pushgateway/pages/pieces.ts";
import { Recall } from "../../src/wire/recall.ts";
import { createRequestReader } from "../../src/wire/request_reader.ts";
import { drawnRequests } from "./drawn_requests.ts";
import { bytesOf, readRequests, readWhole } from "./reading.ts";
import { BAD, GOOD, request } from "./requests.ts";

/** A recall that has heard these, each from its own connection. */
function recallOf(...texts: string[]): Recall {
  const recall = new Recall();
  for (const text of texts) readRequests([bytesOf(text)], { recall });
  return recall;
}

function headOf(recall: Recall, text: string) {
  return recall.head(bytesOf(text), 0, text.length);
}

/** What is known is what a reader says of it, and as long. @returns whether anything is */
function isRight(recall: Recall, text: string): boolean {
  const head = headOf(recall, text);
  if (!head) return false;
  using reader = createRequestReader();
  assert.deepEqual(head, reader.readHead(bytesOf(text)), JSON.stringify(text));
  assert.equal(recall.taken, reader.taken);
  return true;
}

const PUSH = request({ line: "PUT /metrics/job/a HTTP/1.1", length: 3, fields: "X: \xc3\xa0" });
const FIELDS = PUSH.slice(PUSH.indexOf("\r\n"));

Deno.test(
  "a head is known again, whatever the path and the method",
  { permissions: "none" },
  () => {
    const recall = recallOf(PUSH);
    for (const method of ["PUT", "POST", "DELETE", "GET"]) {
      for (const target of ["/metrics/job/a", "/", "/?%C3%A4;#!~"]) {
        assert(isRight(recall, `${method} ${target} HTTP/1.1${FIELDS}`));
      }
    }
  },
);

Deno.test("a head is known again wherever it lies, and whatever follows it", {
  permissions: "none",
}, () => {
  const recall = recallOf(PUSH);
  const expected = headOf(recall, PUSH);
  for (const behind of ["abc", "ab", `abc${PUSH}abc`, "\r\n\r\n", "abcGET / HTTP/1.1\r\n\r\n"]) {
    const before = "\r\n\r\n";
    const bytes = bytesOf(before + PUSH + behind);
    assert.deepEqual(recall.head(bytes, before.length, bytes.length), expected);
    assert.equal(recall.taken, PUSH.length);
  }
});

Deno.test("a head is known once it is whole, and no byte before", { permissions: "none" }, () => {
  const recall = recallOf(PUSH);
  const bytes = bytesOf(`${PUSH}abc`);
  for (let to = 0; to <= bytes.length; to++) {
    assert.equal(recall.head(bytes, 0, to) !== undefined, to >= PUSH.length, `up to ${to}`);
  }
});

Deno.test("a head with another byte among its fields is not known", { permissions: "none" }, () => {
  const recall = recallOf(PUSH);
  for (let at = 0; at < FIELDS.length; at++) {
    for (
      const byte of ["", "\0", " ", "\r", "\n", ":", "a", "0", "\xff", FIELDS[at] + FIELDS[at]]
    ) {
      const other = FIELDS.slice(0, at) + byte + FIELDS.slice(at + 1);
      if (other.startsWith(FIELDS)) continue; // it is behind them
      assert.equal(headOf(recall, `PUT / HTTP/1.1${other}`), undefined, JSON.stringify(other));
    }
  }
});

for (
  const line of [
    ...[
      "PUT / HTTP/1.0",
      "PUT / HTTP/1.2",
      "PUT / HTTP/1.1 ",
      "PUT / http/1.1",
      "PUT /",
      "PUT HTTP/1.1",
    ],
    ...[
      "PUT http://a/ HTTP/1.1",
      "PUT * HTTP/1.1",
      "PUT x HTTP/1.1",
      "PUT  HTTP/1.1",
      "PUT  / HTTP/1.1",
    ],
    ...[
      "PUT /  HTTP/1.1",
      " PUT / HTTP/1.1",
      "PUT /\t HTTP/1.1",
      "PUT /a b HTTP/1.1",
      "PUT /\xe4 HTTP/1.1",
    ],
    ...[
      "PUT /\x7f HTTP/1.1",
      "PUT /\r HTTP/1.1",
      "PUT /\n HTTP/1.1",
      "\r\nPUT / HTTP/1.1",
      "\nPUT / HTTP/1.1",
    ],
    ...[
      "put / HTTP/1.1",
      "PATCH / HTTP/1.1",
      "CONNECT / HTTP/1.1",
      " / HTTP/1.1",
      " HTTP/1.1",
      "HTTP/1.1",
      "",
    ],
  ]
) {
  Deno.test(`a head with the request line ${JSON.stringify(line)} is not known`, {
    permissions: "none",
  }, () => {
    assert.equal(headOf(recallOf(PUSH), line + FIELDS), undefined);
  });
}

for (
  const [what, text] of [
    ["in HTTP/1.0", PUSH.replace("1.1", "1.0")],
    ["before a body in chunks", request({ isChunked: true })],
    ["of more than 2,048 bytes", request({ fields: `X: ${"a".repeat(2_048)}` })],
    ["that was refused", request({ host: "a b" })],
  ]
) {
  Deno.test(`a head ${what} is not kept`, { permissions: "none" }, () => {
    const recall = recallOf(text);
    assert.equal(headOf(recall, text), undefined);
    assert.equal(headOf(recall, text.replace("1.0", "1.1")), undefined);
  });
}

Deno.test("a head that came in pieces is not kept", { permissions: "none" }, () => {
  for (let at = 1; at < PUSH.length; at++) {
    const recall = new Recall();
    readRequests(pieces(bytesOf(PUSH), [at]), { recall });
    assert.equal(headOf(recall, PUSH), undefined);
  }
});

Deno.test("a request line behind an empty line is no field", { permissions: "none" }, () => {
  for (const before of ["\r\n", "\n", "\r", "\r\r\n", "\n\r\n", "\r\n\r\n"]) {
    const recall = recallOf(before + PUSH);
    for (const line of ["GET / HTTP/1.1\r\n", "GET / HTTP/1.1\r", "GET / HTTP/1.1\n", before]) {
      assert(!isRight(recall, line + PUSH));
    }
  }
});

Deno.test("fields that are expected count only where they are there", {
  permissions: "none",
}, () => {
  const OTHER = request({ line: "PUT /metrics/job/b HTTP/1.1", length: 5 });
  const recall = recallOf(PUSH, OTHER);
  headOf(recall, PUSH);
  const expected = recall.fields;
  assert(expected);
  const reader = createRequestReader();
  for (const text of [PUSH, OTHER, PUSH]) {
    const bytes = bytesOf(text);
    assert.deepEqual(recall.head(bytes, 0, bytes.length, expected), reader.readHead(bytes));
    assert.equal(recall.fields === expected, text === PUSH);
    assert.equal(recall.taken, text.length);
  }
  reader[Symbol.dispose]();
});

Deno.test("expected fields are known until their last byte, and not with another one", {
  permissions: "none",
}, () => {
  const recall = recallOf(PUSH);
  headOf(recall, PUSH);
  const expected = recall.fields;
  const empty = new Recall();
  const bytes = bytesOf(`${PUSH}abc`);
  for (let to = 0; to <= bytes.length; to++) {
    const head = empty.head(bytes, 0, to, expected);
    assert.equal(head !== undefined, to >= PUSH.length, `up to ${to}`);
  }
  for (let at = PUSH.indexOf("\r\n"); at < PUSH.length; at++) {
    const other = bytesOf(PUSH);
    other[at] ^= 1;
    assert.equal(empty.head(other, 0, other.length, expected), undefined, `byte ${at}`);
  }
});

Deno.test("heads of 256 kinds are known at the same time, and no more", {
  permissions: "none",
}, () => {
  const texts = Array.from({ length: 257 }, (_, i) => request({ fields: `X: ${i}` }));
  const recall = recallOf(...texts.slice(0, 256));
  assert(texts.slice(0, 256).every((text) => isRight(recall, text)));
  readRequests([bytesOf(texts[256])], { recall });
  assert(texts.filter((text) => isRight(recall, text)).length <= 256);
  assert(isRight(recall, texts[256]));
});

Deno.test("of all requests that are understood or refused, none is known as another one", {
  permissions: "none",
}, () => {
  const texts = [...GOOD.map(([, text]) => text), ...BAD.map(([, , text]) => text)];
  const all = recallOf(...texts);
  let known = 0;
  for (const kept of texts) {
    const recall = recallOf(kept);
    for (const text of texts) if (isRight(recall, text)) known++;
    const fields = kept.slice(kept.indexOf("\r\n"));
    for (const line of ["PUT /x HTTP/1.1", kept, "GET / HTTP/1.1\r\n"]) {
      isRight(recall, line + fields);
      isRight(all, line + fields);
    }
  }
  assert(known > 20, `${known} are known`);
});

Deno.test("whatever comes over any connection, it is read as if nothing were known again", {
  permissions: "none",
}, () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(drawnRequests, cuts), { maxLength: 6 }), (connections) => {
      const recall = new Recall();
      for (const [text, sizes] of connections) {
        const whole = readWhole(text);
        assert.deepEqual(readRequests([bytesOf(text)], { recall }), whole);
        assert.deepEqual(readRequests(pieces(bytesOf(text), sizes), { recall }), whole);
      }
    }),
    { numRuns: 3_000 },
  );
});
