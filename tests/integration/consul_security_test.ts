/** Consul behind ACLs, basic authentication and TLS; what is secret stays so. @module */

import assert from "node:assert/strict";
import { outputOf } from "../../tools/command.ts";
import { ensureComponents } from "../../tools/components.ts";
import { type ConsulAgent, startConsul } from "../../tools/consul.ts";
import { freePort } from "../../tools/ports.ts";
import { startPushgateway } from "../../tools/pushgateway.ts";
import { codeBlocksOf, sectionOf } from "../docs/markdown.ts";
import { read } from "../docs/pages.ts";
import { consulHealth, deregister } from "./consul_health.ts";
import { startService } from "./service.ts";

/** The rights that the docs name, and no others. */
const DOCUMENTED_RIGHTS = await documentedRights();

async function documentedRights(): Promise<string> {
  const section = sectionOf(await read("docs/consul.md"), "Rights of the token");
  const [{ language, text }, ...others] = codeBlocksOf(section);
  assert.deepEqual([language, others], ["hcl", []]);
  return text;
}

async function makeToken(consul: ConsulAgent, rules: string): Promise<string> {
  const put = async (path: string, body: unknown) => {
    const response = await consul.api(path, { method: "PUT", body: JSON.stringify(body) });
    const text = await response.text();
    assert.equal(response.status, 200, text);
    return JSON.parse(text);
  };
  const policy = await put("/v1/acl/policy", { Name: crypto.randomUUID(), Rules: rules });
  const token = await put("/v1/acl/token", { Policies: [{ ID: policy.ID }] });
  return token.SecretID;
}

Deno.test("with ACLs the rights of the docs suffice, and the token is in no log line and no answer", async () => {
  await using consul = await startConsul({ acl: true });
  await using gateway = await startPushgateway();
  const token = await makeToken(consul, DOCUMENTED_RIGHTS);
  const file = `pushgateway: {servers: ["${gateway.address}"]}\n`;
  const section = `consul_server: {addr: "${consul.address}"`;
  const sources = {
    "the file": { config: `${section}, token: "${token}"}\n${file}` },
    "a token file": {
      config: `${section}, token_file: token.txt}\n${file}`,
      files: { "token.txt": `${token}\n` },
    },
    "the environment": { config: `${section}}\n${file}`, env: { CONSUL_HTTP_TOKEN: token } },
  };
  for (const [source, options] of Object.entries(sources)) {
    await using service = await startService({
      ...options,
      flags: ["--log.level=debug", "--web.enable-lifecycle"],
    });
    await service.waitUntilReady();
    await service.waitForLog("member registered in Consul");
    const found = await consulHealth(consul);
    assert.equal(found[gateway.address.replace(":", "_")], "passing", source);

    let answers = "";
    for (const path of ["/metrics", "/-/ready", "/sd", "/metrics/job/a"]) {
      answers += (await service.get(path, { headers: { accept: "application/json" } })).text;
    }
    await service.configure(`${section}, tokn: "${token}", token: [${token}], port: *x}\n${file}`);
    answers += (await service.get("/-/reload", { method: "POST" })).text;
    await service.configure(`${section}, tokn: "${token}", token: [${token}]}\n${file}`);
    answers += (await service.get("/-/reload", { method: "POST" })).text;
    assert.match(answers, /unknown key "tokn"/);
    assert.doesNotMatch(answers, new RegExp(token));
    assert.doesNotMatch(service.process.output(), new RegExp(token));
  }
});

Deno.test("a token without rights is a failed look-up, said without the token, and the file's servers serve", async () => {
  await using consul = await startConsul({ acl: true });
  await using gateway = await startPushgateway();
  const token = crypto.randomUUID();
  await using service = await startService({
    config: `consul_server: {addr: "${consul.address}", token: "${token}"}\n` +
      `pushgateway: {servers: ["${gateway.address}"]}\n`,
  });
  await service.waitForLog("look-up of members failed");
  await service.waitForLog("registration in Consul failed");
  await service.waitUntilReady();
  assert.equal((await service.push("/metrics/job/a", "m 1\n")).member, gateway.address);
  assert.doesNotMatch(service.process.output(), new RegExp(token));
});

