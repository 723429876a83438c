/** A redirect reaches clients that are still sending: large pushes of those that follow one. @module */

import assert from "node:assert/strict";
import { startFleet } from "./fleet.ts";
import { LARGE_SIZES, prepareLargeClients } from "./large_bodies.ts";

const TRIES = 100;

Deno.test(`a redirect reaches a client that sends up to 3 MB, in each of ${TRIES} pushes`, async (t) => {
  const clients = await prepareLargeClients();
  await using fleet = await startFleet();
  const address = new URL(fleet.services.redirect.url).host;
  for (const bytes of LARGE_SIZES) {
    for (const { name, push } of clients) {
      await t.step(`${name} with ${bytes} bytes`, async () => {
        const failures = await push({ address, job: `${name}-${bytes}`, bytes, tries: TRIES });
        assert.deepEqual(failures, []);
      });
    }
  }
});
