/** How soon a member is in the ring again that comes back with copies that others hold newer. @module */

import { sleep } from "../src/concurrency/backoff.ts";
import { freePorts } from "../tools/ports.ts";
import {
  type Build,
  type ByBuild,
  type HandoffOptions,
  msMaxOf,
  ofEach,
} from "./handoff_builds.ts";
import { type Faults, findFaults } from "./handoff_check.ts";
import { groupsOfFirst, startMembers } from "./handoff_members.ts";
import { viewMember } from "./handoff_members_api.ts";
import { readStalls, type Stalls, watchStalls } from "./handoff_stalls.ts";
import { pushAll } from "./pusher.ts";
import { awaitActive, startService } from "./service.ts";

/** What came of it. */
export interface ReturnedResult {
  /** That it came back with. */
  readonly groups: number;
  /** Whether it was in the ring before the time was up. */
  readonly back: boolean;
  /** From its first healthy answer until then. */
  readonly seconds: number;
  /** Of the service's event loop, in that time. */
  readonly stalls: Stalls;
  /** Found afterwards; what is not removed yet when the time is up is doubled. */
  readonly faults: Faults;
}

const COUNT = 3;
const GROUPS = 20_000;
const CONNECTIONS = 16;
const MS_MAX = 120_000;
const LOOK_MS = 100;

/**
 * Stops one of three members, which has all groups, pushes them all anew, and starts it again with
 * what it held; by each build in turn.
 *
 * @throws {Error} where something does not start or a push is refused; the signal's reason
 */
export async function runReturned(options: HandoffOptions): Promise<ByBuild<ReturnedResult>> {
  return await ofEach(options, (build) => returnOnce(build, options));
}

async function returnOnce(
  build: Build,
  { signal, log }: HandoffOptions,
): Promise<ReturnedResult> {
  const name = `handoff: return of a member, ${build.name}`;
  log(`${name}: filling ${COUNT} Pushgateways`);
  await using members = await startMembers({
    count: COUNT,
    groups: groupsOfFirst(GROUPS),
    persistent: true,
    signal,
  });
  const { gateways, addresses, groups, directory } = members;
  const [port, stallsPort] = freePorts(2);
  await using service = await startService({
    port,
    mode: "proxy",
    members: addresses,
    directory,
    program: watchStalls(stallsPort, build.program),
  });
  const url = `http://127.0.0.1:${port}`;
  await gateways[0].stop();
  await awaitActive(url, COUNT - 1, signal);
  log(`${name}: pushing ${GROUPS} groups anew`);
  await pushAll(groups, { urlOf: () => url, connections: CONNECTIONS, signal });
  await gateways[0].start();
  const began = performance.now();
  await readStalls(stallsPort, signal); // those of before
  const back = await entersRing();
  const seconds = (performance.now() - began) / 1_000;
  const stalls = await readStalls(stallsPort, signal);
  await service.stop();
  const faults = await findFaults(gateways, { groups }, signal);
  const { lost, doubled, changed } = faults;
  log(
    `${name}: ${back ? "in the ring" : "not in the ring"} after ${seconds.toFixed(1)} s; ` +
      `${lost} lost, ${doubled} doubled, ${changed} changed`,
  );
  return { groups: GROUPS, back, seconds, stalls, faults };

  async function entersRing(): Promise<boolean> {
    const endMax = began + msMaxOf(build, MS_MAX);
    for (let now = began; now < endMax; now = performance.now()) {
      const view = await viewMember(url, addresses[0], signal);
      if (view?.state === "active" && view.in_ring) return true;
      await sleep(LOOK_MS, signal);
      signal.throwIfAborted();
    }
    return false;
  }
}
