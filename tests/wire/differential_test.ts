/**
 * Ours against Go's net/http and a real Pushgateway, which is Go as well: the same bytes to each, over
 * connections of their own, and what they have made of them. Ours may refuse more, and read nothing
 * else. What differs is meant, each with a reason, and all that is meant is there.
 *
 * @module
 */

import assert from "node:assert/strict";
import { startPushgateway } from "../../tools/pushgateway.ts";
import type { Expected } from "./expected.ts";
import { ANYTHING, PUSHES } from "./generate/generate.ts";
import { startGoServer } from "./go_server.ts";
import { EXPECTED, startOurs } from "./ours.ts";
import { type Outcome, run } from "./run.ts";

const SEED = 1;
const REQUESTS = 105_000;
const PUSHES_TO_PUSHGATEWAY = 5_000;

Deno.test("ours makes of any bytes what Go's net/http does, or refuses them", async (t) => {
  await using ours = startOurs();
  const seen = new Set<Expected>();
  const check = (outcome: Outcome) => {
    for (const entry of outcome.seen.keys()) seen.add(entry);
    assert.equal(outcome.unexpected.length, 0, outcome.unexpected.join("\n\n"));
    // Some are broken, and a refusal ends a connection: but most of it should not be in vain.
    assert(outcome.agreed > outcome.requests / 3, `${outcome.agreed} of ${outcome.requests}`);
  };

  await t.step("as a server that says what it has understood", async () => {
    await using theirs = await startGoServer();
    const options = { ours, theirs, profile: ANYTHING, expected: EXPECTED };
    check(await run({ ...options, seed: SEED, requests: REQUESTS }));
  });
  await t.step("as a Pushgateway, which gives as many answers of the same kind", async () => {
    await using theirs = await startPushgateway();
    const options = { ours, theirs, profile: PUSHES, expected: EXPECTED };
    check(await run({ ...options, seed: SEED, requests: PUSHES_TO_PUSHGATEWAY }));
  });
  await t.step("and each difference that is meant is there", () => {
    const unseen = EXPECTED.filter((entry) => !seen.has(entry));
    assert.deepEqual(unseen.map(({ name }) => name), []);
  });
});
