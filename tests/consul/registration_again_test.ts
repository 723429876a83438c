/** Registration that begins anew after a failure. @module */

import assert from "node:assert/strict";
import { parseMember } from "../../src/member.ts";
import { startConsul } from "../../tools/consul.ts";
import { waitFor } from "../../tools/wait.ts";
import { openClient } from "./fixture.ts";
import { heldServices, runRegistration } from "./registering.ts";

const [FIRST, SECOND] = ["127.0.0.1:1", "127.0.0.1:2"].map(parseMember);

Deno.test("a member that a pass has registered before it failed counts as listed in the next one", async () => {
  await using agent = await startConsul();
  using client = openClient(agent);
  let failures = 0;
  const consul: typeof client = {
    ...client,
    async register(registration, signal) {
      if (registration.id !== "127.0.0.1_2") return await client.register(registration, signal);
      // The other one has been registered and listed by then.
      await waitFor(
        async () =>
          (await client.service("pushgateway", { waitSeconds: 0 }, signal)).entries.length > 0,
        {
          what: "Consul to list the first",
        },
      );
      if (failures++ === 0) throw new Error("the agent is away");
      await client.register(registration, signal);
    },
  };
  const lines = await runRegistration(agent, { consul, configured: [FIRST, SECOND] });
  assert.deepEqual(Object.keys(await heldServices(agent)).sort(), ["127.0.0.1_1", "127.0.0.1_2"]);
  const found = (words: string) => lines.filter((line) => line.includes(words)).length;
  assert.equal(found("registration in Consul failed"), 1);
  assert.equal(found("Consul does not list it"), 0, lines.join("\n"));
});
