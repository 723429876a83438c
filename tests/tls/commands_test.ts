/** Commands speak to a service behind TLS and a password. */

import assert from "node:assert/strict";
import * as z from "zod";
import { ask } from "../../src/cli/ask.ts";
import { createAuthority } from "../../tools/certificates.ts";
import { run } from "../../tools/command.ts";
import { serviceCommand } from "../integration/service.ts";
import { startWebService } from "./web_service.ts";

async function cli(...flags: string[]) {
  const { command, args } = serviceCommand();
  return await run(command, [...args, ...flags]);
}

Deno.test("plan, prometheus-config and drain work over TLS, with a user", async () => {
  await using own = await startWebService({ gateways: 2, flags: ["--web.enable-admin-api"] });
  const { service, gateways: [leaving, staying], web } = own;
  const file = `${web.authority.directory}/http.yml`;
  await Deno.writeTextFile(
    file,
    "basic_auth: {username: alice, password: wonder}\ntls_config: {ca_file: ca.pem}\n",
  );
  for (let i = 0; i < 10; i++) {
    assert.equal((await service.push(`/metrics/job/j${i}`, `m ${i}\n`)).status, 200);
  }
  const how = [`--url=${service.url}`, `--http.config.file=${file}`];
  const plan = await cli("plan", `--remove=${leaving.address}`, ...how);
  assert.equal(plan.code, 0, plan.stderr);
  assert.match(plan.stdout, /^\d of 10 groups would move/);

  const scraping = await cli("prometheus-config", ...how);
  assert.equal(scraping.code, 0, scraping.stderr);
  assert.match(scraping.stdout, new RegExp(`- url: ${service.url}/sd\n`));
  assert.match(scraping.stdout, new RegExp(`ca_file: ${web.authority.ca}\n`));
  assert.match(scraping.stdout, /username: alice\n *password: <secret>\n/);

  const drain = await cli("drain", ...how, leaving.address);
  assert.equal(drain.code, 0, drain.stderr);
  assert.match(drain.stdout, /is empty, \d+ groups were moved: it may be stopped\n$/);
  assert.equal((await staying.groups()).length, 10);
  const undo = await cli("drain", "--undo", ...how, leaving.address);
  assert.equal(undo.code, 0, undo.stderr);
});

const WRONG: readonly [what: string, http: string, url: (url: string) => string, said: RegExp][] = [
  [
    "no password",
    "tls_config: {ca_file: ca.pem}",
    (url) => url,
    /answered 401: Unauthorized \(it needs basic_auth/,
  ],
  [
    "an authority that is not trusted",
    "basic_auth: {username: alice, password: wonder}",
    (url) => url,
    /no answer from https:.*\(set tls_config\.ca_file to the CA .*, in the file of --http\.config\.file\)/,
  ],
  [
    "another authority",
    "{basic_auth: {username: alice, password: wonder}, tls_config: {ca_file: other.pem}}",
    (url) => url,
    /\(.*other\.pem is not the CA that has signed the service's certificate\)/,
  ],
  [
    "http in the place of https",
    "{}",
    (url) => url.replace("https:", "http:"),
    /found 400: Client sent an HTTP request to an HTTPS server\. \(is it https\?\)/,
  ],
];

Deno.test("what a command lacks is said", async (t) => {
  await using own = await startWebService({ flags: ["--web.enable-admin-api"] });
  await using other = await createAuthority();
  await Deno.copyFile(other.ca, `${own.web.authority.directory}/other.pem`);
  for (const [what, http, urlOf, said] of WRONG) {
    await t.step(what, async () => {
      const file = `${own.web.authority.directory}/http.yml`;
      await Deno.writeTextFile(file, `${http}\n`);
      const how = [`--url=${urlOf(own.service.url)}`, `--http.config.file=${file}`];
      const { code, stderr } = await cli("plan", "--add=10.0.0.1:9091", ...how);
      assert.equal(code, 1);
      assert.match(stderr, said);
    });
  }
});

const TRUSTS: readonly [whom: string, tls: string, said?: RegExp][] = [
  ["an authority, for another name", "{ca_file: ca.pem, server_name: push.example}"],
  ["whoever answers", "{insecure_skip_verify: true}"],
  [
    "an authority, and not for this name",
    "{ca_file: ca.pem}",
    /no answer from https:.*\(set tls_config\.server_name to a name of the service's certificate/,
  ],
  [
    "an authority, and not for a wrong name",
    "{ca_file: ca.pem, server_name: other.example}",
    /no answer from https:.*(?:not valid for name|does not match)/,
  ],
];
Deno.test("a command trusts the certificate of a service as its file says", async (t) => {
  await using own = await startWebService({ gateways: 2, flags: ["--web.enable-admin-api"] });
  const { service, gateways: [leaving], web } = own;
  await web.authority.issue("named", { hosts: "DNS:push.example" });
  await web.write({ certificate: "named" });
  service.process.kill("SIGHUP");
  await service.waitForLog("configuration reloaded");
  for (const [whom, tls, said] of TRUSTS) {
    await t.step(whom, async () => {
      const file = `${web.authority.directory}/http.yml`;
      const auth = "basic_auth: {username: alice, password: wonder}";
      await Deno.writeTextFile(file, `${auth}\ntls_config: ${tls}\n`);
      const how = [`--url=${service.url}`, `--http.config.file=${file}`];
      const drain = ["drain", leaving.address];
      for (const command of [["plan", "--add=10.0.0.1:9091"], drain, [...drain, "--undo"]]) {
        const { code, stderr } = await cli(...command, ...how);
        if (said) assert.match(stderr, said);
        assert.equal(code, said ? 1 : 0, stderr);
      }
    });
  }
});

Deno.test("a certificate that is its own authority, as openssl req -x509 makes it, is trusted", async () => {
  await using authority = await createAuthority();
  const [cert, key] = await Promise.all(
    [authority.ca, authority.ca.replace(".pem", ".key")].map((file) => Deno.readTextFile(file)),
  );
  await using server = Deno.serve(
    { hostname: "127.0.0.1", port: 0, cert, key, onListen() {} },
    () => Response.json({ status: "success", data: "here" }),
  );
  const tls = { caFile: authority.ca, insecureSkipVerify: false };
  const url = `https://127.0.0.1:${server.addr.port}`;
  const asked = ask({ url, http: { tls } }, { path: "/", data: z.literal("here") });
  assert.equal(await asked, "here");
});
