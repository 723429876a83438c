/** An upgrade from the last release, one instance after the other, loses nothing. @module */

import { checkOutEarlier, hasEarlier } from "../../tools/earlier.ts";
import { waitFor } from "../../tools/wait.ts";
import { deregister } from "../integration/consul_health.ts";
import { type Service, startService } from "../integration/service.ts";
import { FLAGS, register, startFleet } from "./fleet.ts";
import { LIVE } from "./groups.ts";
import { heldTwice, namesOn, readHeld } from "./held.ts";
import { assertNothingLost, pushAll } from "./nothing_lost.ts";
import { emptied } from "./steps.ts";

/** Pushes of each group while both versions run, and at the end. */
const ROUNDS = 3;
/** Of the 60 groups that are pushed again, about 15 belong to the fourth member. The rings differ by the ports. */
const GROUPS_OF_NEW_MIN = 3;
const SCALE_OUT_MS_MAX = 60_000;

Deno.test({
  name:
    "1.0.0 is replaced, one instance after the other, while members come and go, and nothing is lost",
  ignore: !await hasEarlier(), // as in sources that were not cloned
  async fn() {
    await using stack = new AsyncDisposableStack();
    const earlier = await checkOutEarlier(console.log);
    if (!earlier) throw new Error("expected the sources of the last release, found none");
    stack.use(earlier);
    const fleet = await startFleet({
      instances: 2,
      pushgateways: 4,
      configured: 3,
      program: earlier.program,
    }, stack);
    const { consul, members, services: [one, two] } = fleet;
    const [, leaving, , joining] = members;
    const config = fleet.config(members.slice(0, 3));
    /** Those that a load balancer sends pushes to. */
    const urls = [one.url, two.url];

    /** Waits until each group was pushed so often. */
    async function pushed(rounds: number): Promise<void> {
      const enough = load.pushes + rounds * LIVE.length;
      await waitFor(() => load.pushes >= enough, { what: `${rounds} pushes of each group` });
    }

    async function upgrade(i: number, former: Service): Promise<Service> {
      urls[i] = urls[1 - i];
      await pushed(1); // so what was on its way to the former instance has arrived
      former.process.kill("SIGTERM");
      await former.process.exited;
      const next = stack.use(await startService({ config, flags: FLAGS }));
      await next.waitUntilReady();
      urls[i] = next.url;
      return next;
    }

    const load = stack.use(await pushAll(urls));
    const upgraded = await upgrade(0, one);
    await pushed(ROUNDS);
    await register(consul, joining);
    await waitFor(async () => {
      const held = await readHeld(members);
      return namesOn(held, joining.address).size >= GROUPS_OF_NEW_MIN &&
        heldTwice(held).length === 0;
    }, { what: "the new member to get its groups", msMax: SCALE_OUT_MS_MAX });
    await deregister(consul, `${leaving.hostname}_${leaving.port}`);
    await emptied({ ...fleet, services: [upgraded, two] }, leaving);
    await upgrade(1, two);
    await pushed(ROUNDS);
    await assertNothingLost(load, members);
    console.log(`upgrade from 1.0.0: ${load.pushes} pushes, ${load.failed.length} failed`);
  },
});
