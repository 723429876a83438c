/** Two services in one process share nothing. The leak sanitizers watch that each ends whole. @module */

import assert from "node:assert/strict";
import { startPushgateway } from "../../tools/pushgateway.ts";
import { waitFor } from "../../tools/wait.ts";
import { startApp, type TestApp } from "./app.ts";

const isReady = async ({ url }: TestApp) => {
  const response = await fetch(`${url}/-/ready`);
  await response.body?.cancel();
  return response.ok;
};
const textOf = async (url: string, init?: RequestInit) =>
  await (await fetch(url, { redirect: "manual", ...init })).text();
/** Waits until a push is redirected there: before the members were read once, pushes are passed on. */
const redirectedTo = (app: TestApp, { url }: { url: string }) =>
  waitFor(async () => await locationOf(app) === `${url}/metrics/job/a`, {
    what: `a push to be redirected to ${url}`,
  });
const locationOf = async ({ url }: TestApp) => {
  const response = await fetch(`${url}/metrics/job/a`, { method: "PUT", redirect: "manual" });
  await response.body?.cancel();
  return response.headers.get("location");
};

Deno.test("two services with different members run side by side in one process", async () => {
  await using first = await startPushgateway();
  await using second = await startPushgateway();
  const yaml = ({ address }: { address: string }) => `pushgateway: {servers: ["${address}"]}\n`;
  await using one = await startApp(yaml(first));
  await using two = await startApp(yaml(second));
  await waitFor(async () => await isReady(one) && await isReady(two), { what: "both to be ready" });

  await redirectedTo(one, first);
  await redirectedTo(two, second);

  const pushes = (page: string) => /code="307"} (\d+)/.exec(page)?.[1];
  assert.equal(pushes(await textOf(`${one.url}/metrics`)), "1");
  await locationOf(two);
  assert.equal(pushes(await textOf(`${one.url}/metrics`)), "1");
  assert.equal(pushes(await textOf(`${two.url}/metrics`)), "2");

  await Deno.writeTextFile(one.configFile, yaml(second));
  assert.deepEqual(await one.reload(), { ok: true });
  await redirectedTo(one, second);
  await Deno.writeTextFile(two.configFile, "pushgateway: {}\n");
  assert.equal((await two.reload()).ok, false);
  assert.equal(await locationOf(two), `${second.url}/metrics/job/a`);
});

Deno.test("one of two services ends and the other goes on", async () => {
  await using gateway = await startPushgateway();
  const yaml = `pushgateway: {servers: ["${gateway.address}"]}\n`;
  await using one = await startApp(yaml);
  {
    await using two = await startApp(yaml);
    await waitFor(() => isReady(two), { what: "the second to be ready" });
  }
  await waitFor(() => isReady(one), { what: "the first to be ready" });
  await redirectedTo(one, gateway);
});
