/** Real clients before the fronts, as docs/clients.md has them set. @module */

import assert from "node:assert/strict";
import { ensureComponents } from "../../tools/components.ts";
import type { Method } from "./client.ts";
import { startFleet } from "./fleet.ts";
import { FRONT_NAMES, prepareFronts, startFront } from "./fronts.ts";
import { LARGE_SIZES, prepareLargeClients } from "./large_bodies.ts";
import { measure } from "./measure.ts";
import { commandLineClients } from "./real_clients.ts";

const METHODS: readonly Method[] = ["PUT", "POST", "DELETE"];
/** Those that these clients reach over plain HTTP, and that say that they are there. */
const PLAIN_NAMES = FRONT_NAMES.filter((name) => !name.startsWith("stunnel"));
const TRIES = { client_golang: 100, wget: 100 };

Deno.test("in mode auto a push through a front arrives once, and is not redirected", async (t) => {
  const components = await prepareFronts();
  const commandLine = commandLineClients(await ensureComponents(["curl", "wget"]));
  // Caddy hands an offer of HTTP/2 on. Without a front wget is redirected.
  const clients = commandLine.filter(({ name }) => ["curl", "curl --http2", "wget"].includes(name));
  await using fleet = await startFleet();
  const upstream = new URL(fleet.services.auto.url).host;
  for (const name of PLAIN_NAMES) {
    await using front = await startFront(name, { component: components[name], upstream });
    for (const client of clients) {
      for (const method of METHODS) {
        await t.step(`a ${method} by ${client.name} through ${name}`, async () => {
          const measured = await measure({ client, method, mode: "auto", front }, fleet);
          const { outcome, redirected, error } = measured;
          assert.deepEqual({ outcome, redirected }, { outcome: "works", redirected: false }, error);
        });
      }
    }
  }
});

Deno.test("in mode auto a push over HTTP/1.0 through a front that adds no header is not redirected", async () => {
  // What nginx does before 1.29.7, without any setting.
  const example = "server { listen 10.0.0.8:9091; location / { " +
    "proxy_pass http://10.0.0.9:9292; proxy_http_version 1.0; } }";
  const { nginx, curl, wget } = await ensureComponents(["nginx", "curl", "wget"]);
  const client = commandLineClients({ curl, wget }).find(({ name }) => name === "wget")!;
  await using fleet = await startFleet();
  const upstream = new URL(fleet.services.auto.url).host;
  await using front = await startFront("nginx", { component: nginx, upstream, example });
  const { outcome, redirected } = await measure(
    { client, method: "PUT", mode: "auto", front },
    fleet,
  );
  assert.deepEqual({ outcome, redirected }, { outcome: "works", redirected: false });
});

Deno.test("a redirect reaches a client that sends up to 3 MB through a front", async (t) => {
  const components = await prepareFronts();
  const clients = await prepareLargeClients();
  await using fleet = await startFleet();
  const upstream = new URL(fleet.services.redirect.url).host;
  for (const front of PLAIN_NAMES.filter((name) => !name.endsWith("-sid"))) {
    await using started = await startFront(front, { component: components[front], upstream });
    const { address } = started;
    for (const bytes of LARGE_SIZES) {
      for (const { name, push } of clients) {
        const tries = TRIES[name];
        await t.step(`${tries} times ${name} with ${bytes} bytes through ${front}`, async () => {
          const job = `${front}-${name}-${bytes}`;
          assert.deepEqual(await push({ address, job, bytes, tries }), []);
        });
      }
    }
  }
});
