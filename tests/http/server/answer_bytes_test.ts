/** The bytes of short answers, and when they are made anew. @module */

import assert from "node:assert/strict";
import { RecurringReply, Reply } from "../../../src/http/message.ts";
import { createShortAnswers } from "../../../src/http/server/answer_bytes.ts";

function textOf({ bytesOf }: ReturnType<typeof createShortAnswers>, reply: Reply, date: string) {
  const short = bytesOf(reply, date);
  assert(short);
  const text = new TextDecoder().decode(short.bytes);
  short.free();
  return text;
}

Deno.test("a recurring reply is written as any other one, with the date of each second", {
  permissions: "none",
}, () => {
  const answers = createShortAnswers();
  const headers = ["x-a", "1"];
  const recurring = new RecurringReply(202, new Uint8Array(), headers);
  for (const date of ["one", "one", "two", "two", "one"]) {
    const expected = textOf(answers, new Reply(202, "", headers), date);
    assert.equal(textOf(answers, recurring, date), expected);
    assert(expected.includes(`date: ${date}\r\n`));
  }
});

Deno.test("the bytes of a recurring reply are not those of another answer later", {
  permissions: "none",
}, () => {
  const answers = createShortAnswers();
  const recurring = answers.bytesOf(new RecurringReply(200, "first"), "today");
  assert(recurring);
  const before = new TextDecoder().decode(recurring.bytes);
  recurring.free();
  textOf(answers, new Reply(200, "other"), "today");
  assert.equal(new TextDecoder().decode(recurring.bytes), before);
});

Deno.test("a recurring reply that is not short is written in another form", {
  permissions: "none",
}, () => {
  const answers = createShortAnswers();
  for (
    const reply of [
      new RecurringReply(204),
      new RecurringReply(200, "ä"),
      new RecurringReply(200, "a".repeat(4_096)),
      new RecurringReply(200, new Uint8Array(1)),
    ]
  ) assert.equal(answers.bytesOf(reply, "today"), undefined);
});
