/**
 * `GET /api/v1/sizes`: how large some groups are. A Pushgateway can only be read as a whole, so this is asked
 * for a few groups at a time, and never by a page on its own.
 *
 * @module
 */

import { deadline } from "../../concurrency/deadline.ts";
import { createTurns } from "../../concurrency/turns.ts";
import type { Config } from "../../config/config.ts";
import { groupId, groupPath } from "../../group/group.ts";
import type { Handoff } from "../../handoff/handoff.ts";
import { errorText } from "../../log.ts";
import type { Member } from "../../member.ts";
import type { Transport } from "../../pushgateway/client/transport.ts";
import { type GroupSize, readGroupSizes } from "../../pushgateway/group_sizes.ts";
import type { Reply } from "../message.ts";
import type { Snapshot } from "../snapshot.ts";
import { failure, success } from "./envelope.ts";
import { groupOfPasted } from "./pasted.ts";
import type { SizesView } from "./views.ts";

/** What the answer needs. */
export interface SizesDeps {
  readonly snapshot: () => Snapshot;
  readonly config: () => Pick<Config, "nameScheme" | "upstream">;
  readonly handoff: Pick<Handoff, "inventories">;
  /** Returns how members are read. */
  readonly way: () => { readonly transport: Transport; readonly timeoutMs: number };
  /** Whether the configuration enables handoff, so that members are swept. */
  readonly handoffEnabled: () => boolean;
}

/** Answers a request for sizes, by its target: `push` is a group, and may be given several times. */
export type Sizes = (target: string) => Promise<Reply>;

/** The most groups of one request. Each may lie on a member of its own, which is read for it. */
const GROUPS_MAX = 20;
/** Members that are read at once, as by a sweep. */
const AT_ONCE_MAX = 4;
const MS_MAX = 60_000;

/** Creates the answer of one app. */
export function createSizes(
  { snapshot, config, handoff, way, handoffEnabled }: SizesDeps,
): Sizes {
  const turns = createTurns({ atOnce: () => AT_ONCE_MAX });

  /** Returns the members that answer and held any of these groups when they were last read. */
  function holdersOf(ids: ReadonlySet<string>): Member[] {
    const { records } = snapshot().membership;
    return [...handoff.inventories].filter(([member, { times }]) =>
      records.get(member)?.verdict === "up" && [...ids].some((id) => times.has(id))
    ).map(([member]) => member).sort();
  }

  async function read(
    member: Member,
    ids: ReadonlySet<string>,
    signal: AbortSignal,
  ): Promise<ReadonlyMap<string, GroupSize> | string> {
    try {
      using _turn = await turns.take("read", signal);
      const held = handoff.inventories.get(member)?.times ?? new Map();
      return await readGroupSizes(member, { ids, held }, { ...way(), signal });
    } catch (error) {
      return errorText(error);
    }
  }

  return async (target) => {
    if (!handoffEnabled()) {
      return failure(409, "handoff is off (handoff.enabled: false), so no groups are known");
    }
    const asked = new URLSearchParams(target.split("?", 2)[1]).getAll("push");
    if (asked.length < 1 || asked.length > GROUPS_MAX) {
      return failure(400, `push: expected 1 to ${GROUPS_MAX} groups, found ${asked.length}`);
    }
    const { nameScheme, upstream: { routePrefix } } = config();
    /** The usual paths, by ID. */
    const paths = new Map<string, string>();
    for (const text of asked) {
      const found = groupOfPasted(text, { routePrefix, nameScheme });
      if (found.kind === "refused") return failure(400, found.reason);
      paths.set(groupId(found.group), groupPath(found.group, nameScheme));
    }
    const ids = new Set(paths.keys());
    using late = deadline(MS_MAX);
    const members = holdersOf(ids);
    const reads = await Promise.all(members.map((member) => read(member, ids, late.signal)));
    const found: SizesView = {
      groups: [...paths].map(([id, path]) => ({
        path,
        sizes: members.flatMap((member, i) => {
          const size = typeof reads[i] === "string" ? undefined : reads[i].get(id);
          return size ? [{ member, ...size }] : [];
        }),
      })),
      unread: members.flatMap((member, i) => {
        const why = reads[i];
        return typeof why === "string" ? [{ member, why }] : [];
      }),
    };
    return success(found);
  };
}
