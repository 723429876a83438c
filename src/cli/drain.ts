/** `dynamic-sharding drain`: has a running service empty a member, and waits for it. @module */

import { z } from "zod";
import { sleep } from "../concurrency/backoff.ts";
import { type MemberView, memberView } from "../http/api/views.ts";
import type { Member } from "../member.ts";
import { ask } from "./ask.ts";

/** What draining takes. */
export interface DrainCommand {
  /** URL of the service. */
  readonly url: string;
  readonly member: Member;
  /** Takes a drain back instead. */
  readonly undo: boolean;
  /** Writes the summary. */
  readonly out: (text: string) => Promise<void>;
  /** Writes progress. */
  readonly err: (text: string) => void;
  /** Progress is one line that is written anew, and not a line each time. */
  readonly isTerminal: boolean;
}

const POLL_MS = 500;
/** Where nobody watches, a line each so many looks. */
const LOOKS_A_LINE = 10;
const BAR_WIDTH = 30;

/**
 * Drains a member, telling how far it has come, until it is empty.
 *
 * @throws where the service refuses, the member stops to answer, or the drain is taken back
 */
export async function drain(command: DrainCommand): Promise<void> {
  const { url, member, undo, out, err, isTerminal } = command;
  const path = `/api/v1/members/${encodeURIComponent(member)}/drain`;
  await ask(url, { method: undo ? "DELETE" : "PUT", path, data: memberView });
  if (undo) return await out(`${member} is wanted again: it joins once it was swept\n`);

  let begun = false;
  const told = new Set<string>();
  let shown = "";
  for (let looks = 0;; looks++) {
    const members = await ask(url, { path: "/api/v1/members", data: z.array(memberView) });
    const view = members.find((one) => one.member === member);
    for (const { group, why } of view?.drain?.staying ?? []) {
      if (told.has(group)) continue;
      told.add(group);
      err(`${isTerminal && shown ? "\n" : ""}${group} stays: ${why}\n`);
    }
    if (!view) throw new Error(`${member} is no member any more`);
    if (view.drained) {
      if (isTerminal && shown) err("\n");
      const moved = view.drain?.moved;
      const what = moved === undefined ? "" : `, ${moved} groups were moved`;
      return await out(`${member} is empty${what}: it may be stopped\n`);
    }
    if (view.same_as) {
      throw new Error(
        `${member} is the same Pushgateway as ${view.same_as}, which is used now: take one of the names ` +
          `out of the file or of Consul, then drain the other`,
      );
    }
    if (view.state === "departed" && (begun || looks >= LOOKS_A_LINE)) {
      throw new Error(
        `${member} has left, but not empty: it does not answer (or handoff is off), so what it holds ` +
          `is not known; start it again to have it emptied`,
      );
    }
    if (begun && view.state !== "draining") {
      throw new Error(`the drain of ${member} was taken back: it is ${view.state}`);
    }
    begun ||= view.state === "draining";
    const line = progressLine(view);
    if (isTerminal) err(`\r${line}`);
    else if (line !== shown && looks % LOOKS_A_LINE === 0) err(`${line}\n`);
    shown = line;
    await sleep(POLL_MS);
  }
}

/** One line of progress, of an even width. */
export function progressLine({ member, state, groups = 0, drain }: MemberView): string {
  if (!drain) return `${member}: ${state}, ${groups} groups`.padEnd(BAR_WIDTH * 3);
  const { groups: all, moved } = drain;
  const done = all === 0 ? BAR_WIDTH : Math.floor(moved / all * BAR_WIDTH);
  const bar = "#".repeat(done).padEnd(BAR_WIDTH, ".");
  return `${member}: [${bar}] ${moved} of ${all} groups moved`.padEnd(BAR_WIDTH * 3);
}
