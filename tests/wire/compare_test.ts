/** What is a difference, and what excuses one: made up, for a comparison that never fails shows nothing. */

import assert from "node:assert/strict";
import type { Answer } from "./answers.ts";
import { compare } from "./compare.ts";
import { DIFFERENCES } from "./differences.ts";
import type { Exchange } from "./exchange.ts";
import { expectedOf } from "./expected.ts";

const put = (target: string, body = "") =>
  `PUT ${target} HTTP/1.1\r\nHost: here\r\nContent-Length: ${body.length}\r\n\r\n${body}`;
const took = (target: string, length = 0, crc = 0): Answer => ({
  status: 200,
  echo: { method: "PUT", target, length, crc },
});
const refused = (status: number): Answer => ({ status });
const said = (...answers: Answer[]): Exchange => ({ answers, closed: true });
const leftOpen = (...answers: Answer[]): Exchange => ({ answers, closed: false });

const CASES: readonly (readonly [string, ours: Exchange, theirs: Exchange, kind?: string])[] = [
  ["both understand the same", said(took("/a"), took("/b")), said(took("/a"), took("/b"))],
  ["both refuse alike", said(took("/a"), refused(400)), said(took("/a"), refused(400))],
  ["both say nothing", said(), said()],
  ["one takes an absolute form apart", said(took("/a?b")), said(took("http://here/a?b"))],
  [
    "ours reads two requests where the other reads one",
    said(took("/a", 0), took("/inner")),
    said(took("/a", 30)),
    "another request",
  ],
  [
    "ours reads one more behind the same one",
    said(took("/a"), took("/inner")),
    said(took("/a")),
    "laxer",
  ],
  ["ours reads another target", said(took("/b")), said(took("/a")), "another request"],
  ["ours reads another body", said(took("/a", 3, 1)), said(took("/a", 3, 2)), "another request"],
  ["ours takes what the other refuses", said(took("/a")), said(refused(400)), "laxer"],
  ["ours refuses what the other takes", said(refused(400)), said(took("/a")), "stricter"],
  ["ours refuses with another status", said(refused(400)), said(refused(501)), "status"],
  [
    "ours goes on after a refusal",
    said(refused(400), took("/b")),
    said(refused(400)),
    "gone on",
  ],
  [
    "ours goes on after a refusal as the other does after an answer",
    said(refused(400), took("/b")),
    said(took("/a"), took("/b")),
    "gone on",
  ],
  ["ours has no answer", said(took("/a")), said(took("/a"), took("/b")), "silent"],
  ["the other has no answer", said(refused(400)), said(), "outspoken"],
  ["the other's refusal is lost", said(refused(400)), { ...said(), reset: true }],
  [
    "ours takes a request where the other resets",
    said(took("/a")),
    { ...said(), reset: true },
    "laxer",
  ],
  ["ours sends anything else", { ...said(), fault: "no answer" }, said(took("/a")), "unreadable"],
  ["ours stays open", leftOpen(took("/a")), said(took("/a")), "open"],
  ["ours closes", said(took("/a")), leftOpen(took("/a")), "closed"],
];

for (const [what, ours, theirs, kind] of CASES) {
  Deno.test(`where ${what} ${kind ? `ours is ${kind}` : "there is no difference"}`, {
    permissions: "none",
  }, () => {
    const difference = compare(put("/a") + put("/b"), ours, theirs);
    assert.equal(difference?.kind, kind);
  });
}

Deno.test("nothing excuses another request, or going on after a refusal", {
  permissions: "none",
}, () => {
  // A request in which every entry finds something.
  const sent =
    "\nPUT /é%zz HTTP/1.0\r\n: x\n y\r\nHost: a b\r\nContent-Length:\r\nContent-Length: 9\r\n" +
    "Transfer-Encoding: chunked\r\nExpect: x\r\nTrailer: Content-Length\r\n\r\n5 \r\n";
  const another = compare(sent, said(took("/a")), said(took("/b")));
  const goneOn = compare(sent, said(refused(400), took("/b")), said(took("/a")));
  for (const difference of [another, goneOn]) {
    assert(difference);
    assert.equal(expectedOf(difference, DIFFERENCES), undefined, difference.kind);
  }
});

Deno.test(
  "an entry excuses what it is about, with its status only",
  { permissions: "none" },
  () => {
    const sent = `${put("/a", "body")}GET / HTTP/1.1\r\nHost: here\r\nX: a\r\n b\r\n\r\n`;
    const found = (status: number) => {
      const difference = compare(
        sent,
        said(took("/a", 4), refused(status)),
        said(took("/a", 4), took("/")),
      );
      return difference && expectedOf(difference, DIFFERENCES)?.name;
    };
    assert.equal(found(400), "a field is not folded over lines");
    assert.equal(found(501), undefined);
  },
);

Deno.test("a plain request that ours refuses, or takes alone, is excused by nothing", {
  permissions: "none",
}, () => {
  const pairs = [
    [said(refused(400)), said(took("/a"))],
    [said(took("/a")), said(refused(400))],
    [said(), said(took("/a"))],
  ] as const;
  for (const [ours, theirs] of pairs) {
    const difference = compare(put("/a"), ours, theirs);
    assert(difference);
    assert.equal(expectedOf(difference, DIFFERENCES), undefined, difference.kind);
  }
});
