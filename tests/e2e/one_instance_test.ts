/** Nothing is lost, doubled or shown twice by one instance while members come, go and return. @module */

import { deregister } from "../integration/consul_health.ts";
import { reload } from "./fleet.ts";
import { goThroughSteps } from "./steps.ts";

Deno.test("one instance brings every group home, and Prometheus never sees a value go down", async () => {
  await goThroughSteps({
    title: "one instance",
    instances: 1,
    scaleOut: async ({ services: [service], config, members }) => {
      await reload(service, config(members));
    },
    scaleIn: async ({ consul }, { hostname, port }) => {
      await deregister(consul, `${hostname}_${port}`);
    },
  });
});
