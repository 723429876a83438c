/** Connections that are taken beside another process on the same address, and how they are let go of. */

import assert from "node:assert/strict";
import { listen } from "../../../src/http/server/server.ts";
import { type Handler, Reply } from "../../../src/http/message.ts";
import { openLog } from "../../../src/log.ts";
import { waitFor } from "../../../tools/wait.ts";

/** Each answer begins so. */
const OK = "HTTP/1.1 200 OK\r\n";
const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** A server of the kind that is under test. */
interface TestServer extends AsyncDisposable {
  readonly port: number;
  readonly lines: readonly string[];
  /** Lets go of the address, and is done when all connections are. */
  stop(): Promise<void>;
}

function startServer(handler: Handler): TestServer {
  const lines: string[] = [];
  const log = openLog({ level: "debug", format: "logfmt", write: (line) => lines.push(line) });
  const address = { hostname: "127.0.0.1", port: 0 };
  const server = listen({ address, reusePort: true, log }, handler);
  const stopped = new AbortController();
  const running = server.run(stopped.signal);
  const stop = () => {
    stopped.abort();
    return running;
  };
  return { port: server.address.port, lines, stop, [Symbol.asyncDispose]: stop };
}

/** A client of one connection. */
interface Client extends Disposable {
  send(text: string): Promise<void>;
  /** What comes next; empty where the server has closed. */
  receive(): Promise<string>;
  closeWrite(): Promise<void>;
}

async function connect(port: number): Promise<Client> {
  const connection = await Deno.connect({ hostname: "127.0.0.1", port });
  return {
    async send(text) {
      await connection.write(encoder.encode(text));
    },
    async receive() {
      const buffer = new Uint8Array(4_096);
      const length = await connection.read(buffer);
      return decoder.decode(buffer.subarray(0, length ?? 0));
    },
    closeWrite: () => connection.closeWrite(),
    [Symbol.dispose]: () => connection.close(),
  };
}

const get = (path: string) => `GET ${path} HTTP/1.1\r\nHost: here\r\n\r\n`;
const greet: Handler = ({ client }) => new Reply(200, `hello ${client}`);
/** Whether somebody listens. */
async function isTaken(port: number): Promise<boolean> {
  try {
    using _client = await connect(port);
    return true;
  } catch {
    return false;
  }
}

Deno.test("one connection takes many requests", { permissions: { net: true } }, async () => {
  await using server = startServer(greet);
  using client = await connect(server.port);
  for (let i = 0; i < 3; i++) {
    await client.send(get("/"));
    const answer = await client.receive();
    assert(answer.startsWith(OK) && answer.endsWith("hello 127.0.0.1"), answer);
    assert.doesNotMatch(answer, /^connection:/mi);
  }
});

const OPEN: readonly [what: string, before: (client: Client) => Promise<unknown>][] = [
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
    await using server = startServer(greet);
    using client = await connect(server.port);
    await before(client);
    const stopped = server.stop();
    await waitFor(async () => !await isTaken(server.port), { what: "the address to be free" });
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
  });
  using client = await connect(server.port);
  await client.send(get("/"));
  await asked.promise;
  const stopped = server.stop();
  await waitFor(async () => !await isTaken(server.port), { what: "the address to be free" });
  answer.resolve(new Reply(200, "late"));
  const received = await client.receive();
  assert(received.startsWith(OK) && received.endsWith("late"), received);
  assert.match(received, /^connection: close\r$/mi);
  await stopped;
});

Deno.test("a connection that brings nothing is closed, and the server ends", {
  permissions: { net: true },
}, async () => {
  await using server = startServer(greet);
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
    const part = new Uint8Array(10);
    while (await body.read(part) > 0);
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
  await waitFor(() => server.lines.some((line) => line.includes("connection broke off")), {
    what: "a line of the log",
  });
});
