/** Whom each `client_auth_type` lets in. A Deno before 2.9 knows only the first of them. */

import assert from "node:assert/strict";
import type { ClientAuth } from "../../src/config/web_schema.ts";
import { createNodeTls } from "../../src/http/server/tls/node_tls.ts";
import { type Authority, type Certificate, createAuthority } from "../../tools/certificates.ts";
import { run } from "../../tools/command.ts";
import { ensureComponents } from "../../tools/components.ts";
import { ignoreBody, startServer } from "../http/server/test_server.ts";
import { readPair } from "./secured.ts";

/** Certificates that a client may come with. */
const CLIENTS = {
  "no certificate": () => Promise.resolve(undefined),
  "one of the authority": ({ own }) => own.issue("alice", { usage: "clientAuth" }),
  "one of an authority of the same name": ({ other }) => other.issue("mallory"),
  "one that has expired": ({ own }) => own.issue("old", { to: "20210101000000Z" }),
  "one that is not valid yet": ({ own }) => own.issue("new", { from: "20890101000000Z" }),
  "one of a server": ({ own }) => own.issue("web", { usage: "serverAuth" }),
} as const satisfies Record<string, (of: Authorities) => Promise<Certificate | undefined>>;

interface Authorities {
  readonly own: Authority;
  readonly other: Authority;
}

type ClientName = keyof typeof CLIENTS;

const EVERYBODY = Object.keys(CLIENTS) as ClientName[];
const LET_IN: Readonly<Record<ClientAuth, readonly ClientName[]>> = {
  NoClientCert: EVERYBODY,
  RequestClientCert: EVERYBODY,
  RequireAnyClientCert: EVERYBODY.filter((name) => name !== "no certificate"),
  VerifyClientCertIfGiven: ["no certificate", "one of the authority"],
  RequireAndVerifyClientCert: ["one of the authority"],
};

Deno.test("each client_auth_type lets in whom Go's does", async (t) => {
  const { curl } = await ensureComponents(["curl"]);
  await using own = await createAuthority();
  await using other = await createAuthority();
  const { cert, key } = await readPair(await own.issue("server"));
  const clients = new Map<ClientName, Certificate | undefined>();
  for (const name of EVERYBODY) clients.set(name, await CLIENTS[name]({ own, other }));
  for (const [clientAuth, letIn] of Object.entries(LET_IN) as [ClientAuth, ClientName[]][]) {
    await t.step(clientAuth, async () => {
      const settings = { clientAuth, minVersion: "TLSv1.2", maxVersion: "TLSv1.3" } as const;
      const clientCa = await Deno.readTextFile(own.ca);
      const asksClients = clientAuth !== "NoClientCert";
      using tls = createNodeTls(settings, { cert, key, ...(asksClients && { clientCa }) });
      await using server = startServer(ignoreBody, { tls: () => tls });
      const found: ClientName[] = [];
      for (const [name, files] of clients) {
        const certificate = files ? ["--cert", files.cert, "--key", files.key] : [];
        const url = `https://localhost:${server.port}/`;
        const args = ["--silent", "--cacert", own.ca, ...certificate, url];
        const { stdout } = await run(curl.command, args, curl);
        if (stdout === "GET /") found.push(name);
      }
      assert.deepEqual(found, letIn, server.lines.join(""));
    });
  }
});

const NAMES: readonly [what: string, allowed: string, hosts: string, isLetIn: boolean][] = [
  ["a DNS name", "push.example", "DNS:other.example,DNS:push.example", true],
  ["an e-mail address", "a@b.example", "email:a@b.example", true],
  ["a URI", "spiffe://push/job", "URI:spiffe://push/job", true],
  ["an IPv4 address", "10.0.0.1", "IP:10.0.0.1", true],
  ["an IPv6 address", "2001:db8::1", "IP:2001:0DB8:0:0:0:0:0:1", true],
  ["another name", "push.example", "DNS:push.example.org", false],
  ["a wildcard", "push.example", "DNS:*.example", false],
  ["a name of another kind", "push.example", "RID:1.2.3.4", false],
];

Deno.test("client_allowed_sans lets in the names that it lists", async (t) => {
  const { curl } = await ensureComponents(["curl"]);
  await using authority = await createAuthority();
  const pair = await readPair(await authority.issue("server"));
  const clientCa = await Deno.readTextFile(authority.ca);
  for (const [what, allowed, hosts, isLetIn] of NAMES) {
    await t.step(`${what} is ${isLetIn ? "let in" : "refused"}`, async () => {
      const settings = {
        clientAuth: "RequireAndVerifyClientCert",
        clientNames: ["nobody.example", allowed],
        minVersion: "TLSv1.2",
        maxVersion: "TLSv1.3",
      } as const;
      using tls = createNodeTls(settings, { ...pair, clientCa });
      await using server = startServer(ignoreBody, { tls: () => tls });
      const client = await authority.issue("client", { hosts });
      const args = ["--silent", "--cacert", authority.ca, "--cert", client.cert];
      const url = `https://localhost:${server.port}/`;
      const { stdout } = await run(curl.command, [...args, "--key", client.key, url], curl);
      assert.equal(stdout, isLetIn ? "GET /" : "", server.lines.join(""));
    });
  }
});

Deno.test("the versions of TLS are those that are wanted", async () => {
  const { openssl } = await ensureComponents(["openssl"]);
  await using authority = await createAuthority();
  const pair = await readPair(await authority.issue("server"));
  for (const only of ["TLSv1.2", "TLSv1.3"] as const) {
    const settings = { clientAuth: "NoClientCert", minVersion: only, maxVersion: only } as const;
    using tls = createNodeTls(settings, pair);
    await using server = startServer(ignoreBody, { tls: () => tls });
    for (const version of ["TLSv1.2", "TLSv1.3"]) {
      const flag = `-${version.toLowerCase().replace("v", "").replace(".", "_")}`;
      const args = ["s_client", "-connect", `127.0.0.1:${server.port}`, flag];
      const { stdout } = await run(openssl.command, args, openssl);
      const isSpoken = stdout.includes(`New, ${version}, Cipher is TLS`) ||
        stdout.includes(`New, ${version}, Cipher is ECDHE`);
      assert.equal(isSpoken, version === only, stdout);
    }
  }
});
