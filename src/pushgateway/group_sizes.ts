/**
 * Reads how large groups are: how many samples they have on the text page of their member, and how many bytes
 * these take there. A sweep does not count them, because it skips all samples but the push times.
 *
 * @module
 */

import { cooperate } from "../concurrency/cooperate.ts";
import { follow } from "../concurrency/follow.ts";
import { createPace } from "../concurrency/pace.ts";
import type { Member } from "../member.ts";
import { headerValue } from "../wire/headers.ts";
import { escapingOf } from "./pages/escaping.ts";
import { wholePage } from "./pages/merge_families.ts";
import { openPage } from "./pages/open_page.ts";
import type { ReadWay } from "./pages/page.ts";
import { createTextFormat, eachSample } from "./pages/text_families.ts";
import { TEXT_ACCEPT } from "./push_times.ts";
import { learnGroups } from "./sample_groups.ts";

/** The size of a group on one member, without its push times. */
export interface GroupSize {
  readonly samples: number;
  /** The lines of these samples in the text format, unpacked. */
  readonly bytes: number;
}

/** Which groups are looked for. */
export interface SizesWanted {
  /** IDs of the groups whose size is wanted. */
  readonly ids: ReadonlySet<string>;
  /** What the member held when it was last read. A page does not show where a group ends. */
  readonly held: ReadonlyMap<string, unknown>;
}

const PUSH_TIME = "push_time_seconds";
/** Families that a Pushgateway adds to each group. */
const ADDED = new Set([PUSH_TIME, "push_failure_time_seconds"]);
const { reader } = createTextFormat(true);

/**
 * Reads the page of a member, and counts. Only the counts are kept in memory, and pushes are forwarded
 * meanwhile. A sample counts for the group of its member with the most of its labels.
 *
 * @returns by ID, without groups that the member does not hold any more
 * @throws {SendFailure} if the page does not arrive completely
 * @throws {TypeError | SyntaxError} if it is not the page of a Pushgateway
 * @throws the signal's reason when it aborts
 */
export async function readGroupSizes(
  member: Member,
  { ids, held }: SizesWanted,
  way: Omit<ReadWay, "now"> & { readonly signal: AbortSignal },
): Promise<Map<string, GroupSize>> {
  const over = new AbortController();
  using following = follow([way.signal, over.signal]);
  const { signal } = following;
  const counts = new Map([...ids].map((id) => [id, { samples: 0, bytes: 0, isHeld: false }]));
  const learnt = await cooperate(learnGroups(held.keys()), signal);
  try {
    const page = await openPage(member, { target: "/metrics", accept: TEXT_ACCEPT }, {
      ...way,
      signal,
    });
    const find = learnt(escapingOf(headerValue(page.headers, "content-type") ?? ""));
    const isKnown = (id: string) => held.has(id);
    const families = wholePage(reader(page.read));
    const pace = createPace(signal);
    for (let head; (head = await families.next());) {
      const isAdded = ADDED.has(head.name);
      if (isAdded && head.name !== PUSH_TIME) continue;
      for (let samples; (samples = await families.samples());) {
        eachSample(samples, (labels, at, end) => {
          const id = find(labels, isKnown);
          const count = id === undefined ? undefined : counts.get(id);
          if (!count) return;
          count.isHeld = true;
          if (isAdded) return;
          count.samples++;
          count.bytes += end - at;
        });
        if (pace.tired) await pace.rest();
      }
    }
  } finally {
    over.abort();
  }
  const sizes = new Map<string, GroupSize>();
  for (const [id, { samples, bytes, isHeld }] of counts) {
    if (isHeld) sizes.set(id, { samples, bytes });
  }
  return sizes;
}
