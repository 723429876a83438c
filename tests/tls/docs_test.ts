/** The examples of docs/security.md, as they stand there. */

import assert from "node:assert/strict";
import { loadHttpClient } from "../../src/config/http_client.ts";
import { loadWebConfig } from "../../src/config/web_config.ts";
import { createAuthority } from "../../tools/certificates.ts";
import { startPrometheus } from "../../tools/prometheus.ts";
import { waitFor } from "../../tools/wait.ts";
import { codeBlocksOf } from "../docs/markdown.ts";
import { read } from "../docs/pages.ts";
import { startWebService } from "./web_service.ts";

/** The one block of the text that has some words. */
async function example(words: string): Promise<string> {
  const blocks = codeBlocksOf(await read("docs/security.md")).map(({ text }) => text);
  const found = blocks.filter((block) => block.includes(words));
  assert.equal(found.length, 1, `there is one example with ${words}`);
  return found[0];
}

Deno.test("the web configuration and the file for commands are valid", async () => {
  await using authority = await createAuthority();
  await authority.issue("server");
  const { directory } = authority;
  await Deno.writeTextFile(`${directory}/web.yml`, await example("tls_server_config"));
  await Deno.writeTextFile(`${directory}/http.yml`, await example("password_file: password #"));
  await Deno.writeTextFile(`${directory}/password`, "secret\n");
  const { config } = await loadWebConfig(`${directory}/web.yml`, { env: () => undefined });
  assert.deepEqual([...config.users.keys()], ["push"]);
  assert(config.tls);
  const { basicAuth, tls } = await loadHttpClient(`${directory}/http.yml`, () => undefined);
  assert.deepEqual([basicAuth?.user, tls?.caFile], ["push", authority.ca]);
});

Deno.test("Prometheus learns the Pushgateways over TLS with a user, and scrapes them", async () => {
  await using own = await startWebService();
  const { authority } = own.web;
  const password = `${authority.directory}/password`;
  await Deno.writeTextFile(password, "wonder\n");
  assert.equal((await own.service.push("/metrics/job/a", "pushed_value 5\n")).status, 200);
  const written = await example("http_sd_configs");
  const config = written.replaceAll("10.0.0.9:9292", new URL(own.service.url).host)
    .replaceAll("/etc/dynamic-sharding/ca.pem", authority.ca)
    .replaceAll("username: push", "username: alice")
    .replaceAll("/etc/dynamic-sharding/password", password);
  await using prometheus = await startPrometheus({
    config: `global: {scrape_interval: 1s}\n${config}`,
  });
  await waitFor(async () => (await prometheus.query("pushed_value"))[0]?.value === 5, {
    what: "the pushed value",
    msMax: 60_000,
  });
});
