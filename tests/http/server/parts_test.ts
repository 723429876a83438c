/** Answers that are made in parts, as the client takes them. */

import assert from "node:assert/strict";
import { type Parts, Reply } from "../../../src/http/message.ts";
import { waitFor } from "../../../tools/wait.ts";
import { connect, get, request } from "./raw_client.ts";
import { startServer } from "./test_server.ts";

const encoder = new TextEncoder();

/** Parts that count what becomes of them. */
interface Counted extends Parts {
  readonly made: number;
  readonly ended: number;
}

/** @param fails instead of coming to an end */
function parts(
  texts: Iterable<string>,
  { fails = false }: { readonly fails?: boolean } = {},
): Counted {
  const left = texts[Symbol.iterator]();
  let [made, ended] = [0, 0];
  return {
    get made() {
      return made;
    },
    get ended() {
      return ended;
    },
    next() {
      const { done, value } = left.next();
      if (!done) {
        made++;
        return Promise.resolve({ value: encoder.encode(value) });
      }
      return fails
        ? Promise.reject(new Error("no more"))
        : Promise.resolve({ done, value: undefined });
    },
    return() {
      ended++;
      return Promise.resolve({ done: true, value: undefined });
    },
  };
}

function* endless(): Generator<string> {
  for (;;) yield "x".repeat(100_000);
}

Deno.test("parts come in chunks, an empty one is none, and the connection goes on", {
  permissions: { net: true },
}, async () => {
  const made: Counted[] = [];
  await using server = startServer(() => {
    made.push(parts(["hello", "", " ", "world"]));
    return new Reply(200, made.at(-1), ["x-a", "1"]);
  });
  using client = await connect(server.port);
  await client.send(get("/") + get("/"));
  for (let i = 0; i < 2; i++) {
    const { headers, body } = await client.answer();
    assert.equal(headers.get("transfer-encoding"), "chunked");
    assert.equal(headers.get("x-a"), "1");
    assert(!headers.has("content-length") && !headers.has("connection"));
    assert.equal(body, "hello world");
  }
  assert(made.every(({ ended }) => ended > 0));
});

Deno.test("parts go on to the end of the connection in HTTP/1.0, kept alive or not", {
  permissions: { net: true },
}, async () => {
  await using server = startServer(() => new Reply(200, parts(["hello", " world"])));
  for (const fields of [[], ["Connection: keep-alive"]]) {
    using client = await connect(server.port);
    await client.send(request("GET", "/", { version: "1.0", fields }));
    const { headers, body } = await client.answer();
    assert.equal(headers.get("connection"), "close");
    assert(!headers.has("transfer-encoding") && !headers.has("content-length"));
    assert.equal(body, "hello world");
  }
});

const UNREAD: readonly [why: string, request: string, status: number][] = [
  ["the request is HEAD", request("HEAD", "/"), 200],
  ["the status has no body", get("/"), 204],
];
for (const [why, asked, status] of UNREAD) {
  Deno.test(`parts are never made where ${why}, but ended`, {
    permissions: { net: true },
  }, async () => {
    const unread = parts(["hello"]);
    await using server = startServer(({ target }) =>
      target === "/" ? new Reply(status, unread) : new Reply(200, "next")
    );
    using client = await connect(server.port);
    await client.send(asked + get("/next"));
    assert.equal((await client.answer({ isHead: true })).status, status);
    assert.equal((await client.answer()).body, "next");
    assert.deepEqual([unread.made, unread.ended > 0], [0, true]);
  });
}

Deno.test("parts are made no faster than the client takes them, and ended where it goes away", {
  permissions: { net: true },
}, async () => {
  const many = parts(endless());
  await using server = startServer(() => new Reply(200, many));
  {
    using client = await connect(server.port);
    await client.send(get("/"));
    let before = -1;
    const isStuck = () => before === (before = many.made);
    await waitFor(isStuck, { what: "the client's buffer to be full", everyMs: 100 });
    assert(many.made < 200, `${many.made} parts`);
    assert.equal(many.ended, 0);
  }
  await waitFor(() => many.ended > 0, { what: "the parts to be ended" });
  assert.match(server.lines.join(""), /connection lost/);
});

Deno.test("parts are ended where the client is gone before the first of them", {
  permissions: { net: true },
}, async () => {
  const asked = Promise.withResolvers<void>();
  const isGone = Promise.withResolvers<void>();
  const many = parts(endless());
  await using server = startServer(async () => {
    asked.resolve();
    await isGone.promise;
    return new Reply(200, many);
  });
  {
    using client = await connect(server.port);
    await client.send(get("/"));
    await asked.promise;
  }
  isGone.resolve();
  await waitFor(() => many.ended > 0, { what: "the parts to be ended" });
});

Deno.test("parts that fail end the connection in the middle of the answer", {
  permissions: { net: true },
}, async () => {
  const failing = parts(["hello"], { fails: true });
  await using server = startServer(() => new Reply(200, failing));
  using client = await connect(server.port);
  await client.send(get("/"));
  const received = await client.rest();
  assert(received.endsWith("\r\n\r\n5\r\nhello\r\n"), received);
  assert(failing.ended > 0);
});
