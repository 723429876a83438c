/** Handshakes take their time and their number, and hold up nobody else. */

import assert from "node:assert/strict";
import { SecureConnection } from "../../src/http/server/secure_connection.ts";
import type { Tls } from "../../src/http/server/tls/tls.ts";
import { openLog } from "../../src/log.ts";
import { createAuthority } from "../../tools/certificates.ts";
import { waitFor } from "../../tools/wait.ts";
import { sharedWith } from "../http/server/clocked.ts";
import { connect, get, type RawClient } from "../http/server/raw_client.ts";
import { ignoreBody, startServer } from "../http/server/test_server.ts";
import { readPair, WAYS } from "./secured.ts";

const CLIENT_HELLO_BEGINS = "\x16\x03\x01\x02\x00";
const HANDSHAKES_MAX = 1_024;

/** Secures nobody: a handshake ends when its connection does. */
const ENDLESS: Tls = {
  async secure(conn) {
    await conn.read(new Uint8Array(1)); // the first byte
    await conn.read(new Uint8Array(1));
    throw new Error("something came");
  },
  [Symbol.dispose]() {},
};

for (const [way, createTls] of WAYS) {
  for (const sent of ["", CLIENT_HELLO_BEGINS]) {
    const what = sent === "" ? "brings nothing" : "stops in its handshake";
    Deno.test(`by ${way}: who ${what} has 10 s, holds up nobody, and leaves nothing behind`, async () => {
      await using authority = await createAuthority();
      using tls = createTls(await readPair(await authority.issue("server")));
      using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
      const [client, conn] = await Promise.all([connect(listener.addr.port), listener.accept()]);
      using _client = client;
      const shared = sharedWith({ handler: ignoreBody });
      const log = openLog({ level: "error", format: "logfmt", write() {} });
      const handshakes = new Set<SecureConnection>();
      const connection = new SecureConnection(conn, tls, { shared, handshakes, log });
      const running = connection.run();
      await client.send(sent);
      if (sent !== "") await waitFor(() => handshakes.size === 1, { what: "the handshake" });
      for (let seconds = 0; seconds < 10; seconds++) {
        shared.seconds++;
        connection.tick();
      }
      assert(connection.awaitsRequest, "the end of the server does not wait for it");
      let isOver = false;
      void running.then(() => isOver = true);
      await new Promise((resolve) => setTimeout(resolve, 50));
      assert(!isOver, "it has waited for less");
      shared.seconds++;
      connection.tick();
      await running;
      assert.equal(handshakes.size, 0);
      assert.equal(await client.rest().catch(() => ""), "");
    });
  }
}

Deno.test(`where ${HANDSHAKES_MAX} handshakes are under way the oldest makes room for the next`, async () => {
  await using server = startServer(ignoreBody, { tls: () => ENDLESS });
  using clients = new DisposableStack();
  const open = async () => {
    const client = clients.use(await connect(server.port));
    await client.send(CLIENT_HELLO_BEGINS.slice(0, 1));
    return client;
  };
  const first = await open();
  const isEnded = ended(first);
  const others: RawClient[] = [];
  for (let i = 1; i < HANDSHAKES_MAX; i++) others.push(await open());
  const isSecondEnded = ended(others[0]);
  await new Promise((resolve) => setTimeout(resolve, 100));
  assert(!isEnded(), "there is room for so many");
  await open();
  await waitFor(isEnded, { what: "the oldest to be ended" });
  assert(!isSecondEnded());
});

Deno.test("plain HTTP and TLS change places on one port with what the next connection gets", async () => {
  await using authority = await createAuthority();
  const ca = await Deno.readTextFile(authority.ca);
  const [[, createTls]] = WAYS;
  using secure = createTls(await readPair(await authority.issue("server")));
  const inForce: Tls[] = [];
  await using server = startServer(ignoreBody, { tls: () => inForce.at(-1) });
  using plain = await connect(server.port);
  await plain.send(get("/1"));
  assert.equal((await plain.answer()).body, "GET /1");
  inForce.push(secure);
  using secured = await connect(server.port, ca);
  for (const client of [secured, plain]) {
    await client.send(get("/2"));
    assert.equal((await client.answer()).body, "GET /2");
  }
});

/** Says whether the server has ended the connection. */
function ended(client: RawClient): () => boolean {
  let isEnded = false;
  const end = () => void (isEnded = true);
  client.rest().then(end, end);
  return () => isEnded;
}
