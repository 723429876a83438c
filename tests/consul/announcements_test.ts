/** What processes announce to each other by a real Consul. @module */

import assert from "node:assert/strict";
import { ringPrefix } from "../../src/consul/keys.ts";
import { type ConsulAgent, startConsul } from "../../tools/consul.ts";
import { waitFor } from "../../tools/wait.ts";
import { startAnnouncing } from "./announcing.ts";
import { tell } from "./fixture.ts";

/** Two processes of which each knows that the other has announced its name. */
async function startPair(consul: ConsulAgent) {
  await using stack = new AsyncDisposableStack();
  const first = stack.use(await startAnnouncing(consul));
  const second = stack.use(await startAnnouncing(consul));
  first.announce("first");
  second.announce("second");
  await first.waitFor("first own", "second");
  await second.waitFor("first", "second own");
  const opened = stack.move();
  return { first, second, [Symbol.asyncDispose]: () => opened.disposeAsync() };
}

Deno.test("what a process announces all see, in one order, and each knows its own", async () => {
  await using consul = await startConsul();
  await using pair = await startPair(consul);
  await using third = await startAnnouncing(consul);
  await third.waitFor("first", "second");
  third.announce("third");
  await third.waitFor("first", "second", "third own");
  await pair.first.waitFor("first own", "second", "third");
  await pair.second.waitFor("first", "second own", "third");
  const orders = [pair.first, pair.second, third].map(({ seen }) =>
    seen?.map((word) => word.replace(" own", ""))
  );
  assert.deepEqual(orders[1], orders[0]);
  assert.deepEqual(orders[2], orders[0]);
});

Deno.test("an announcement takes the place of the one before it, and nobody sees both", async () => {
  await using consul = await startConsul();
  await using pair = await startPair(consul);
  for (const text of ["a", "b", "c"]) {
    pair.first.announce(text);
    await pair.second.waitFor(text, "second own");
  }
  for (let i = 0; i <= 50; i++) pair.first.announce(`many ${i}`);
  await pair.second.waitFor("many 50", "second own");
  await pair.first.waitFor("many 50 own", "second");
  for (const seen of pair.second.history) {
    assert(seen.filter((word) => !word.includes("own")).length <= 1, seen.join());
  }
});

Deno.test("a process that ends says so: the others forget it and do not call it lost", async () => {
  await using consul = await startConsul();
  await using pair = await startPair(consul);
  await pair.second.waitUntilAsking();
  await pair.first.end();
  await pair.second.waitFor("second own");
  // The key of its session has gone too once another announcement is seen after it.
  await using third = await startAnnouncing(consul);
  third.announce("third");
  await pair.second.waitFor("second own", "third");
  assert.deepEqual(pair.second.history.flat().filter((word) => word.includes("lost")), []);
});

Deno.test("a process that vanishes without a word is lost to the others", async () => {
  await using consul = await startConsul();
  await using pair = await startPair(consul);
  await pair.first.vanish();
  await pair.second.waitFor("first lost", "second own");
});

Deno.test("a process whose session others destroy announces anew, and is lost to the others alone", async () => {
  await using consul = await startConsul();
  await using pair = await startPair(consul);
  const before = pair.first.session();
  await tell(consul, "PUT", `/v1/session/destroy/${before}`);
  await pair.second.waitFor("first", "first lost", "second own");
  await pair.first.waitFor("first own", "second");
  assert.notEqual(pair.first.session(), before);
  assert.deepEqual(pair.first.history.flat().filter((word) => word.includes("lost")), []);
});

for (
  const [what, change] of [
    ["deletes", (consul: ConsulAgent, key: string) => tell(consul, "DELETE", `/v1/kv/${key}`)],
    [
      "overwrites",
      async (consul: ConsulAgent, key: string) => {
        const response = await consul.api(`/v1/kv/${key}`, { method: "PUT", body: "another's" });
        assert.equal(await response.text(), "true");
      },
    ],
  ] as const
) {
  Deno.test(`an announcement that somebody ${what} is written once more`, async () => {
    await using consul = await startConsul();
    await using pair = await startPair(consul);
    const { length } = pair.second.history;
    await change(consul, `${ringPrefix("pushgateway")}${pair.first.session()}`);
    await waitFor(() => pair.second.history.length > length, { what: "the change to be seen" });
    await pair.second.waitFor("first", "second own");
    await pair.first.waitFor("first own", "second");
  });
}

Deno.test("while Consul is away what is known is not current, and afterwards it is", async () => {
  await using consul = await startConsul();
  await using pair = await startPair(consul);
  assert.deepEqual([pair.first.isCurrent, pair.second.isCurrent], [true, true]);
  await consul.kill9();
  await waitFor(() => !pair.first.isCurrent, { what: "it not to be current" });
  assert.deepEqual(pair.first.seen?.toSorted(), ["first own", "second"], "the last that is known");
  const changes = pair.first.history.length;
  await consul.start();
  await waitFor(() => pair.first.isCurrent && pair.second.isCurrent, { what: "all to be current" });
  assert(pair.first.history.length > changes, "it was told");
  pair.second.announce("later");
  await pair.first.waitFor("first own", "later");
});

Deno.test("what is announced while Consul is away is seen as soon as it is there", async () => {
  await using consul = await startConsul();
  await consul.stop();
  await using early = await startAnnouncing(consul, { ready: false });
  early.announce("before");
  early.announce("early");
  assert.deepEqual([early.seen, early.isCurrent], [undefined, false]);
  await consul.start();
  await using other = await startAnnouncing(consul);
  await other.waitFor("early");
  await early.waitFor("early own");
  assert.equal(early.isCurrent, true);
});
