/** Marks that Consul loses, marks that are taken back, and whose Consul they are of. */

import assert from "node:assert/strict";
import { isPending } from "../concurrency/settled.ts";
import { type Answer, MEMBER, OTHER, PREFIX, startLeaving } from "./marking.ts";

const permissions = "none";
const known: Answer = { keys: [PREFIX + MEMBER], index: 50n };

/** Follows the marks through some answers of Consul; what is set there, and who is marked at the end. */
async function followed(...answers: Answer[]) {
  const marks = startLeaving();
  const consul = marks.consul(...answers);
  marks.use(consul);
  await consul.follow();
  return { set: consul.set, marked: marks.marked };
}

Deno.test("a mark that Consul has lost with its data is set again, and its member stays marked", {
  permissions,
}, async () => {
  const outcome = await followed(known, { keys: [], index: 3n });
  assert.deepEqual(outcome, { set: [PREFIX + MEMBER], marked: [MEMBER] });
});

Deno.test("a mark that was taken back is not set again", { permissions }, async () => {
  assert.deepEqual(await followed(known, { keys: [], index: 51n }), { set: [], marked: [] });
});

Deno.test("marks that cannot be read any more stay", { permissions }, async () => {
  const outcome = await followed(known, new Error("connection refused"));
  assert.deepEqual(outcome, { set: [], marked: [MEMBER] });
});

Deno.test(
  "what one Consul has marked does not count once another one is used, and its own marks do",
  {
    permissions,
  },
  async () => {
    const marks = startLeaving();
    const [former, next] = [
      marks.consul(known),
      marks.consul({ keys: [PREFIX + OTHER], index: 9n }),
    ];
    marks.use(former);
    await former.follow();
    assert.deepEqual(marks.marked, [MEMBER]);
    marks.leaving.markHere(MEMBER);
    marks.use(next);
    assert.deepEqual(marks.marked, [MEMBER], "this instance's own word stays");
    marks.leaving.unmarkHere(MEMBER);
    assert.deepEqual(marks.marked, []);
    await next.follow();
    assert.deepEqual([marks.marked, next.set], [[OTHER], []], "nothing was lost");
  },
);

Deno.test("what a former Consul answers late changes nothing", { permissions }, async () => {
  const marks = startLeaving();
  const former = marks.consul(known, { keys: [PREFIX + OTHER], index: 51n });
  marks.use(former);
  former.onQuery = (query) => {
    if (query === 2) marks.use(marks.consul());
  };
  await former.follow();
  assert.deepEqual(marks.marked, []);
});

Deno.test("each Consul's first answer is waited for on its own, also where it is a failure", {
  permissions,
}, async () => {
  const marks = startLeaving();
  const [former, next] = [marks.consul(known), marks.consul(new Error("connection refused"))];
  const stop = new AbortController();
  marks.use(former);
  await former.follow();
  await marks.leaving.looked(former.link, stop.signal);
  marks.use(next);
  const looked = marks.leaving.looked(next.link, stop.signal);
  assert.equal(await isPending(looked), true);
  await next.follow();
  await looked;
});

Deno.test("an abort ends the wait for a first answer", { permissions }, async () => {
  const marks = startLeaving();
  const consul = marks.consul();
  const stop = new AbortController();
  const looked = marks.leaving.looked(consul.link, stop.signal);
  assert.equal(await isPending(looked), true);
  stop.abort();
  await looked;
});
