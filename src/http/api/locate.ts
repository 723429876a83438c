/** `GET /api/v1/locate`: where a group is pushed to, and which members hold it. It pushes nothing. @module */

import type { Config } from "../../config/config.ts";
import { groupId, groupPath, placementKey } from "../../group/group.ts";
import { parsePushPath } from "../../group/push_path.ts";
import type { Handoff } from "../../handoff/handoff.ts";
import { errorText } from "../../log.ts";
import type { Reply } from "../message.ts";
import { failure, success } from "./envelope.ts";
import { pathOfPasted } from "./pasted.ts";
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
    let given: string;
    try {
      given = pathOfPasted(query.get("push") ?? "", { routePrefix, nameScheme });
    } catch (error) {
      return failure(400, `push: ${errorText(error)}`);
    }
    const [asGiven] = given.split("?", 1);
    const parsed = parsePushPath(asGiven, nameScheme);
    if (parsed.kind === "refused") return failure(400, parsed.reason);
    const { group } = parsed;
    const [id, path] = [groupId(group), groupPath(group, nameScheme)];
    const owner = handoff.ownerOf(placementKey(group));
    if (owner === undefined) return failure(503, "no Pushgateway is known yet");
    const stored = handoff.pathOn(owner, id, nameScheme) ?? path;
    const located: LocatedView = {
      group: { job: group.job, ...Object.fromEntries(group.labels) },
      path,
      given: asGiven,
      spelling: asGiven === path ? "usual" : parsed.path === asGiven ? "other" : "changed",
      owner,
      url: `${scheme}://${owner}${routePrefix}${stored}`,
      holders: holders(id),
    };
    return success(located);
  };
}
