/** Tells what a run has brought, for people. Pure. @module */

import { type Happening, showTime } from "./history.ts";
import type { Lost } from "./oracle.ts";
import type { RunResult } from "./run.ts";

/** What was done to a group after the last push that it has lost is told for so long. */
const TRAIL_AFTER_MS = 15_000;
/** Of each group; every loss is counted all the same. */
const LOST_TOLD_MAX = 100;
const STEPS_TOLD_MAX = 100;
const FAILED_TOLD_MAX = 50;
/** The end of a log. */
const LOG_CHARACTERS_MAX = 16_384;

/** Whether nothing is wrong. */
export function isClean(result: RunResult): boolean {
  return Object.values(countWrong(result)).every((count) => count === 0);
}

/** Counts what is wrong. */
export function countWrong({ lost, twice, astray, keptOut, unsettled }: RunResult) {
  return {
    lost: lost.length,
    twice: twice.length,
    astray: astray.length,
    keptOut: keptOut.length,
    unsettled: unsettled.length,
  };
}

/** Renders the counts of a run as one line. */
export function renderLine(result: RunResult): string {
  const { seed, seconds, acknowledged, lost, twice, astray, keptOut, failed } = result;
  const by = [...Map.groupBy(failed, ({ outcome }) => outcome)]
    .map(([outcome, pushes]) => `${pushes.length} × ${outcome}`).join(", ");
  return `seed ${seed}: ${seconds.toFixed(0)} s, ${acknowledged} acknowledged, ` +
    `${lost.length} lost, ${twice.length} twice, ${astray.length} astray, ` +
    `${failed.length} failed${by && ` (${by})`}` +
    `${keptOut.length > 0 ? `, ${keptOut.length} kept out` : ""}`;
}

/** Renders the faults, and what is wrong, with what is known of it. */
export function renderReport(result: RunResult): string {
  const { faults, lost, twice, astray, keptOut, unsettled, failed } = result;
  const nameOf = (address: string) => result.memberNames.get(address) ?? address;
  const names = (addresses: readonly string[]) => addresses.map(nameOf).join(" and ");
  return [
    renderLine(result),
    ...[...result.memberNames].map(([address, name]) => `${name} is ${address}`),
    "faults:",
    ...renderFaults(faults),
    ...Map.groupBy(lost, ({ group }) => group.path).values()
      .flatMap((losses) => renderLosses(losses, result)),
    ...twice.map(({ path, members, families }) =>
      `twice: ${path} on ${names(members)}, ${families.length} families on both`
    ),
    ...astray.map(({ path, members, owners }) =>
      `astray: ${path} on ${names(members) || "no member"}; its owner is ${names(owners)}`
    ),
    ...failed.slice(0, FAILED_TOLD_MAX).map(({ instance, sentUnixMs, outcome, why }) =>
      `failed: sent ${showTime(sentUnixMs)} through ${instance}: ${outcome}: ${why}`
    ),
    ...keptOut.map((what) => `kept out: ${what}`),
    ...unsettled.map((what) => `unsettled: ${what}`),
  ].join("\n");
}

/** Renders what happened, a line each. */
export function renderFaults(faults: readonly Happening[]): string[] {
  return faults.map(({ unixMs, what }) => `  ${showTime(unixMs)} ${what}`);
}

/** Renders the ends of the logs. */
export function renderLogs(logs: ReadonlyMap<string, string>): string {
  return [...logs].map(([name, log]) =>
    `the log of ${name} ended:\n${log.slice(-LOG_CHARACTERS_MAX)}`
  ).join("\n");
}

/** What one group has lost, and what was done to it from then on. */
function renderLosses(losses: readonly Lost[], { trail }: RunResult): string[] {
  const [{ group: { path }, sentUnixMs }] = losses;
  const until = Math.max(...losses.map((loss) => loss.answeredUnixMs)) + TRAIL_AFTER_MS;
  const steps = trail.of(path).filter(({ firstUnixMs, lastUnixMs }) =>
    lastUnixMs >= sentUnixMs && firstUnixMs <= until
  );
  return [
    ...losses.slice(0, LOST_TOLD_MAX).map(renderPush),
    `  ${path} has lost ${losses.length}; what went to the members:`,
    ...steps.slice(0, STEPS_TOLD_MAX).map(({ what, count, firstUnixMs, lastUnixMs }) =>
      `    ${showTime(firstUnixMs)} ${what}` +
      (count > 1 ? `, ${count} in a row until ${showTime(lastUnixMs)}` : "")
    ),
  ];
}

function renderPush({ group: { path }, family, value, found, ...push }: Lost): string {
  const { instance, sentUnixMs, answeredUnixMs } = push;
  return `lost: ${family} ${value} of ${path}, ` +
    `${found === undefined ? "" : `found ${found}, `}sent ${showTime(sentUnixMs)}, ` +
    `acknowledged ${showTime(answeredUnixMs)} through ${instance}`;
}
