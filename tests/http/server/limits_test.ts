/** How long a client may take, second by second. */

import assert from "node:assert/strict";
import { type Parts, Reply } from "../../../src/http/message.ts";
import { waitFor } from "../../../tools/wait.ts";
import { isPending } from "../../concurrency/settled.ts";
import { type Clocked, openClocked } from "./clocked.ts";
import { get, request } from "./raw_client.ts";
import { ignoreBody } from "./test_server.ts";

const permissions = { net: true } as const;

/** Checks that a connection goes on for so long, and is closed a second later. */
function lasts(clocked: Clocked, seconds: number): void {
  clocked.pass(seconds);
  assert(!clocked.isClosed, `expected it to last for ${seconds} s`);
  clocked.pass(1);
  assert(clocked.isClosed, `expected it to be closed after ${seconds + 1} s`);
}

Deno.test("a head has 10 s from its first byte, and is refused with 408 then", {
  permissions,
}, async () => {
  await using clocked = await openClocked(ignoreBody);
  const { client, shared, refusals, pass } = clocked;
  pass(100); // of the 3 minutes for its first byte
  await client.send("GET / HT");
  await waitFor(() => shared.headBytes > 0, { what: "the head to begin" });
  pass(10);
  await client.send("T");
  await waitFor(() => shared.headBytes > 8, { what: "the head to go on" });
  assert.deepEqual(refusals, []);
  pass(1);
  assert.equal((await client.answer()).status, 408);
  assert.deepEqual(refusals, [408]);
});

Deno.test("a connection may bring nothing for 3 minutes, before its first request and after each", {
  permissions,
}, async () => {
  {
    await using silent = await openClocked(ignoreBody);
    lasts(silent, 179);
  }
  await using clocked = await openClocked(ignoreBody);
  for (let i = 0; i < 2; i++) {
    clocked.pass(179);
    await clocked.client.send(get("/"));
    assert.equal((await clocked.client.answer()).status, 200);
    await waitFor(() => clocked.reads === i + 2, { what: "it to wait again" });
  }
  lasts(clocked, 179);
});

Deno.test("a client may take no part of its answer for 60 s", { permissions }, async () => {
  let [given, isOver] = [0, false];
  const parts: Parts = {
    next() {
      given++;
      return Promise.resolve({ value: new Uint8Array(1_000_000) });
    },
    return() {
      isOver = true;
      return Promise.resolve({ value: undefined, done: true });
    },
  };
  await using clocked = await openClocked(() => new Reply(200, parts));
  await clocked.client.send(get("/"));
  for (let i = 0; i < 2; i++) {
    await waitFor(() => isStuck(() => given), { what: "the buffers on the way to be full" });
    clocked.pass(59);
    assert.equal(isOver, false);
    const before = given;
    while (i === 0 && given === before) await clocked.client.receive();
  }
  clocked.pass(1);
  assert.equal(isOver, true);
});

/** Whether something was counted, and nothing more is for many turns of the event loop. */
async function isStuck(count: () => number): Promise<boolean> {
  const before = count();
  for (let i = 0; i < 50; i++) await isPending(Promise.resolve());
  return before > 0 && count() === before;
}

for (
  const [when, quiet, isEnding] of [["", 5, false], [" while the server ends", 1, true]] as const
) {
  Deno.test(`a client that is let go of may be silent for ${quiet} s${when}, and send for 30 s`, {
    permissions,
  }, async () => {
    const letGo = async () => {
      const clocked = await openClocked(ignoreBody);
      clocked.shared.isEnding = isEnding;
      await clocked.client.send("(none)\r\n\r\n");
      assert.equal((await clocked.client.answer()).status, 400);
      assert.equal(await clocked.client.rest(), "");
      await waitFor(() => clocked.reads === 2, { what: "it to read on" });
      return clocked;
    };
    {
      await using silent = await letGo();
      lasts(silent, quiet);
    }
    await using busy = await letGo();
    for (let second = 0; second < 29; second++) {
      busy.pass(1);
      const before = busy.reads;
      await busy.client.send("more");
      await waitFor(() => busy.reads > before, { what: "it to read on" });
    }
    lasts(busy, 0);
  });
}

Deno.test("a body has as long as its handler waits for it", { permissions }, async () => {
  const asked = Promise.withResolvers<void>();
  await using clocked = await openClocked(async ({ body }) => {
    asked.resolve();
    await body.read(new Uint8Array(10));
    return new Reply(200);
  });
  await clocked.client.send(request("PUT", "/", { fields: ["Content-Length: 5"] }));
  await asked.promise;
  clocked.pass(1_000);
  assert(!clocked.isClosed);
  await clocked.client.send("hello");
  assert.equal((await clocked.client.answer()).status, 200);
});
