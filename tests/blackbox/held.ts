/** What the Pushgateways hold, by their own word and past the relays. @module */

import * as z from "zod";
import { PARTIAL_FAMILY } from "../../src/pushgateway/partial.ts";
import { request } from "../../tools/server.ts";
import type { RelayedMember } from "./fleet.ts";
import { pathOf } from "./groups.ts";

/** A copy of a group. */
export interface Copy {
  /** The address of the member. */
  readonly member: string;
  /** The values of the pushed families, by their names. */
  readonly families: ReadonlyMap<string, number>;
}

/** All copies of each group, by its path. */
export type Held = ReadonlyMap<string, readonly Copy[]>;

const page = z.object({
  data: z.array(
    z.looseObject({ labels: z.object({ job: z.string(), instance: z.string().optional() }) }),
  ),
});
const family = z.object({ metrics: z.array(z.object({ value: z.string() })).min(1) });

/** What a Pushgateway or dynamic-sharding itself adds to a group, and the group's labels. */
const NOT_PUSHED = new Set([
  "labels",
  PARTIAL_FAMILY,
  "last_push_successful",
  "push_time_seconds",
  "push_failure_time_seconds",
]);

/**
 * Reads the members, all at once.
 *
 * @throws where one does not answer with its groups
 */
export async function readHeld(members: readonly RelayedMember[]): Promise<Held> {
  const held = new Map<string, Copy[]>();
  const pages = await Promise.all(members.map(async ({ address, pushgateway: { url } }) => {
    const { status, text } = await request(`${url}/api/v1/metrics`);
    if (status !== 200) throw new Error(`${url}: expected its groups, found ${status}: ${text}`);
    return { address, groups: page.parse(JSON.parse(text)).data };
  }));
  for (const { address, groups } of pages) {
    for (const group of groups) {
      const path = pathOf(group.labels);
      const families = new Map(
        Object.entries(group).filter(([name]) => !NOT_PUSHED.has(name))
          .map(([name, value]) => [name, Number(family.parse(value).metrics[0].value)]),
      );
      held.set(path, [...held.get(path) ?? [], { member: address, families }]);
    }
  }
  return held;
}
