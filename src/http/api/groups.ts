/** Finds groups and their copies, as known from the members' last sweeps. @module */

import { cooperate } from "../../concurrency/cooperate.ts";
import { createTurns } from "../../concurrency/turns.ts";
import { groupPath, parseGroupId, placementKey } from "../../group/group.ts";
import type { NameScheme } from "../../group/label_name.ts";
import type { Handoff } from "../../handoff/handoff.ts";
import type { Member } from "../../member.ts";
import type { Reply } from "../message.ts";
import type { Snapshot } from "../snapshot.ts";
import { failure, success } from "./envelope.ts";
import { findGroups, parseTerms } from "./find_groups.ts";
import { time } from "./time.ts";
import type { FoundGroupView, GroupsView, HolderView } from "./views.ts";

/** What the answers need. */
export interface GroupsApiDeps {
  readonly snapshot: () => Snapshot;
  readonly handoff: Pick<Handoff, "inventories" | "isRemoved" | "ownerOf">;
  /** Whether the configuration enables handoff, so that members are swept. */
  readonly handoffEnabled: () => boolean;
  readonly nameScheme: () => NameScheme;
}

/** The answers. */
export interface GroupsApi {
  /** `GET /api/v1/groups?search=TEXT&limit=N&after=ID`. */
  find(target: string): Promise<Reply>;
  /**
   * Returns the copies of a group as of the last sweeps, including those on members that no longer answer.
   */
  holders(id: string): HolderView[];
}

const LIMIT_DEFAULT = 50;
const LIMIT_MAX = 1_000;
/** Each search reads all groups. Searches run one at a time, so that pushes wait for one slice at most. */
const SEARCH = "search";

/** Creates the answers of one app. */
export function createGroupsApi(
  { snapshot, handoff, handoffEnabled, nameScheme }: GroupsApiDeps,
): GroupsApi {
  const turns = createTurns();

  function holders(id: string): HolderView[] {
    const { records } = snapshot().membership;
    const found: HolderView[] = [];
    for (const [member, { times, failures }] of handoff.inventories) {
      const pushed = times.get(id);
      if (pushed === undefined || handoff.isRemoved(id, member)) continue;
      const failed = failures.get(id);
      found.push({
        member,
        reachable: records.get(member)?.verdict === "up",
        ...(pushed > 0 && { pushed: time(pushed * 1_000) }),
        ...(failed !== undefined && { failed: time(failed * 1_000) }),
      });
    }
    return found.sort((a, b) => a.member < b.member ? -1 : 1);
  }

  function row(id: string): FoundGroupView {
    const group = parseGroupId(id);
    const owner: Member | undefined = handoff.ownerOf(placementKey(group));
    return {
      group: { job: group.job, ...Object.fromEntries(group.labels) },
      path: groupPath(group, nameScheme()),
      ...(owner !== undefined && { owner }),
      holders: holders(id),
    };
  }

  return {
    holders,
    async find(target) {
      if (!handoffEnabled()) {
        return failure(409, "handoff is off (handoff.enabled: false), so no groups are known");
      }
      const query = new URLSearchParams(target.split("?", 2)[1]);
      const text = query.get("limit") ?? String(LIMIT_DEFAULT);
      const limit = /^\d{1,6}$/.test(text) ? Number(text) : 0;
      if (limit < 1 || limit > LIMIT_MAX) {
        return failure(400, `limit: expected a number from 1 to ${LIMIT_MAX}, found ${text}`);
      }
      const { signal } = new AbortController();
      using _turn = await turns.take(SEARCH, signal);
      const { ids, matching } = await cooperate(
        findGroups(handoff.inventories, {
          terms: parseTerms(query.get("search") ?? ""),
          after: query.get("after") ?? "",
          limit: limit + 1, // one more, to see whether there is another page
          isRemoved: handoff.isRemoved,
        }),
        signal,
      );
      const shown = ids.slice(0, limit);
      const next = ids.length > limit ? shown.at(-1) : undefined;
      const found: GroupsView = {
        groups: shown.map(row),
        matching,
        ...(next !== undefined && { next }),
      };
      return success(found);
    },
  };
}
