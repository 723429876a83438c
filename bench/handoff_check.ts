/** Whether groups are all there after they were moved, each on one member, with what was pushed. @module */

import { sleep } from "../src/concurrency/backoff.ts";
import type { Pushgateway } from "../tools/pushgateway.ts";
import { BACKUP, type Family, pathOf, STEPS } from "./pusher.ts";

/** What is wrong with groups, by how many. */
export interface Faults {
  readonly lost: number;
  /** On more than one member. */
  readonly doubled: number;
  /** With other content, or with labels that were never pushed. */
  readonly changed: number;
}

/** What the groups should be. */
export interface Wanted {
  readonly groups: readonly number[];
  /** What those hold that were pushed to since they were filled; undefined: anything. */
  readonly families?: ReadonlyMap<number, readonly Family[] | undefined>;
}

/** A Pushgateway takes ten seconds for 100,000 groups, where it has a core for itself. */
const READ_MS_MAX = 120_000;

/**
 * A Pushgateway that checks nothing stores what it has acknowledged later: seconds later where it is
 * busy. What is wrong is looked at again.
 */
const LOOKS_MAX = 4;
const AGAIN_MS = 5_000;

/**
 * Reads all that the Pushgateways hold, until nothing is wrong or it stays wrong.
 *
 * @throws {Error} where one does not answer; the signal's reason
 */
export async function findFaults(
  gateways: readonly Pushgateway[],
  wanted: Wanted,
  signal: AbortSignal,
): Promise<Faults> {
  for (let looks = 1;; looks++) {
    const faults = await look(gateways, wanted, signal);
    if (faults.lost + faults.changed === 0 || looks === LOOKS_MAX) return faults;
    await sleep(AGAIN_MS, signal);
    signal.throwIfAborted();
  }
}

async function look(
  gateways: readonly Pushgateway[],
  { groups, families }: Wanted,
  signal: AbortSignal,
): Promise<Faults> {
  const copies = new Map<number, string[][]>(groups.map((group) => [group, []]));
  let unknown = 0;
  for (const { url } of gateways) {
    for (const found of await readGroups(url, signal)) {
      const group = numberOf(found.labels);
      const others = group === undefined ? undefined : copies.get(group);
      if (others) others.push(contentOf(found));
      else unknown++;
    }
  }
  const wanted = (group: number) => families?.has(group) ? families.get(group) : [BACKUP];
  const each = [...copies];
  return {
    lost: each.filter(([, { length }]) => length === 0).length,
    doubled: each.filter(([, { length }]) => length > 1).length,
    changed: unknown + each.filter(([group, found]) => !isRight(found, wanted(group))).length,
  };
}

/** Of several copies one may be older, or a part: nothing may be missing from all of them together. */
function isRight(copies: readonly string[][], wanted: readonly Family[] | undefined): boolean {
  if (copies.length === 0 || wanted === undefined) return true;
  const found = new Set(copies.flat());
  const complete = wanted.every((family) => found.has(textOf(family)));
  return complete && (copies.length > 1 || found.size === wanted.length);
}

/** A group as the API of a Pushgateway has it: besides its labels its families, by name. */
interface Held {
  readonly labels: Readonly<Record<string, string>>;
  readonly [family: string]: unknown;
}

interface HeldFamily {
  readonly metrics: readonly {
    readonly labels: Readonly<Record<string, string>>;
    readonly value: string;
  }[];
}

async function readGroups(url: string, signal: AbortSignal): Promise<readonly Held[]> {
  const response = await fetch(`${url}/api/v1/metrics`, {
    signal: AbortSignal.any([signal, AbortSignal.timeout(READ_MS_MAX)]),
  });
  if (!response.ok) throw new Error(`${url}: expected its groups, found ${response.status}`);
  return (await response.json() as { data: readonly Held[] }).data;
}

/** Which group it is; nothing where its path is none that was pushed to. */
function numberOf({ job, env, instance, ...others }: Held["labels"]): number | undefined {
  const group = Number(/^host-(\d+)$/.exec(instance ?? "")?.[1]);
  const path = `/metrics/job/${job}/env/${env}/instance/${instance}`;
  return Object.keys(others).length === 0 && path === pathOf(group) ? group : undefined;
}

/** What comes from a Pushgateway or from us. */
const NOT_PUSHED =
  /^(labels|last_push_successful|push_(failure_)?time_seconds|dynamic_sharding_.*)$/;

/** Its families, each as {@linkcode textOf} has it. */
function contentOf(held: Held): string[] {
  const names = Object.keys(held).filter((name) => !NOT_PUSHED.test(name));
  return names.map((name) => {
    const { metrics } = held[name] as HeldFamily;
    const values = metrics.map(({ labels, value }) => `${labels.step}=${value}`);
    return `${name} ${values.sort().join(" ")}`;
  });
}

function textOf({ name, value }: Family): string {
  return `${name} ${STEPS.map((step) => `${step}=${value}`).join(" ")}`;
}
