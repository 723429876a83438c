import assert from "node:assert/strict";
import { fewAtATime } from "../../../src/http/api/few_at_a_time.ts";
import { Reply, textReply } from "../../../src/http/message.ts";
import { answerOf } from "../messages.ts";

const permissions = "none";

Deno.test("one client at a time is answered, others get 429 meanwhile", {
  permissions,
}, async () => {
  const done = Promise.withResolvers<void>();
  const answer = fewAtATime(1, "a plan", async (text: string) => {
    if (text === "fails") throw new Error("broken");
    await done.promise;
    return textReply(200, text);
  });
  const first = answer("first");
  const second = answerOf(await answer("second"));
  assert.deepEqual([second.status, second.headers.get("retry-after")], [429, "1"]);
  assert.match(await second.text(), /a plan is being made for another client/);
  done.resolve();
  assert.equal(await answerOf(await first).text(), "first");
  await assert.rejects(answer("fails"), /broken/);
  assert.equal((await answer("third")).status, 200);
});

Deno.test("several clients at a time are answered, and no more", { permissions }, async () => {
  const done = Promise.withResolvers<void>();
  const answer = fewAtATime(2, "a page", async () => {
    await done.promise;
    return textReply(200, "page");
  });
  const [first, second] = [answer(), answer()];
  const third = answerOf(await answer());
  assert.equal(third.status, 429);
  assert.match(await third.text(), /a page is being made for 2 other clients/);
  done.resolve();
  for (const given of [first, second]) assert.equal((await given).status, 200);
  assert.equal((await answer()).status, 200);
});

Deno.test("an answer in parts is given until its last part, or until it is given up", {
  permissions,
}, async () => {
  const parts = async function* () {
    yield new Uint8Array([97]);
    yield new Uint8Array([98]);
  };
  const answer = fewAtATime(1, "a page", () => Promise.resolve(new Reply(200, parts())));
  const taken = answerOf(await answer());
  assert.equal((await answer()).status, 429);
  assert.equal(await taken.text(), "ab");
  const unread = answerOf(await answer());
  assert.equal((await answer()).status, 429);
  await unread.body?.cancel();
  assert.equal((await answer()).status, 200);
});
