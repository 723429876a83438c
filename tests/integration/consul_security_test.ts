/** Consul behind ACLs and basic authentication; what is secret stays so. @module */

import assert from "node:assert/strict";
import { startConsul } from "../../tools/consul.ts";
import { startPushgateway } from "../../tools/pushgateway.ts";
import { documentedRules, giveToken } from "./consul_acl.ts";
import { consulHealth, deregister } from "./consul_health.ts";
import { startService } from "./service.ts";

Deno.test("a token is taken from the file, from its own, or from the environment, and is in no log line and no answer", async () => {
  await using consul = await startConsul({ acl: true });
  await using gateway = await startPushgateway();
  const { secret: token } = await giveToken(consul, await documentedRules());
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

Deno.test("without rights to the keys a withdrawn member stays out all the same, and the log says what is missing", async () => {
  await using consul = await startConsul({ acl: true });
  await using first = await startPushgateway();
  await using second = await startPushgateway();
  const rules = (await documentedRules()).filter((rule) => !rule.startsWith("key_prefix"));
  const { secret: token } = await giveToken(consul, rules);
  await using service = await startService({
    config: `consul_server: {addr: "${consul.address}", token: "${token}"}\n` +
      `pushgateway: {servers: ["${first.address}", "${second.address}"]}\n`,
  });
  await service.waitForMembers([first.address, second.address].sort());
  await service.waitForActive(2);
  await deregister(consul, second.address.replace(":", "_"));
  await service.waitForLog("no rights to marks");
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
