/** `GET /api/v1/events`: the latest events. @module */

import type { History, HistoryEvent } from "../../membership/history.ts";
import type { Reply } from "../message.ts";
import { success } from "./envelope.ts";
import { time } from "./time.ts";

/** Answers with the latest events, the newest first. */
export function answerEvents({ events }: Pick<History, "events">): Reply {
  return success(events.map(view));
}

function view({ id, atMs, ...happening }: HistoryEvent) {
  return { id, time: time(atMs), ...happening };
}
