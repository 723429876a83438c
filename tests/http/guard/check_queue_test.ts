/** Whose password is checked next. */

import assert from "node:assert/strict";
import { createCheckQueue, networkOf } from "../../../src/http/guard/check_queue.ts";

/** A queue, and the checks in the order in which they began. A check ends when the test says so. */
function open() {
  let now = 0;
  const queue = createCheckQueue(() => now);
  const begun: string[] = [];
  const ends: ((isRight: boolean | Error) => void)[] = [];
  return {
    begun,
    add(client: string, user = "alice") {
      const { promise, resolve, reject } = Promise.withResolvers<boolean>();
      const run = () => {
        begun.push(`${client} ${user}`);
        ends.push((end) => typeof end === "boolean" ? resolve(end) : reject(end));
        return promise;
      };
      return queue.add({ client, user, run });
    },
    /** Ends the check under way, and lets the next one begin. */
    async end(isRight: boolean | Error = true) {
      ends.shift()?.(isRight);
      await new Promise<void>((resolve) => setTimeout(resolve));
    },
    pass(ms: number) {
      now += ms;
    },
    [Symbol.dispose]: () => queue[Symbol.dispose](),
  };
}

Deno.test("one check is under way at a time, and networks take turns", async () => {
  using queue = open();
  const first = queue.add("10.0.0.1", "a");
  for (const user of ["b", "c", "d"]) void queue.add("10.0.0.1", user);
  void queue.add("10.0.0.2", "e");
  void queue.add("2001:db8::1", "f");
  void queue.add("2001:db8::2:1", "g");
  assert.deepEqual(queue.begun, ["10.0.0.1 a"]);
  for (let i = 0; i < 6; i++) await queue.end();
  assert.equal(await first, true);
  assert.deepEqual(queue.begun.slice(1), [
    "10.0.0.1 b",
    "10.0.0.2 e",
    "2001:db8::1 f",
    "10.0.0.1 c",
    "2001:db8::2:1 g",
    "10.0.0.1 d",
  ], "all of an IPv6 network are one");
});

Deno.test("after a wrong password its user waits for a second, and nobody else does", async () => {
  using queue = open();
  const wrong = queue.add("10.0.0.1");
  void queue.add("10.0.0.1");
  void queue.add("10.0.0.1", "bob");
  void queue.add("10.0.0.2");
  await queue.end(false);
  assert.equal(await wrong, false);
  await queue.end();
  await queue.end();
  assert.deepEqual(queue.begun.slice(1), ["10.0.0.1 bob", "10.0.0.2 alice"]);
  queue.pass(999);
  void queue.add("10.0.0.3");
  assert.equal(queue.begun.length, 4);
  await queue.end();
  assert.equal(queue.begun.length, 4, "it waits still");
  queue.pass(1);
  void queue.add("10.0.0.4");
  assert.equal(queue.begun[4], "10.0.0.1 alice");
});

Deno.test("a user, and a network, may have so many checks wait; others may have theirs", async () => {
  using queue = open();
  void queue.add("10.0.0.1");
  for (let i = 0; i < 10; i++) void queue.add("10.0.0.1");
  assert.equal(await queue.add("10.0.0.1"), "busy");
  for (let i = 0; i < 90; i++) void queue.add("10.0.0.1", `user${i}`);
  assert.equal(await queue.add("10.0.0.1", "bob"), "busy");
  const other = queue.add("10.0.0.2");
  await queue.end();
  await queue.end();
  await queue.end();
  assert.equal(await other, true);
});

Deno.test("a check that has waited for half a minute is given up", async () => {
  using queue = open();
  void queue.add("10.0.0.1", "a");
  const late = queue.add("10.0.0.1", "b");
  queue.pass(30_001);
  const next = queue.add("10.0.0.1", "c");
  await queue.end();
  assert.equal(await late, "busy");
  await queue.end();
  assert.equal(await next, true);
  assert.deepEqual(queue.begun, ["10.0.0.1 a", "10.0.0.1 c"]);
});

Deno.test("a check that fails holds up no other, and who waits at the end is told", async () => {
  using queue = open();
  const failing = assert.rejects(queue.add("10.0.0.1", "a"), /broken/);
  const next = queue.add("10.0.0.1", "b");
  await queue.end(new Error("broken"));
  await failing;
  const last = queue.add("10.0.0.1", "c");
  await queue.end();
  assert.equal(await next, true);
  void queue.add("10.0.0.1", "d");
  const never = queue.add("10.0.0.1", "e");
  queue[Symbol.dispose]();
  assert.equal(await never, "busy");
  await queue.end();
  assert.equal(await last, true);
});

const NETWORKS: readonly [address: string, network: string][] = [
  ["192.0.2.7", "192.0.2.7"],
  ["::ffff:192.0.2.7", "::ffff:192.0.2.7"],
  ["2001:db8:1:2:3:4:5:6", "2001:db8:1:2"],
  ["2001:db8::6", "2001:db8:0:0"],
  ["::1", "0:0:0:0"],
];
for (const [address, network] of NETWORKS) {
  Deno.test(`${address} is of the network ${network}`, { permissions: "none" }, () => {
    assert.equal(networkOf(address), network);
  });
}
