import assert from "node:assert/strict";
import { within } from "../../src/concurrency/backoff.ts";
import { type Relay, startRelay } from "./relay.ts";
import type { RequestHead } from "./request_splitter.ts";

const permissions = { net: ["127.0.0.1"] };
/** What is not held is answered in a few milliseconds. */
const HELD_MS = 200;

/** A server that answers each request with its method and path, and a relay before it. */
function startPair(stack: AsyncDisposableStack, onRequest?: (head: RequestHead) => void): Relay {
  const answer = ({ method, url }: Request) => new Response(`${method} ${new URL(url).pathname};`);
  const server = stack.use(
    Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, answer),
  );
  return stack.use(startRelay({ to: server.addr, onRequest }));
}

/** A connection over which requests go without waiting for answers. */
async function connectTo({ address }: Relay) {
  const [hostname, port] = address.split(":");
  const connection = await Deno.connect({ hostname, port: Number(port) });
  let received = "";
  return {
    async send(method: string, path: string) {
      const head = `${method} ${path} HTTP/1.1\r\nHost: ${address}\r\nContent-Length: 0\r\n\r\n`;
      await connection.write(new TextEncoder().encode(head));
    },
    /** All that was answered, once it has these words. */
    async answered(words: string) {
      const buffer = new Uint8Array(4_096);
      while (!received.includes(words)) {
        const length = await connection.read(buffer);
        if (length === null) throw new Error(`expected ${words}, found ${received}`);
        received += new TextDecoder().decode(buffer.subarray(0, length));
      }
      return received.match(/[A-Z]+ \/[^; ]*(?=;)/g);
    },
    [Symbol.dispose]: () => connection.close(),
  };
}

Deno.test("a page that is held is answered late, and what follows it after it", {
  permissions,
}, async () => {
  await using stack = new AsyncDisposableStack();
  const relay = startPair(stack);
  using client = await connectTo(relay);
  const hold = relay.holdPages();
  await client.send("GET", "/metrics");
  await client.send("POST", "/metrics/job/a");
  const answered = client.answered("POST /metrics/job/a");
  assert(!await within(HELD_MS, answered), "the POST waits behind the GET");
  hold[Symbol.dispose]();
  assert.deepEqual(await answered, ["GET /metrics", "POST /metrics/job/a"]);
});

Deno.test("while pages are held everything else passes, over other connections", {
  permissions,
}, async () => {
  await using stack = new AsyncDisposableStack();
  const relay = startPair(stack);
  using held = await connectTo(relay);
  using _hold = relay.holdPages();
  await held.send("GET", "/api/v1/metrics");
  for (
    const [method, path] of [
      ["GET", "/-/healthy"],
      ["POST", "/metrics/job/a"],
      ["DELETE", "/metrics/job/a"],
      ["PUT", "/api/v1/admin/wipe"],
    ]
  ) {
    using client = await connectTo(relay);
    await client.send(method, path);
    assert.deepEqual(await client.answered(path), [`${method} ${path}`]);
  }
});

Deno.test("of two holds the last one decides", { permissions }, async () => {
  await using stack = new AsyncDisposableStack();
  const relay = startPair(stack);
  using client = await connectTo(relay);
  const [one, other] = [relay.holdPages(), relay.holdPages()];
  await client.send("GET", "/metrics");
  const answered = client.answered("GET /metrics");
  one[Symbol.dispose]();
  one[Symbol.dispose]();
  assert(!await within(HELD_MS, answered));
  other[Symbol.dispose]();
  await answered;
});

Deno.test("requests are told as they go on, not as they come", { permissions }, async () => {
  await using stack = new AsyncDisposableStack();
  const told: string[] = [];
  const relay = startPair(stack, ({ method, target }) => told.push(`${method} ${target}`));
  using held = await connectTo(relay);
  using other = await connectTo(relay);
  const hold = relay.holdPages();
  await held.send("GET", "/metrics");
  await other.send("POST", "/metrics/job/a");
  await other.answered("POST /metrics/job/a");
  hold[Symbol.dispose]();
  await held.answered("GET /metrics");
  assert.deepEqual(told, ["POST /metrics/job/a", "GET /metrics"]);
});

Deno.test("a relay that is closed lets go of held and of idle connections", {
  permissions,
}, async () => {
  await using stack = new AsyncDisposableStack();
  const relay = startPair(stack);
  using idle = await connectTo(relay);
  await idle.send("GET", "/-/healthy");
  await idle.answered("GET /-/healthy");
  using held = await connectTo(relay);
  relay.holdPages();
  await held.send("GET", "/metrics");
  await relay[Symbol.asyncDispose]();
  await assert.rejects(held.answered("GET /metrics"));
  await assert.rejects(idle.answered("nothing more"));
});
