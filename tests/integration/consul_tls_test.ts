/** TLS to Consul: what is wrong with it is said with what to do, and what is right works. @module */

import assert from "node:assert/strict";
import { outputOf } from "../../tools/command.ts";
import { ensureComponents } from "../../tools/components.ts";
import { startConsul } from "../../tools/consul.ts";
import { freePort } from "../../tools/ports.ts";
import { temporaryDirectory } from "../../tools/server.ts";
import { waitFor } from "../../tools/wait.ts";
import { startLoaded } from "./consul_fault.ts";

/** What Consul's own command makes. */
const CA = "consul-agent-ca.pem";
const SERVER = ["dc1-server-consul-0.pem", "dc1-server-consul-0-key.pem"] as const;
const CLIENT = ["dc1-client-consul-0.pem", "dc1-client-consul-0-key.pem"] as const;

/** Certificates of a CA of their own. Disposal removes them. */
interface Certificates extends AsyncDisposable {
  /** The path of one of them. */
  readonly file: (name: string) => string;
}

async function makeCertificates(): Promise<Certificates> {
  const component = (await ensureComponents(["consul"])).consul;
  const { path: cwd, remove } = await temporaryDirectory("consul-tls");
  const tls = (...args: string[]) =>
    outputOf(component.command, ["tls", ...args], { cwd, env: component.env });
  await tls("ca", "create");
  for (const role of ["server", "client"]) {
    await tls("cert", "create", `-${role}`, "-dc=dc1");
  }
  return { file: (name: string) => `${cwd}/${name}`, [Symbol.asyncDispose]: remove };
}

/** Starts a Consul that wants client certificates on its HTTPS port. */
function startSecureConsul({ file }: Certificates, https: number) {
  return startConsul({
    hcl: [
      `ports { https = ${https} }`,
      `ca_file = "${file(CA)}"`,
      `cert_file = "${file(SERVER[0])}"`,
      `key_file = "${file(SERVER[1])}"`,
      "verify_incoming_https = true",
    ],
  });
}

Deno.test("whatever is wrong with TLS to Consul is said with what to do, until it is right", async () => {
  await using own = await makeCertificates();
  await using foreign = await makeCertificates();
  const https = freePort();
  await using consul = await startSecureConsul(own, https);
  const pair = ({ file }: typeof own, [cert, key] = CLIENT) =>
    `cert_file: ${file(cert)}, key_file: ${file(key)}`;
  const section = (tls: string, addr = `https://127.0.0.1:${https}`) =>
    `addr: "${addr}"` + (tls && `, tls_config: {${tls}}`);
  const [ca, client] = [`ca_file: ${own.file(CA)}`, pair(own)];
  const wrong: readonly [section: string, remedy: string][] = [
    [section("", `http://127.0.0.1:${https}`), "set consul_server.scheme: https"],
    [section("", `https://${consul.address}`), "set consul_server.scheme: http"],
    [section(client), "set consul_server.tls_config.ca_file to the CA that has signed"],
    [
      section(`ca_file: ${foreign.file(CA)}, ${client}`),
      `${foreign.file(CA)} is not the CA that has signed Consul's certificate`,
    ],
    [section(ca), "Consul wants a client certificate: set consul_server.tls_config.cert_file"],
    [
      section(`${ca}, ${pair(foreign)}`),
      `Consul does not take the client certificate ${foreign.file(CLIENT[0])}`,
    ],
    [
      section(`${ca}, ${client}, server_name: consul.example`),
      "set consul_server.tls_config.server_name to a name of Consul's certificate",
    ],
  ];

  await using loaded = await startLoaded({ section: wrong[0][0], listed: false });
  for (const [section, remedy] of wrong) {
    await loaded.reload(section);
    for (
      const words of [
        "look-up of members failed",
        "registration in Consul failed",
        "locks in Consul are not",
      ]
    ) {
      const line = await loaded.waitForLine(words, remedy);
      assert.match(line, /expected .*, found /);
    }
  }
  await loaded.waitForPushes(60);
  await loaded.reload(section(`${ca}, ${client}, server_name: server.dc1.consul`));
  await loaded.waitForLine("look-up of members works again");
  await loaded.service.waitForMembers(loaded.members.addresses);
  assert.equal(await loaded.service.metric("dynamic_sharding_discovery_up"), 1);

  // Whatever name and CA the certificate has.
  const failures = await loaded.service.metric("dynamic_sharding_discovery_failures_total");
  await loaded.reload(
    section(`${client}, insecure_skip_verify: true, server_name: consul.example`),
  );
  await loaded.waitForPushes(180);
  assert.equal(await loaded.service.metric("dynamic_sharding_discovery_failures_total"), failures);
  await loaded.assertNothingLost();
});

Deno.test("another client certificate in the same files is taken over, and a reload keeps the locks", async () => {
  await using own = await makeCertificates();
  await using foreign = await makeCertificates();
  const https = freePort();
  await using consul = await startSecureConsul(own, https);
  const [cert, key] = CLIENT.map(foreign.file);
  const section = `addr: "https://127.0.0.1:${https}", tls_config: {ca_file: ${own.file(CA)}, ` +
    `server_name: server.dc1.consul, cert_file: ${cert}, key_file: ${key}}`;
  await using loaded = await startLoaded({ section, listed: false });
  await loaded.waitForLine("Consul does not take the client certificate");
  await Deno.copyFile(own.file(CLIENT[0]), cert);
  await Deno.copyFile(own.file(CLIENT[1]), key);
  await loaded.waitForLine("changed files taken over", "of=consul_server.tls_config");
  await loaded.waitForLine("look-up of members works again");
  await loaded.service.waitForMembers(loaded.members.addresses);
  const sessions = async () => {
    const response = await consul.api("/v1/session/list");
    return (await response.json() as { ID: string }[]).map(({ ID }) => ID);
  };
  await waitFor(async () => (await sessions()).length > 0, { what: "a session" });
  const before = await sessions();
  await loaded.reload(`check_timeout: 900ms, ${section}`);
  await loaded.waitForLine("configuration reloaded");
  assert.deepEqual(await sessions(), before);
  await loaded.assertNothingLost();
});
