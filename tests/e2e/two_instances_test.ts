/** The same by two instances that share nothing but Consul, each getting every other push. @module */

import type { ConsulAgent } from "../../tools/consul.ts";
import type { Pushgateway } from "../../tools/pushgateway.ts";
import { reload } from "./fleet.ts";
import { emptied, goThroughSteps } from "./steps.ts";

Deno.test("two instances that get every other push do the same together", async () => {
  await goThroughSteps({
    title: "two instances",
    instances: 2,
    scaleOut: ({ consul, members }) => register(consul, members[3]),
    scaleIn: async (fleet, member) => {
      const { services: [one, two], members: [first, second, third] } = fleet;
      const config = fleet.config([first, second, third].filter((other) => other !== member));
      await reload(one, config);
      // The other's file still has it: the mark in Consul keeps it from coming back.
      await emptied(fleet, member);
      await reload(two, config);
    },
  });
});

/** Registers a member by hand. */
async function register(consul: ConsulAgent, { hostname, port, url }: Pushgateway): Promise<void> {
  const body = JSON.stringify({
    ID: "by-hand",
    Name: "pushgateway",
    Address: hostname,
    Port: port,
    Check: { HTTP: `${url}/-/healthy`, Interval: "1s", Timeout: "1s", Status: "passing" },
  });
  const response = await consul.api("/v1/agent/service/register", { method: "PUT", body });
  const text = await response.text();
  if (!response.ok) throw new Error(`register: expected 200, found ${response.status}: ${text}`);
}
