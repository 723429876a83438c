import assert from "node:assert/strict";
import { OLDEST_AND_LATEST } from "./fleets.ts";
import { goThroughSteps } from "./steps.ts";

Deno.test("a fleet of the oldest Pushgateway and the latest holds all that was pushed, to the byte, through every change of its members", async () => {
  const { drained, refusals, errors } = await goThroughSteps(OLDEST_AND_LATEST, 42);
  assert(drained > 0, "the drained member held some groups");
  assert.deepEqual(refusals, [400]);
  assert.deepEqual(errors, []);
});
