/** One Pushgateway under two names, one story each. @module */

import assert from "node:assert/strict";
import { type Story, tell } from "./story.ts";

const [A, B] = [0, 1];
const WAIT_MS = 5_000;
const SWEEPS_MS = 30_000;
const PROBE_MS = 1_000;
const PATHS = ["a", "b", "c", "d"].map((name) => `/metrics/job/db/instance/${name}`);

/** Pushes some groups, and tells where each lies. */
async function fill({ push, holders }: Story): Promise<string[]> {
  for (const path of PATHS) await push("PUT", path);
  return PATHS.map((path) => Object.keys(holders(path)).join());
}

for (let i = 0; i < 4; i++) {
  const offsetMs = i * PROBE_MS / 4;
  Deno.test(`a process under two names that restarts ${offsetMs} ms after a probe loses nothing`, () =>
    tell({ first: [A, B], seed: i + 1 }, async (story) => {
      const { world, wait, holders } = story;
      await world.take({ do: "alias", member: A, name: "both" });
      await wait(WAIT_MS);
      const before = await fill(story);
      await wait(WAIT_MS + offsetMs);
      world.hosts[A].pushgateway.restart(true);
      await wait(SWEEPS_MS);
      assert.deepEqual(PATHS.map((path) => Object.keys(holders(path)).join()), before);
    }));
}

Deno.test("a Pushgateway that gets another name by a reload keeps all that it holds", () =>
  tell({ first: [A, B] }, async (story) => {
    const { world, wait, holders, push } = story;
    await fill(story);
    const families = new Map(PATHS.map((path) => [path, Object.values(holders(path)).flat()]));
    await wait(WAIT_MS);
    await world.take({ do: "alias", member: A, name: "second" });
    await wait(SWEEPS_MS);
    for (const path of PATHS) families.get(path)?.push(await push("POST", path));
    await wait(SWEEPS_MS);
    for (const [path, wanted] of families) {
      assert.deepEqual(Object.values(holders(path)), [wanted.toSorted()], path);
    }
  }));
