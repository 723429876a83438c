/** Which group belongs where, and what Pushgateways hold of it by their own word. @module */

import { parseMember } from "../../src/member.ts";
import { HashRing } from "../../src/ring/hash_ring.ts";
import type { Labels, Pushgateway } from "../../tools/pushgateway.ts";
import { request } from "../../tools/server.ts";

/** One copy of a group. */
export interface Copy {
  /** Of the Pushgateway that holds it. */
  readonly address: string;
  readonly labels: Labels;
  /** The values of the pushed families that have one series, as the Pushgateway writes them. */
  readonly values: Readonly<Record<string, string>>;
  /** Unix seconds; 0 where no push was taken. */
  readonly pushTime: number;
  /** Unix seconds; 0 where none has failed. */
  readonly failureTime: number;
}

type Family = { readonly metrics: readonly { readonly value: string }[] };
type GroupJson = { readonly labels: Labels } & { readonly [family: string]: Family };

const NOT_PUSHED = new Set([
  "last_push_successful",
  "push_time_seconds",
  "push_failure_time_seconds",
]);

/** The first jobs (`PREFIX0`, `PREFIX1`, …) whose groups belong to a member among others. */
export function jobsOf(
  owner: string,
  members: readonly string[],
  { prefix, count }: { readonly prefix: string; readonly count: number },
): string[] {
  const ring = HashRing.of(new Map(members.map((member) => [parseMember(member), 1])));
  const jobs: string[] = [];
  for (let i = 0; jobs.length < count; i++) {
    if (ring.ownerOf(`/metrics/job/${prefix}${i}`) === owner) jobs.push(`${prefix}${i}`);
  }
  return jobs;
}

/** The first of them. */
export function jobOf(owner: string, members: readonly string[], prefix = "job"): string {
  return jobsOf(owner, members, { prefix, count: 1 })[0];
}

/** Every copy of the groups of a job. */
export async function copiesOf(
  pushgateways: readonly Pick<Pushgateway, "address" | "url">[],
  job: string,
): Promise<Copy[]> {
  const pages = await Promise.all(pushgateways.map(async ({ address, url }) => {
    const { status, text } = await request(`${url}/api/v1/metrics`);
    if (status !== 200) throw new Error(`${address}: expected its groups, found ${status}`);
    const { data } = JSON.parse(text) as { data: GroupJson[] };
    return data.filter(({ labels }) => labels.job === job).map((group) => copyOf(address, group));
  }));
  return pages.flat();
}

function copyOf(address: string, { labels, ...families }: GroupJson): Copy {
  const timeOf = (name: string) => Number(families[name].metrics[0].value);
  const pushed = Object.entries(families).filter(([name]) => !NOT_PUSHED.has(name));
  const single = pushed.filter(([, { metrics }]) => metrics.length === 1);
  return {
    address,
    labels,
    values: Object.fromEntries(single.map(([name, { metrics }]) => [name, metrics[0].value])),
    pushTime: timeOf("push_time_seconds"),
    failureTime: timeOf("push_failure_time_seconds"),
  };
}

/**
 * Pushes straight to a Pushgateway, past the service.
 *
 * @returns its status
 */
export async function pushTo(
  { url }: Pick<Pushgateway, "url">,
  path: string,
  { body, method = "PUT" }: { readonly body: string; readonly method?: string },
): Promise<number> {
  return (await request(`${url}${path}`, { method, body })).status;
}

/** Whether a Pushgateway can be scraped: one with groups that contradict one another cannot. */
export async function scrapeStatus({ url }: Pick<Pushgateway, "url">): Promise<number> {
  return (await request(`${url}/metrics`)).status;
}
