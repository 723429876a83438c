import assert from "node:assert/strict";
import { untilAborted } from "../../src/concurrency/abort.ts";
import { deadline } from "../../src/concurrency/deadline.ts";
import { createClockwork } from "../model/clockwork.ts";

const permissions = "none";

Deno.test(
  "a deadline aborts when its time has passed, with a reason that says so, and not before",
  {
    permissions,
  },
  async () => {
    await using clock = createClockwork();
    using late = deadline(5_000);
    await clock.pass(4_999);
    assert.equal(late.signal.aborted, false);
    await clock.pass(1);
    assert.match(String(late.signal.reason), /not done within 5000 ms/);
  },
);

Deno.test("a deadline aborts with the signal that it was given, and with its reason", {
  permissions,
}, async () => {
  const stop = new AbortController();
  const reason = new Error("SIGTERM");
  using late = deadline(60_000, stop.signal);
  assert.equal(late.signal.aborted, false);
  stop.abort(reason);
  await untilAborted(late.signal);
  assert.equal(late.signal.reason, reason);
  using begun = deadline(60_000, stop.signal);
  assert.equal(begun.signal.reason, reason, "it had aborted before");
});

Deno.test("a deadline that was disposed of aborts no more and leaves no timer", {
  permissions,
}, async () => {
  await using clock = createClockwork();
  const stop = new AbortController();
  const late = deadline(10, stop.signal);
  late[Symbol.dispose]();
  await clock.pass(20);
  stop.abort();
  assert.equal(late.signal.aborted, false);
});
