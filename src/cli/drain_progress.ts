/** Renders the progress of a drain as text, for a log or a terminal. Pure. @module */

import type { MemberView } from "../http/api/views.ts";

type DrainView = NonNullable<MemberView["drain"]>;

const [BAR_MIN, BAR_MAX] = [8, 40];
/** Some terminals begin a new line when the last column is written to. */
const SPARE_COLUMNS = 1;
const MINUTE = 60;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** Renders the progress as one line for a log, in words. */
export function progressLine(view: MemberView): string {
  const { member, drain } = view;
  if (!drain) return before(view);
  const { groups, moved, rate } = drain;
  const parts = [`${moved} of ${groups} groups moved`];
  if (rate !== undefined) parts.push(`${showRate(rate)} a second`);
  return `${member}: ${[...parts, ...timeLeft(drain)].join(", ")}`;
}

/**
 * Renders the progress as one line for a terminal, with a bar if there is room for it.
 *
 * @param columns the width of the terminal; the line is shorter, so that it can be redrawn in place
 */
export function progressBar(view: MemberView, columns: number): string {
  const room = columns - SPARE_COLUMNS;
  const { member, drain } = view;
  if (!drain) return before(view).slice(0, room);
  const { groups, moved, rate } = drain;
  const parts = [`${moved}/${groups} groups`];
  if (rate !== undefined) parts.push(`${showRate(rate, "<")}/s`);
  parts.push(...timeLeft(drain));
  const figures = parts.join(", ");
  const barColumns = Math.min(BAR_MAX, room - `${member}: [] ${figures}`.length);
  if (barColumns >= BAR_MIN) return `${member}: [${bar(drain, barColumns)}] ${figures}`;
  const narrower = [
    `${member}: ${figures}`,
    ...parts.map((_, i) => parts.slice(0, parts.length - i).join(", ")),
  ];
  return narrower.find(({ length }) => length <= room) ?? parts[0].slice(0, room);
}

/**
 * Renders a notice for operators if the Pushgateways that take the groups check each push.
 *
 * @returns `undefined` if they do not, or while the rate is not known
 */
export function checksNotice({ drain }: MemberView): string | undefined {
  if (!drain?.targets_check || !drain.rate) return undefined;
  return "the Pushgateways that receive the groups check each push against all groups that they hold, " +
    `which takes longer with more groups: ${showRate(drain.rate)} groups a second now\n` +
    "with --push.disable-consistency-check they check nothing and take thousands of pushes a second; " +
    'docs/sizing.md, "How long a drain takes", says what that costs';
}

function before({ member, state, groups = 0 }: MemberView): string {
  return `${member}: ${state}, ${groups} groups`;
}

function bar({ groups, moved }: DrainView, columns: number): string {
  const part = groups === 0 ? 1 : Math.min(1, moved / groups);
  return "#".repeat(Math.floor(part * columns)).padEnd(columns, ".");
}

function timeLeft({ seconds_left: seconds }: DrainView): string[] {
  return seconds === undefined ? [] : [`${showSeconds(seconds)} left`];
}

function showRate(rate: number, below = "less than "): string {
  if (rate >= 10 || rate === 0) return rate.toFixed(0);
  return rate < 0.1 ? `${below}0.1` : rate.toFixed(1);
}

function showSeconds(seconds: number): string {
  if (seconds >= DAY) return "more than a day";
  const [hours, minutes] = [Math.floor(seconds / HOUR), Math.floor(seconds % HOUR / MINUTE)];
  if (hours > 0) return `${hours} h ${minutes} min`;
  const rest = `${Math.ceil(seconds % MINUTE)} s`;
  return minutes > 0 ? `${minutes} min ${rest}` : rest;
}
