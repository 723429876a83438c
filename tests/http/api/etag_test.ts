/** Answers that a client has already. */

import assert from "node:assert/strict";
import { withEtag } from "../../../src/http/api/etag.ts";
import { type Reply, textReply } from "../../../src/http/message.ts";

const permissions = "none";
const OK = textReply(200, "a");
const ETAG = etagOf(OK);

function etagOf(reply: Reply): string {
  const { headers } = withEtag(reply, []);
  return headers[headers.indexOf("etag") + 1];
}

Deno.test("the tag is strong, the same for the same body, and another one for another body", {
  permissions,
}, () => {
  assert.match(ETAG, /^"[0-9a-f]{32}"$/);
  assert.equal(etagOf(textReply(200, "a")), ETAG);
  assert.notEqual(etagOf(textReply(200, "b")), ETAG);
});

const CONDITIONS: readonly [why: string, headers: string[], status: number][] = [
  ["without a condition", [], 200],
  ["for a client that has it", ["If-None-Match", ETAG], 304],
  ["for a client that has it, by a weak tag", ["if-none-match", `W/${ETAG}`], 304],
  ["for a client that has any", ["if-none-match", "*"], 304],
  ["for a client that has it beside others", ["if-none-match", `"x,y" , ${ETAG},"z"`], 304],
  ["for a client that tells so in a second header", [
    "if-none-match",
    '"x"',
    "If-None-Match",
    ETAG,
  ], 304],
  ["for a client that has another one", ["if-none-match", '"x"'], 200],
  ["for a tag without its quotes", ["if-none-match", ETAG.slice(1, -1)], 200],
  ["for another condition", ["if-match", ETAG], 200],
];
for (const [why, headers, status] of CONDITIONS) {
  Deno.test(`the answer is ${status} ${why}`, { permissions }, () => {
    const reply = withEtag(OK, headers);
    assert.deepEqual([reply.status, reply.body], [status, status === 200 ? "a" : ""]);
    assert(reply.headers.includes(ETAG), "a 304 carries the tag, too");
  });
}

Deno.test("an answer that is no 200 gets no tag", { permissions }, () => {
  const refusal = textReply(503, "a");
  assert.equal(withEtag(refusal, ["if-none-match", "*"]), refusal);
});
