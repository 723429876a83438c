/** The page where it is not at the root of a lone service over plain HTTP. @module */

import assert from "node:assert/strict";
import { startNginx } from "../../bench/nginx.ts";
import { ensureComponents } from "../../tools/components.ts";
import { startConsul } from "../../tools/consul.ts";
import { freePort, freePortOn } from "../../tools/ports.ts";
import { startPushgateway } from "../../tools/pushgateway.ts";
import { startApp } from "../integration/app.ts";
import { untilReady } from "../integration/described.ts";
import { startWebService } from "../tls/web_service.ts";
import { look, startBrowser } from "./browser.ts";
import { startFleet } from "./fleet.ts";

Deno.test("behind TLS and a password the page is whole, and its buttons work", async () => {
  const flags = ["--web.enable-admin-api"];
  await using web = await startWebService({ mode: "redirect", gateways: 2, flags });
  await using browser = await startBrowser();
  const httpCredentials = { username: "alice", password: "wonder" };
  await using one = await look(browser, web.service.url, {
    httpCredentials,
    ignoreHTTPSErrors: true,
  });
  const { page } = one;
  const [{ address }] = web.gateways;
  const row = page.locator("#members-body tr", { hasText: address });
  await row.getByRole("button", { name: "Drain" }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Drain", exact: true }).click();
  await row.getByText("empty, may be stopped").waitFor();
});

Deno.test("behind a reverse proxy below a path the page is whole, and its buttons work", async () => {
  const { nginx } = await ensureComponents(["nginx"]);
  await using fleet = await startFleet({ members: 2 });
  await fleet.push("/metrics/job/a");
  await fleet.sweep();
  const directory = await Deno.makeTempDir();
  const port = freePort();
  const url = `http://127.0.0.1:${port}/gateways/`;
  try {
    await using _proxy = await startNginx(nginx, {
      name: "page",
      directory,
      http: `server {
        listen 127.0.0.1:${port};
        location /gateways/ {
          proxy_pass ${fleet.app.url}/;
          proxy_set_header Host $http_host;
        }
      }`,
      ready: async (signal) => {
        const answer = await fetch(url, { signal });
        await answer.body?.cancel();
        return answer.ok;
      },
    });
    await using browser = await startBrowser();
    await using one = await look(browser, url);
    const { page } = one;
    const row = page.locator("#groups-result tbody tr");
    await row.getByRole("button").click();
    await page.getByRole("dialog").getByRole("button", { name: "Delete", exact: true }).click();
    await page.getByText("No group matches.").waitFor();
    await page.fill("#locate-form input", "job=a");
    await page.keyboard.press("Enter");
    await page.locator("#locate-result", { hasText: `--data-binary @- ${url}metrics/job/a` })
      .waitFor();
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
});

Deno.test("behind the route prefix of the Pushgateways the page is whole", async () => {
  await using member = await startPushgateway({ routePrefix: "/gateway" });
  await using app = await startApp(
    `pushgateway: {route_prefix: /gateway, servers: ["${member.address}"]}\n`,
  );
  await untilReady(app, 1);
  await using browser = await startBrowser();
  await using one = await look(browser, `${app.url}/gateway/`);
  await one.page.locator("#members-body .state.active").waitFor();
});

Deno.test("an instance with another configuration is warned of, until it has the same", async () => {
  const hosts = ["127.0.0.1", "127.0.0.2"];
  await using consul = await startConsul();
  const port = freePortOn(hosts);
  await using _first = await startPushgateway({ hostname: hosts[0], port });
  await using _second = await startPushgateway({ hostname: hosts[1], port });
  const config = `consul_server: {addr: "${consul.address}"}\n` +
    `pushgateway: {port: ${port}, servers: [${hosts}]}\n`;
  await using app = await startApp(`mode: proxy\n${config}`);
  await using other = await startApp(`mode: redirect\n${config}`);
  for (const one of [app, other]) await untilReady(one, 2);
  await using browser = await startBrowser();
  await using one = await look(browser, app.url);
  const { page } = one;
  await page.locator("#problems", { hasText: "Other instances with another configuration: 1" })
    .waitFor();
  assert.equal(await page.locator("#agreement-body tr").count(), 2);
  await page.locator("#agreement-body .suspect", { hasText: "differs" }).waitFor();

  await Deno.writeTextFile(other.configFile, `mode: proxy\n${config}`);
  assert.deepEqual(await other.reload(), { ok: true });
  await page.locator("#problems .good").waitFor();
  assert.equal(await page.locator("#agreement-body .suspect").count(), 0);
  assert.deepEqual(await one.audit(), []);
});

Deno.test("a Consul that does not answer is told with what waits for it, until it is back", async () => {
  await using consul = await startConsul();
  await using member = await startPushgateway();
  await using app = await startApp(
    `consul_server: {addr: "${consul.address}"}\n` +
      `pushgateway: {port: ${member.port}, servers: [${member.hostname}]}\n`,
  );
  await untilReady(app, 1);
  await using browser = await startBrowser();
  await using one = await look(browser, app.url);
  const { page } = one;
  await page.locator("#problems .good").waitFor();
  await consul.stop();
  const problems = page.locator("#problems .bad");
  await problems.filter({ hasText: "There are no locks in Consul." }).waitFor();
  await problems.filter({ hasText: /look-up of members failed: .*expected .*, found / }).waitFor();
  await consul.start();
  await page.locator("#problems .good").waitFor({ timeout: 60_000 });
});
