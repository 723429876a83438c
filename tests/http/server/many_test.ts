/** Many clients at once: each gets its own answers, and nothing of a connection is left behind. */

import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { sleep } from "../../../src/concurrency/backoff.ts";
import { createRandom, type Random } from "../../../tools/random.ts";
import { chunked, connect, get, request } from "./raw_client.ts";
import { echo, startServer } from "./test_server.ts";

const CLIENTS = 200;
const REQUESTS = 50;

interface Exchange {
  readonly bytes: string;
  readonly answer: string;
}

function exchange(name: string, random: Random): Exchange {
  const target = `/${name}/${random.between(0, 1_000)}`;
  const body = `${name};`.repeat(random.between(1, random.pick([5, 500])));
  switch (random.between(0, 3)) {
    case 0:
      return { bytes: get(target), answer: `GET ${target} ` };
    case 1:
      return { bytes: request("PUT", target, { body }), answer: `PUT ${target} ${body}` };
    case 2: {
      const head = request("POST", target, { fields: ["Transfer-Encoding: chunked"] });
      const chunkLength = random.between(1, 300);
      return { bytes: head + chunked(body, { chunkLength }), answer: `POST ${target} ${body}` };
    }
    default: {
      const fields = [`X-${name}: ${"x".repeat(random.between(0, 3_000))}`];
      return { bytes: request("DELETE", target, { fields }), answer: `DELETE ${target} ` };
    }
  }
}

Deno.test(
  "200 clients with 50 pipelined requests each, cut anywhere, get their own answers in order",
  {
    permissions: { net: true },
  },
  async () => {
    await using server = startServer(async (incoming) => {
      if (incoming.target.endsWith("7")) await sleep(1);
      return await echo(incoming);
    });
    await Promise.all(Array.from({ length: CLIENTS }, async (_, i) => {
      const random = createRandom(i);
      using client = await connect(server.port);
      const exchanges = Array.from({ length: REQUESTS }, (_, j) => exchange(`${i}-${j}`, random));
      const bytes = Buffer.from(exchanges.map(({ bytes }) => bytes).join(""));
      const sending = (async () => {
        for (let at = 0; at < bytes.length;) {
          const length = random.pick([1, 10, 1_000, 2_048, 10_000, 40_000]);
          await client.send(bytes.subarray(at, at += length));
          if (random.between(0, 9) === 0) await sleep(random.between(0, 5));
        }
      })();
      for (const { answer } of exchanges) {
        const { status, body } = await client.answer();
        assert.equal(status, 200);
        assert.equal(body, answer);
      }
      await sending;
      await client.closeWrite();
      assert.equal(await client.rest(), "");
    }));
  },
);

Deno.test("1,000 connections that have begun a head are answered when it ends", {
  permissions: { net: true },
}, async () => {
  await using server = startServer(echo);
  using clients = new DisposableStack();
  const head = request("GET", "/", { fields: [`X-A: ${"x".repeat(2_000)}`] });
  const all = [];
  for (let i = 0; i < 1_000; i++) {
    const client = clients.use(await connect(server.port));
    await client.send(head.slice(0, -4));
    all.push(client);
  }
  for (const { send } of all) await send(head.slice(-4));
  for (const { answer } of all) assert.equal((await answer()).body, "GET / ");
});
