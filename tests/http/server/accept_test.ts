/** Connections that cannot be accepted, and that others are none the worse for. */

import assert from "node:assert/strict";
import { createConnections } from "../../../src/http/server/connections.ts";
import { openLog } from "../../../src/log.ts";
import { waitFor } from "../../../tools/wait.ts";
import { connect, get } from "./raw_client.ts";
import { ignoreBody } from "./test_server.ts";

/** A listener that tells errors while there are any. */
function failing(listener: Deno.TcpListener, errors: Error[]): Deno.TcpListener {
  const accept = () => {
    const error = errors.shift();
    return error ? Promise.reject(error) : listener.accept();
  };
  return Object.assign(Object.create(listener), { accept });
}

function start(errors: Error[]) {
  const lines: string[] = [];
  const log = openLog({ level: "debug", format: "logfmt", write: (line) => lines.push(line) });
  const connections = createConnections(ignoreBody, { onRefused() {}, log });
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const accepting = connections.accept(failing(listener, errors));
  return {
    port: listener.addr.port,
    lines,
    async [Symbol.asyncDispose]() {
      listener.close();
      await accepting;
      await connections.end(0);
    },
  };
}

Deno.test("clients that are gone before they are accepted hold up no others", {
  permissions: { net: true },
}, async () => {
  const { NotConnected, ConnectionAborted } = Deno.errors;
  const errors = [1, 2, 3, 4, 5].flatMap(() => [new NotConnected(), new ConnectionAborted()]);
  await using server = start(errors);
  using client = await connect(server.port);
  await client.send(get("/"));
  assert.equal((await client.answer()).body, "GET /");
  assert.deepEqual(server.lines, [], "it does not wait where it says nothing");
});

Deno.test(
  "without free file descriptors a connection that brings nothing between two tries is closed",
  {
    permissions: { net: true },
  },
  async () => {
    const errors: Error[] = [];
    await using server = start(errors);
    using idle = await connect(server.port);
    using begun = await connect(server.port);
    using busy = await connect(server.port);
    for (const client of [idle, busy]) {
      await client.send(get("/"));
      await client.answer();
    }
    await begun.send("GET / HT");
    const tooMany = () => new Error("Too many open files (os error 24)");
    errors.push(tooMany(), tooMany());
    using late = await connect(server.port);
    await waitFor(() => server.lines.length === 1, { what: "the first error" });
    await busy.send(get("/once"));
    assert.equal((await busy.answer()).body, "GET /once");
    assert.equal(await idle.receive(), "");
    assert.equal(await begun.receive(), "");
    await busy.send(get("/again"));
    assert.equal((await busy.answer()).body, "GET /again");
    assert.equal(await late.receive(), "");
    using _next = await connect(server.port);
    const lines = () => server.lines.filter((line) => line.includes("accepting connections"));
    await waitFor(() => lines().length === 2, { what: "the end of it in the log" });
    const [fails, works] = lines();
    assert.match(fails, /level=warn .*failed, trying again.* err="Too many open files/);
    assert.match(works, /level=info .*works again" closed=[1-9] failures=2 seconds=/);
  },
);
