/** `GET /api/v1/locate`: where a group is pushed to, and which members hold it. It pushes nothing. @module */

import type { Config } from "../../config/config.ts";
import { groupId, groupPath, placementKey } from "../../group/group.ts";
import type { Handoff } from "../../handoff/handoff.ts";
import type { Reply } from "../message.ts";
import { failure, success } from "./envelope.ts";
import { groupOfPasted } from "./pasted.ts";
import type { HolderView, LocatedView } from "./views.ts";

/** What the answer needs. */
export interface LocateDeps {
  readonly config: () => Pick<Config, "nameScheme" | "upstream">;
  readonly handoff: Pick<Handoff, "ownerOf" | "pathOn">;
  readonly holders: (id: string) => HolderView[];
}

/** Creates the answer of one app. It is called with the target of a request. */
export function createLocate({ config, handoff, holders }: LocateDeps): (target: string) => Reply {
  return (target) => {
    const { nameScheme, upstream: { scheme, routePrefix } } = config();
    const query = new URLSearchParams(target.split("?", 2)[1]);
    const pasted = groupOfPasted(query.get("push") ?? "", { routePrefix, nameScheme });
    if (pasted.kind === "refused") return failure(400, pasted.reason);
    const { group, given } = pasted;
    const [id, path] = [groupId(group), groupPath(group, nameScheme)];
    const owner = handoff.ownerOf(placementKey(group));
    if (owner === undefined) return failure(503, "no Pushgateway is known yet");
    const stored = handoff.pathOn(owner, id, nameScheme) ?? path;
    const located: LocatedView = {
      group: { job: group.job, ...Object.fromEntries(group.labels) },
      path,
      given,
      spelling: given === path ? "usual" : pasted.path === given ? "other" : "changed",
      owner,
      url: `${scheme}://${owner}${routePrefix}${stored}`,
      holders: holders(id),
    };
    return success(located);
  };
}
