/** The bytes of short answers, and when they are made anew. @module */

import assert from "node:assert/strict";
import { RecurringReply, Redirect, Reply } from "../../../src/http/message.ts";
import { ShortAnswers } from "../../../src/http/server/short_answers.ts";

function textOf(answers: ShortAnswers, reply: Reply, date: string) {
  const short = answers.bytesOf(reply, date);
  assert(short);
  const text = new TextDecoder().decode(short.bytes);
  answers.free(short);
  return text;
}

Deno.test("a recurring reply is written as any other one, with the date of each second", {
  permissions: "none",
}, () => {
  const answers = new ShortAnswers();
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
  const answers = new ShortAnswers();
  const recurring = answers.bytesOf(new RecurringReply(200, "first"), "today");
  assert(recurring);
  const before = new TextDecoder().decode(recurring.bytes);
  answers.free(recurring);
  textOf(answers, new Reply(200, "other"), "today");
  assert.equal(new TextDecoder().decode(recurring.bytes), before);
});

Deno.test("a recurring reply that is not short is written in another form", {
  permissions: "none",
}, () => {
  const answers = new ShortAnswers();
  for (
    const reply of [
      new RecurringReply(204),
      new RecurringReply(200, "ä"),
      new RecurringReply(200, "a".repeat(4_096)),
      new RecurringReply(200, new Uint8Array(1)),
    ]
  ) assert.equal(answers.bytesOf(reply, "today"), undefined);
});

Deno.test("a redirect is written as any other reply with the same headers", {
  permissions: "none",
}, () => {
  const answers = new ShortAnswers();
  const bases = ["http://a:9091", "http://a:9091/prefix", "http://bb:9091"];
  const paths = ["/metrics/job/a", "/metrics/job/b/env/c?d", "", "/", `/${"a".repeat(2_000)}`];
  for (const date of ["one", "two", "two"]) {
    for (const path of [...paths, ...paths]) {
      for (const base of bases) {
        const redirect = new Redirect(base, path);
        const { status, headers, body } = redirect;
        assert.deepEqual([status, headers.slice(2)], [307, ["location", base + path]]);
        const expected = textOf(answers, new Reply(status, body, headers), date);
        assert.equal(textOf(answers, redirect, date), expected);
      }
    }
  }
});

Deno.test("the bytes of a redirect stay the same while it is written", {
  permissions: "none",
}, () => {
  const answers = new ShortAnswers();
  const written = ["/a", "/b", "/c"].map((path) => {
    const short = answers.bytesOf(new Redirect("http://a:9091", path), "today");
    assert(short);
    return { path, short };
  });
  for (const { path, short } of written) {
    assert(new TextDecoder().decode(short.bytes).includes(`location: http://a:9091${path}\r\n`));
  }
});

Deno.test("a redirect that is not short, or not ASCII, is written in another form", {
  permissions: "none",
}, () => {
  const answers = new ShortAnswers();
  const whole = (base: string, path: string) => answers.bytesOf(new Redirect(base, path), "now");
  assert(whole("http://a", "/a"));
  assert.equal(whole("http://a", `/${"a".repeat(4_000)}`), undefined);
  assert.equal(whole("http://a", "/\xe4"), undefined);
  assert.equal(whole("http://a", "/\u{1f680}"), undefined);
  assert.equal(whole("http://\xe4", "/a"), undefined);
  assert(whole("http://a", "/b"));
});
