import assert from "node:assert/strict";
import { oneAtATime } from "../../../src/http/api/one_at_a_time.ts";

Deno.test("one client at a time is answered, others get 429 meanwhile", {
  permissions: "none",
}, async () => {
  const done = Promise.withResolvers<void>();
  const answer = oneAtATime("a plan", async (text: string) => {
    if (text === "fails") throw new Error("broken");
    await done.promise;
    return new Response(text);
  });
  const first = answer("first");
  const second = await answer("second");
  assert.deepEqual([second.status, second.headers.get("retry-after")], [429, "1"]);
  assert.match(await second.text(), /a plan is being made for another client/);
  done.resolve();
  assert.equal(await (await first).text(), "first");
  await assert.rejects(answer("fails"), /broken/);
  assert.equal((await answer("third")).status, 200);
});
