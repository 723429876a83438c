import assert from "node:assert/strict";
import * as dnsPacket from "dns-packet";
import { type Question, readAnswer, writeQuestion } from "../../../src/discovery/dns/message.ts";

const permissions = "none";
const QUESTION: Question = { name: "pg.example", type: "A" };
const RESPONSE = 1 << 15;
const TRUNCATED = 1 << 9;

/** An answer as a server writes it. */
function answerOf(
  own: {
    type?: string;
    id?: number;
    flags?: number;
    questions?: { name: string; type: string }[];
    answers?: { name: string; type: string; ttl: number; data: unknown }[];
  } = {},
): Uint8Array {
  return dnsPacket.encode({
    type: "response",
    id: 7,
    flags: RESPONSE,
    questions: [QUESTION],
    answers: [{ name: "pg.example", type: "A", ttl: 30, data: "10.0.0.1" }],
    ...own,
  });
}

const read = (bytes: Uint8Array) => readAnswer(bytes, { id: 7, question: QUESTION });

Deno.test(
  "a question asks for recursion, and nothing but its name and type",
  { permissions },
  () => {
    const bytes = [...writeQuestion(0x1234, { name: "pg.example.", type: "SRV" })];
    const name = [2, ..."pg", 7, ..."example", 0].map((part) =>
      typeof part === "string" ? part.charCodeAt(0) : part
    );
    assert.deepEqual(bytes, [0x12, 0x34, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0, ...name, 0, 33, 0, 1]);
  },
);

const READ: readonly [what: string, bytes: Uint8Array, answer: ReturnType<typeof read>][] = [
  ["an address", answerOf(), {
    code: "NOERROR",
    records: [{ type: "A", address: "10.0.0.1" }],
    ttlSeconds: 30,
  }],
  ["that there is no such name", answerOf({ flags: RESPONSE | 3, answers: [] }), {
    code: "NXDOMAIN",
    records: [],
    ttlSeconds: Infinity,
  }],
  [
    "the least of all times",
    answerOf({
      answers: [
        { name: "pg.example", type: "CNAME", ttl: 60, data: "other.example" },
        { name: "other.example", type: "A", ttl: 30, data: "10.0.0.1" },
        { name: "other.example", type: "A", ttl: 0, data: "10.0.0.2" },
      ],
    }),
    {
      code: "NOERROR",
      records: [{ type: "A", address: "10.0.0.1" }, { type: "A", address: "10.0.0.2" }],
      ttlSeconds: 0,
    },
  ],
  [
    "nothing but records of the type",
    answerOf({
      answers: [
        { name: "pg.example", type: "AAAA", ttl: 1, data: "::1" },
        { name: "pg.example", type: "A", ttl: 30, data: "10.0.0.1" },
      ],
    }),
    { code: "NOERROR", records: [{ type: "A", address: "10.0.0.1" }], ttlSeconds: 30 },
  ],
  [
    "a name in other capitals",
    answerOf({ questions: [{ name: "PG.Example", type: "A" }] }),
    { code: "NOERROR", records: [{ type: "A", address: "10.0.0.1" }], ttlSeconds: 30 },
  ],
  ["the beginning of one", answerOf({ flags: RESPONSE | TRUNCATED, answers: [] }), "truncated"],
  [
    "that the question was not understood, without the question",
    answerOf({ flags: RESPONSE | 1, questions: [], answers: [] }),
    { code: "FORMERR", records: [], ttlSeconds: Infinity },
  ],
  ["nothing of another number", answerOf({ id: 8 }), undefined],
  ["nothing of a question", answerOf({ type: "query", flags: 0 }), undefined],
  [
    "nothing of another name",
    answerOf({ questions: [{ name: "x.example", type: "A" }] }),
    undefined,
  ],
  [
    "nothing of another type",
    answerOf({ questions: [{ name: "pg.example", type: "AAAA" }] }),
    undefined,
  ],
  ["nothing without the question", answerOf({ questions: [] }), undefined],
  ["nothing of a few bytes", answerOf().slice(0, 11), undefined],
];
for (const [what, bytes, answer] of READ) {
  Deno.test(`readAnswer() reads ${what}`, { permissions }, () => {
    assert.deepEqual(read(bytes), answer);
  });
}

Deno.test("readAnswer() throws on an answer that is cut off anywhere", { permissions }, () => {
  const whole = answerOf();
  for (let length = 12; length < whole.length; length++) {
    assert.throws(() => read(whole.slice(0, length)), Error, `${length} of ${whole.length} bytes`);
  }
});
