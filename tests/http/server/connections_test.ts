/** Connections that are taken beside another process on the same address, and how they are let go of. */

import assert from "node:assert/strict";
import { type Handler, Reply } from "../../../src/http/message.ts";
import { waitFor } from "../../../tools/wait.ts";
import { connect, get, type RawClient, untilFree } from "./raw_client.ts";
import { readText, startServer } from "./test_server.ts";

/** Each answer begins so. */
const OK = "HTTP/1.1 200 OK\r\n";

const greet: Handler = ({ client }) => new Reply(200, `hello ${client}`);

Deno.test("one connection takes many requests", { permissions: { net: true } }, async () => {
  await using server = startServer(greet, { reusePort: true });
  using client = await connect(server.port);
  for (let i = 0; i < 3; i++) {
    await client.send(get("/"));
    const answer = await client.receive();
    assert(answer.startsWith(OK) && answer.endsWith("hello 127.0.0.1"), answer);
    assert.doesNotMatch(answer, /^connection:/mi);
  }
});

const OPEN: readonly [what: string, before: (client: RawClient) => Promise<unknown>][] = [
  ["has brought no request yet", () => Promise.resolve()],
  ["has brought a part of one", (client) => client.send("GET / HT")],
  ["waits for its next request", async (client) => {
    await client.send(get("/"));
    return await client.receive();
  }],
];
for (const [what, before] of OPEN) {
  Deno.test(`a connection that ${what} is answered once more after the address is given up`, {
    permissions: { net: true },
  }, async () => {
    await using server = startServer(greet, { reusePort: true });
    using client = await connect(server.port);
    await before(client);
    const stopped = server.stop();
    await untilFree(server.port);
    await client.send(what.includes("part") ? "TP/1.1\r\nHost: here\r\n\r\n" : get("/"));
    const answer = await client.receive();
    assert(answer.startsWith(OK), answer);
    assert.match(answer, /^connection: close\r$/mi);
    assert.equal(await client.receive(), "");
    await stopped;
  });
}

Deno.test("an answer that is under way is finished, and says that it is the last", {
  permissions: { net: true },
}, async () => {
  const asked = Promise.withResolvers<void>();
  const answer = Promise.withResolvers<Reply>();
  await using server = startServer(() => {
    asked.resolve();
    return answer.promise;
  }, { reusePort: true });
  using client = await connect(server.port);
  await client.send(get("/"));
  await asked.promise;
  const stopped = server.stop();
  await untilFree(server.port);
  answer.resolve(new Reply(200, "late"));
  const received = await client.receive();
  assert(received.startsWith(OK) && received.endsWith("late"), received);
  assert.match(received, /^connection: close\r$/mi);
  await stopped;
});

Deno.test("a connection that brings nothing is closed, and the server ends", {
  permissions: { net: true },
}, async () => {
  await using server = startServer(greet, { reusePort: true });
  using silent = await connect(server.port);
  using client = await connect(server.port);
  await client.send(get("/"));
  await client.receive();
  await server.stop();
  assert.equal(await silent.receive(), "");
  assert.equal(await client.receive(), "");
});

Deno.test("a client that speaks no HTTP, or goes away, ends its own connection only", {
  permissions: { net: true },
}, async () => {
  await using server = startServer(async ({ body }) => {
    await readText(body);
    return new Reply(200, "hello");
  });
  const broken = [
    "",
    "P",
    "\x16\x03\x01",
    "no request\r\n\r\n",
    "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\nno frame of HTTP/2",
    "PUT / HTTP/1.1\r\nHost: here\r\nContent-Length: 9\r\n\r\nabc",
  ];
  for (const text of broken) {
    using client = await connect(server.port);
    await client.send(text);
    if (text.length > 3) await client.closeWrite();
  }
  using client = await connect(server.port);
  await client.send(get("/"));
  assert((await client.receive()).startsWith(OK));
  await waitFor(() => server.lines.some((line) => line.includes("connection lost")), {
    what: "a line of the log",
  });
});
