/** `dynamic-sharding drain`: drains a member of a running service, and waits until it is empty. @module */

import * as z from "zod";
import { type MemberView, memberView } from "../http/api/views.ts";
import type { Member } from "../member.ts";
import { ask, type RunningService } from "./ask.ts";
import { checksNotice, progressBar, progressLine } from "./drain_progress.ts";

/** Options of the command, and the I/O that it uses. */
export interface DrainCommand {
  readonly service: RunningService;
  readonly member: Member;
  /** Whether a drain is undone instead. */
  readonly undo: boolean;
  /** Writes the summary. */
  readonly out: (text: string) => Promise<void>;
  /** Writes progress. */
  readonly err: (text: string) => void;
  /**
   * The width in columns of the terminal that progress is written to: progress is then one line that is
   * redrawn. Absent if it is not a terminal: then each report is a separate line.
   */
  readonly columns?: () => number;
  /** Waits for a number of milliseconds. */
  readonly sleep: (ms: number) => Promise<void>;
}

const POLL_MS = 500;
/** Without a terminal, at most one line is printed in so many polls. */
const LOOKS_A_LINE = 10;

/**
 * Drains a member and shows the progress until it is empty.
 *
 * @throws {Error} if the service refuses, the member stops answering, or the drain is undone
 */
export async function drain(command: DrainCommand): Promise<void> {
  const { service, member, undo, out } = command;
  const path = `/api/v1/members/${encodeURIComponent(member)}/drain`;
  await ask(service, { method: undo ? "DELETE" : "PUT", path, data: memberView });
  if (undo) return await out(`${member} joins again when its groups have been read\n`);
  let summary: string;
  {
    using display = createDisplay(command);
    summary = await untilEmpty(command, display);
  }
  await out(summary);
}

async function untilEmpty(
  { service, member, sleep }: DrainCommand,
  display: Display,
): Promise<string> {
  let begun = false;
  for (;;) {
    const members = await ask(service, { path: "/api/v1/members", data: z.array(memberView) });
    const view = members.find((one) => one.member === member);
    if (!view) throw new Error(`${member} is not a member any more`);
    for (const { group, why } of view.drain?.staying ?? []) {
      display.sayOnce(group, `${group} stays: ${why}`);
    }
    const notice = checksNotice(view);
    if (notice !== undefined) display.sayOnce("checks", notice);
    if (view.drained) {
      display.showLast(view);
      const moved = view.drain?.moved;
      const what = moved === undefined ? "" : `, ${moved} groups were moved`;
      return `${member} is empty${what}: it may be stopped\n`;
    }
    if (view.same_as) {
      throw new Error(
        `${member} is the same Pushgateway as ${view.same_as}, which is used now: remove one of the names ` +
          `from the file or from Consul, then drain the other`,
      );
    }
    if (view.state === "departed" && (begun || display.looks >= LOOKS_A_LINE)) {
      throw new Error(
        `${member} has left, but may still hold groups: it does not answer, or handoff is off; ` +
          `start it again to empty it`,
      );
    }
    if (begun && view.state !== "draining") {
      throw new Error(`the drain of ${member} was undone: it is ${view.state}`);
    }
    begun ||= view.state === "draining";
    display.show(view);
    await sleep(POLL_MS);
  }
}

/** Shows the progress of a drain. Disposal ends the line that is redrawn. */
interface Display extends Disposable {
  /** How often the progress was shown. */
  readonly looks: number;
  show(view: MemberView): void;
  /** Shows the progress once more, at the end of the drain. */
  showLast(view: MemberView): void;
  /** Prints a separate line, unless one about the same subject was printed before. */
  sayOnce(about: string, text: string): void;
}

function createDisplay({ err, columns }: DrainCommand): Display {
  const said = new Set<string>();
  /** The text of the line that is redrawn. */
  let drawn = "";
  let printed = "";
  let looks = 0;

  function draw(line: string, width: number): void {
    err(`\r${line.padEnd(Math.min(drawn.length, width - 1))}`);
    drawn = line;
  }

  return {
    get looks() {
      return looks;
    },
    show(view) {
      const isDue = looks++ % LOOKS_A_LINE === 0;
      if (columns) return draw(progressBar(view, columns()), columns());
      const figures = JSON.stringify([
        view.state,
        view.groups,
        view.drain?.groups,
        view.drain?.moved,
      ]);
      if (!isDue || figures === printed) return;
      printed = figures;
      err(`${progressLine(view)}\n`);
    },
    showLast(view) {
      if (columns && drawn) draw(progressBar(view, columns()), columns());
    },
    sayOnce(about, text) {
      if (said.has(about)) return;
      said.add(about);
      if (columns && drawn) {
        draw("", columns());
        err("\r");
      }
      err(`${text}\n`);
    },
    [Symbol.dispose]() {
      if (drawn) err("\n");
      drawn = "";
    },
  };
}
