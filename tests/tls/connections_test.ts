/** Connections over TLS: served as plain ones, and ended as they should be. */

import assert from "node:assert/strict";
import { type Handler, Reply } from "../../src/http/message.ts";
import { type Authority, createAuthority } from "../../tools/certificates.ts";
import { outputOf, run } from "../../tools/command.ts";
import { ensureComponents } from "../../tools/components.ts";
import { waitFor } from "../../tools/wait.ts";
import { connect, get, request } from "../http/server/raw_client.ts";
import { echo, readText } from "../http/server/test_server.ts";
import { startSecured, WAYS } from "./secured.ts";

const LARGE_BYTES = 20_000_000;

const tested = await (async () => {
  const { curl, openssl } = await ensureComponents(["curl", "openssl"]);
  return { curl, openssl };
})();

for (const [way, createTls] of WAYS) {
  const start = (handler: Handler, authority: Authority, name?: string) =>
    startSecured(handler, { createTls, authority, name });

  Deno.test(`by ${way}: requests are answered one after the other, with the client's address`, async () => {
    await using authority = await createAuthority();
    await using server = await start(
      async ({ client, target, body }) =>
        new Reply(200, `${client} ${target} ${await readText(body)}`),
      authority,
    );
    using client = await connect(server.port, await Deno.readTextFile(authority.ca));
    for (let i = 0; i < 3; i++) {
      const body = "x".repeat(10 ** (i + 3));
      await client.send(request("PUT", `/${i}`, { body }));
      assert.equal((await client.answer()).body, `127.0.0.1 /${i} ${body}`);
    }
  });

  Deno.test(`by ${way}: a client that ends its side gets its answer, and a farewell`, async () => {
    await using authority = await createAuthority();
    await using server = await start(echo, authority);
    const ca = await Deno.readTextFile(authority.ca);
    await Promise.all(Array.from({ length: 50 }, async (_, i) => {
      using client = await connect(server.port, ca);
      await client.send(request("PUT", `/${i}`, { body: "a" }));
      await client.closeWrite();
      assert.equal((await client.answer()).body, `PUT /${i} a`);
      // Without a farewell of TLS this fails.
      assert.equal(await client.rest(), "");
    }));
  });

  Deno.test(`by ${way}: an answer that the end of the connection ends is whole for curl`, async () => {
    await using authority = await createAuthority();
    await using server = await start(() => new Reply(200, parts(3)), authority);
    const args = ["--silent", "--show-error", "--http1.0", "--cacert", authority.ca];
    const url = `https://localhost:${server.port}/`;
    assert.equal(await outputOf(tested.curl.command, [...args, url], tested.curl), "012");
  });

  Deno.test(`by ${way}: a body goes on only as it is read, and an answer as it is taken`, async () => {
    await using authority = await createAuthority();
    const asked = Promise.withResolvers<void>();
    const go = Promise.withResolvers<void>();
    let made = 0;
    await using server = await start(async ({ body }) => {
      asked.resolve();
      await go.promise;
      const { length } = await readText(body, 65_536);
      const part = new Uint8Array(65_536);
      const next = () => {
        made += part.length;
        return Promise.resolve(
          made > LARGE_BYTES
            ? { done: true as const, value: undefined }
            : { done: false as const, value: part },
        );
      };
      const done = { done: true as const, value: undefined };
      return new Reply(200, { next, return: () => Promise.resolve(done) }, [
        "x-length",
        `${length}`,
      ]);
    }, authority);
    using client = await connect(server.port, await Deno.readTextFile(authority.ca));
    const sending = client.send(request("PUT", "/", { body: "x".repeat(LARGE_BYTES) }));
    await asked.promise;
    let isSent = false;
    void sending.then(() => isSent = true);
    await settled();
    assert(!isSent, "the kernel does not hold as much");
    go.resolve();
    await sending;
    await waitFor(() => made > 0, { what: "the answer" });
    await settled();
    assert(made < LARGE_BYTES, `${made} bytes were made for a client that takes nothing`);
    const { headers, body } = await client.answer();
    assert.equal(headers.get("x-length"), `${LARGE_BYTES}`);
    assert(body.length > LARGE_BYTES - 65_536);
  });

  Deno.test(`by ${way}: plain HTTP is told that it has come to the wrong place`, async () => {
    await using authority = await createAuthority();
    await using server = await start(echo, authority);
    using client = await connect(server.port);
    await client.send(get("/"));
    const { status, body } = await client.answer();
    assert.deepEqual([status, body], [400, "Client sent an HTTP request to an HTTPS server.\n"]);
    assert(server.lines.some((line) => line.includes("plain HTTP request on the HTTPS port")));
  });

  Deno.test(`by ${way}: what is no TLS behind its first byte ends its own connection only`, async () => {
    await using authority = await createAuthority();
    await using server = await start(echo, authority);
    for (const text of ["\x16", "\x16\x03\x01\x02\x00\x01\x00", "\x16GET / HTTP/1.1\r\n\r\n"]) {
      using client = await connect(server.port);
      await client.send(text);
      await client.closeWrite();
      await client.rest().catch(() => {});
    }
    const handshakes = () => server.lines.filter((line) => line.includes("TLS handshake failed"));
    await waitFor(() => handshakes().length === 3, { what: "all to be ended" });
    using client = await connect(server.port, await Deno.readTextFile(authority.ca));
    await client.send(get("/"));
    assert.equal((await client.answer()).status, 200);
  });

  Deno.test(`by ${way}: new certificates are those of new connections, and old ones go on`, async () => {
    await using authority = await createAuthority();
    await using server = await start(echo, authority, "first");
    const ca = await Deno.readTextFile(authority.ca);
    using old = await connect(server.port, ca);
    await old.send(get("/1"));
    await old.answer();
    assert.match(await subjectOf(server.port), /CN ?= ?first/);
    await server.change("second");
    assert.match(await subjectOf(server.port), /CN ?= ?second/);
    await old.send(get("/2"));
    assert.equal((await old.answer()).body, "GET /2 ");
  });

  Deno.test(`by ${way}: of protocols HTTP/1.1 is taken, and TLS 1.1 is refused`, async () => {
    await using authority = await createAuthority();
    await using server = await start(echo, authority);
    const alpn = await handshake(server.port, "-alpn", "h2,http/1.1");
    assert.match(alpn, /ALPN protocol: http\/1\.1/);
    const old = await handshake(server.port, "-tls1_1", "-cipher", "DEFAULT@SECLEVEL=0");
    assert.match(old, /Cipher is \(NONE\)/);
  });
}

async function handshake(port: number, ...args: string[]): Promise<string> {
  const target = ["s_client", "-connect", `127.0.0.1:${port}`];
  const { stdout, stderr } = await run(
    tested.openssl.command,
    [...target, ...args],
    tested.openssl,
  );
  return stdout + stderr;
}

async function subjectOf(port: number): Promise<string> {
  return /^subject=.*$/m.exec(await handshake(port))?.[0] ?? "";
}

async function* parts(number: number): AsyncGenerator<Uint8Array, void> {
  for (let i = 0; i < number; i++) yield new TextEncoder().encode(`${i}`);
}

/** Long enough for all that goes by itself. */
function settled(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 500));
}
