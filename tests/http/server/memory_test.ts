/** What connections hold, and give back. */

import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { sleep } from "../../../src/concurrency/backoff.ts";
import { Reply } from "../../../src/http/message.ts";
import { Connection } from "../../../src/http/server/connection.ts";
import { SMALL_BYTES } from "../../../src/http/server/input.ts";
import { Recall } from "../../../src/wire/recall.ts";
import { createRequestReader } from "../../../src/wire/request_reader.ts";
import { waitFor } from "../../../tools/wait.ts";
import { sharedWith } from "./clocked.ts";
import { connect, get } from "./raw_client.ts";
import { ignoreBody, startServer } from "./test_server.ts";

Deno.test(
  "connections give back the readers of their heads: few are kept, the others are released",
  {
    permissions: { net: true },
  },
  async () => {
    let [opened, released] = [0, 0];
    const shared = sharedWith({
      handler: ignoreBody,
      openReader() {
        opened++;
        const reader = createRequestReader();
        return {
          ...reader,
          get taken() {
            return reader.taken;
          },
          get headBytes() {
            return reader.headBytes;
          },
          [Symbol.dispose]() {
            released++;
            reader[Symbol.dispose]();
          },
        };
      },
    });
    const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    const running: Promise<void>[] = [];
    {
      using clients = new DisposableStack();
      for (let i = 0; i < 100; i++) {
        const client = clients.use(await connect(listener.addr.port));
        running.push(new Connection(await listener.accept(), shared).run());
        await client.send("GET / HT");
      }
      await waitFor(() => opened === 100, { what: "all heads to begin" });
      assert(shared.headBytes >= 800);
    }
    listener.close();
    await Promise.all(running);
    assert.equal(shared.headBytes, 0);
    assert(shared.readers.length <= 32);
    assert.equal(opened - released, shared.readers.length);
  },
);

Deno.test("a head of many short fields counts for what it takes, and not for how long it is", () => {
  using reader = createRequestReader();
  const head = Buffer.from("GET / HTTP/1.1\r\n" + "a:\r\n".repeat(1_000));
  assert.equal(reader.readHead(head), undefined);
  assert(reader.headBytes > 8 * head.length, `${reader.headBytes} bytes`);
});

Deno.test("heads are refused with 503 where all together would take too much memory", {
  permissions: { net: true },
}, async () => {
  await using server = startServer(ignoreBody);
  {
    using clients = new DisposableStack();
    const part = "GET / HTTP/1.1\r\n" + "a:\r\n".repeat(250_000);
    for (let i = 0; i < 20 && server.refusals.length === 0; i++) {
      await clients.use(await connect(server.port)).send(part);
    }
    await waitFor(() => server.refusals.length > 0, { what: "a refusal" });
    assert(server.refusals.every((status) => status === 503));
  }
  await waitFor(async () => {
    using client = await connect(server.port);
    await client.send(get("/").slice(0, -2));
    await sleep(1); // it is read in two parts
    await client.send("\r\n");
    return (await client.answer()).status === 200;
  }, { what: "memory for other heads" });
});

Deno.test("an error in giving its memory back is told, and ends nothing but the connection", {
  permissions: { net: true },
}, async () => {
  const told: unknown[] = [];
  let ended = 0;
  const thrown = new Error("not given back");
  const bytes = Buffer.alloc(SMALL_BYTES);
  const free = () => {
    throw thrown;
  };
  const shared = sharedWith({
    handler: () => new Reply(200),
    onFailed: (error) => told.push(error),
    onEnded: () => ended++,
    memory: { small: { take: () => ({ bytes, free }) }, larges: [] },
  });
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const [client, conn] = await Promise.all([connect(listener.addr.port), listener.accept()]);
  const running = new Connection(conn, shared).run();
  client[Symbol.dispose]();
  await running;
  assert.deepEqual([told, ended], [[thrown], 1]);
});

Deno.test("a connection expects the fields of its last head, and forgets them within a second", {
  permissions: { net: true },
}, async () => {
  const expectations: boolean[] = [];
  class Watched extends Recall {
    override head(...given: Parameters<Recall["head"]>) {
      expectations.push(given[3] !== undefined);
      return super.head(...given);
    }
  }
  const recall = new Watched();
  const openReader = () => createRequestReader(recall);
  const shared = sharedWith({ handler: () => new Reply(200), recall, openReader });
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const [client, conn] = await Promise.all([connect(listener.addr.port), listener.accept()]);
  const connection = new Connection(conn, shared);
  const running = connection.run();
  for (let i = 0; i < 4; i++) {
    if (i === 3) connection.tick();
    await client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    await client.receive();
  }
  // Unknown, found, expected, and found again.
  assert.deepEqual(expectations, [false, false, true, false]);
  client[Symbol.dispose]();
  await running;
});
