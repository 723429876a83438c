import assert from "node:assert/strict";
import { follow } from "../../src/concurrency/follow.ts";

Deno.test("a following signal aborts with the first of its sources, and with its reason", {
  permissions: "none",
}, () => {
  const [first, second] = [new AbortController(), new AbortController()];
  using following = follow([first.signal, second.signal]);
  assert.equal(following.signal.aborted, false);
  second.abort("second");
  first.abort("first");
  assert.equal(following.signal.reason, "second");
  using late = follow([new AbortController().signal, first.signal]);
  assert.equal(late.signal.reason, "first", "it had aborted before");
});

Deno.test("after disposal a following signal aborts no more", { permissions: "none" }, () => {
  const source = new AbortController();
  const following = follow([source.signal]);
  following[Symbol.dispose]();
  source.abort();
  assert.equal(following.signal.aborted, false);
});
