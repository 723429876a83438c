/** A drain is refused where nothing would be moved. @module */

import assert from "node:assert/strict";
import { startService } from "../integration/service.ts";
import { askToDrain, configOf, memberOf, startMembers, waitForAll } from "./members.ts";

Deno.test("a drain with handoff off is refused, and the member stays", async () => {
  await using members = await startMembers(2);
  const { addresses } = members;
  await using service = await startService({
    config: configOf(addresses, { more: "handoff: {enabled: false}" }),
    flags: ["--web.enable-admin-api"],
  });
  await waitForAll(service, addresses);
  const { status, text } = await askToDrain(service, addresses[0]);
  assert.equal(status, 409, text);
  assert.match(text, /handoff is off/);
  assert.equal((await memberOf(service, addresses[0])).state, "active");
});
