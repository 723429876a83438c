/** The same by two instances that share nothing but Consul, each getting every other push. @module */

import { register, reload } from "./fleet.ts";
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