Deno.test("without rights to the keys a withdrawn member stays out all the same, and the log says what is missing", async () => {
  await using consul = await startConsul({ acl: true });
  await using first = await startPushgateway();
  await using second = await startPushgateway();
  const token = await makeToken(consul, DOCUMENTED_RIGHTS.replace(/key_prefix.*/, ""));
  await using service = await startService({
    config: `consul_server: {addr: "${consul.address}", token: "${token}"}\n` +
      `pushgateway: {servers: ["${first.address}", "${second.address}"]}\n`,
  });
  await service.waitForMembers([first.address, second.address].sort());
  await service.waitForActive(2);
  await deregister(consul, second.address.replace(":", "_"));
  await service.waitForLog("no rights to the keys");
  await service.waitForMembers([first.address]);
  await service.waitUntilReady();
});

Deno.test("username and password reach a Consul behind basic authentication", async () => {
  await using consul = await startConsul();
  await using gateway = await startPushgateway();
  const password = "00s3cr3t:ü";
  const expected = `Basic ${
    btoa(String.fromCharCode(...new TextEncoder().encode(`scraper:${password}`)))
  }`;
  await using proxy = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, (request) => {
    if (request.headers.get("authorization") !== expected) {
      return new Response("who are you?\n", { status: 401 });
    }
    const { pathname, search } = new URL(request.url);
    const { method, body } = request;
    return fetch(`${consul.url}${pathname}${search}`, { method, body });
  });
  const yaml = (secret: string) =>
    `consul_server: {addr: "127.0.0.1:${proxy.addr.port}", username: scraper, password: "${secret}"}\n` +
    `pushgateway: {servers: ["${gateway.address}"]}\n`;
  await using service = await startService({ config: yaml("wrong-one") });
  await service.waitForLog("look-up of members failed");
  await service.configure(yaml(password));
  service.process.kill("SIGHUP");
  await service.waitForMembers([gateway.address]);
  await service.waitUntilReady();
  assert.doesNotMatch(service.process.output(), /00s3cr3t|wrong-one/);
});

Deno.test("TLS to Consul trusts the given CA and shows the client certificate, and trusts no other", async () => {
  const component = (await ensureComponents(["consul"])).consul;
  const directory = await Deno.makeTempDir({ prefix: "consul-tls-" });
  try {
    const tls = (...args: string[]) =>
      outputOf(component.command, ["tls", ...args], { cwd: directory, env: component.env });
    await tls("ca", "create");
    await tls("cert", "create", "-server", "-dc=dc1");
    await tls("cert", "create", "-client", "-dc=dc1");
    const https = freePort();
    const file = (name: string) => `${directory}/${name}`;
    await using _consul = await startConsul({
      hcl: [
        `ports { https = ${https} }`,
        `ca_file = "${file("consul-agent-ca.pem")}"`,
        `cert_file = "${file("dc1-server-consul-0.pem")}"`,
        `key_file = "${file("dc1-server-consul-0-key.pem")}"`,
        "verify_incoming_https = true",
      ],
    });
    await using gateway = await startPushgateway();
    const yaml = (tlsConfig: string) =>
      `consul_server: {addr: "https://127.0.0.1:${https}", tls_config: {${tlsConfig}}}\n` +
      `pushgateway: {servers: ["${gateway.address}"]}\n`;
    const client = `cert_file: ${file("dc1-client-consul-0.pem")}, ` +
      `key_file: ${file("dc1-client-consul-0-key.pem")}`;
    const ca = `ca_file: ${file("consul-agent-ca.pem")}`;

    await using service = await startService({ config: yaml(`${client}`) });
    await service.waitForLog("look-up of members failed");
    assert.equal(await service.metric("dynamic_sharding_discovery_up"), 0);
    await service.configure(yaml(`${ca}, ${client}`));
    service.process.kill("SIGHUP");
    await service.waitForMembers([gateway.address]);
    await service.waitUntilReady();
    assert.equal(await service.metric("dynamic_sharding_discovery_up"), 1);
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
});
