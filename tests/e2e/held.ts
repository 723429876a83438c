/** What the Pushgateways hold, by their own word. @module */

import type { Pushgateway } from "../../tools/pushgateway.ts";
import { request } from "../../tools/server.ts";
import { COUNTER, ONCE } from "./groups.ts";

/** A copy of a group. */
export interface Copy {
  readonly member: string;
  /** The values of the pushed families, by their names. */
  readonly values: Readonly<Record<string, number>>;
}

/** All copies of each group, by its name. */
export type Held = ReadonlyMap<string, readonly Copy[]>;

interface Family {
  readonly metrics: readonly { readonly value: string }[];
}

type GroupJson = Readonly<Record<string, Family | undefined>> & {
  readonly labels: { readonly instance: string };
};

/** Reads the members, all at once. */
export async function readHeld(members: readonly Pushgateway[]): Promise<Held> {
  const held = new Map<string, Copy[]>();
  const pages = await Promise.all(members.map(async ({ address, url }) => {
    const { status, text } = await request(`${url}/api/v1/metrics`);
    if (status !== 200) throw new Error(`${address}: expected its groups, found ${status}`);
    return { address, groups: (JSON.parse(text) as { data: GroupJson[] }).data };
  }));
  for (const { address, groups } of pages) {
    for (const group of groups) {
      const { instance } = group.labels;
      const values = [COUNTER, ONCE].flatMap((name) => {
        const metric = group[name]?.metrics[0];
        return metric ? [[name, Number(metric.value)] as const] : [];
      });
      const copy = { member: address, values: Object.fromEntries(values) };
      held.set(instance, [...held.get(instance) ?? [], copy]);
    }
  }
  return held;
}

/** The groups with more than one copy. */
export function heldTwice(held: Held): string[] {
  return [...held].flatMap(([name, copies]) =>
    copies.length > 1 ? [`${name} on ${copies.map(({ member }) => member).join(" and ")}`] : []
  );
}

/** The groups that lie on a member. */
export function namesOn(held: Held, member: string): Set<string> {
  return new Set(
    [...held].flatMap(([name, copies]) =>
      copies.some((copy) => copy.member === member) ? [name] : []
    ),
  );
}
