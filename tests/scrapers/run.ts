/**
 * Has all scrapers follow members that die, return and come, and prints a table of how long they take.
 *
 *     deno task scrapers                       all ways, half an hour
 *     deno task scrapers --way=/sd --rounds=1  less
 *
 * @module
 */

import { parseArgs } from "node:util";
import { renderCells } from "../../bench/table.ts";
import { errorText } from "../../src/log.ts";
import type { Way } from "../integration/scrape_example.ts";
import { EVENTS, type Followed, measure } from "./measure.ts";
import { PROMETHEUS, VICTORIA_METRICS } from "./scrapers.ts";

const WAYS: readonly Way[] = ["/sd", "Consul", "/pushed"];
const ROUNDS = "3";

/** @throws {TypeError} where the arguments are not what they should be */
function readArguments(args: string[]): { ways: readonly Way[]; rounds: number } {
  const { values } = parseArgs({
    args,
    options: { rounds: { type: "string", default: ROUNDS }, way: { type: "string" } },
  });
  const rounds = Number(values.rounds);
  if (!(Number.isInteger(rounds) && rounds > 0)) {
    throw new TypeError(`--rounds: expected a number of rounds, found ${values.rounds}`);
  }
  const ways = WAYS.filter((way) => values.way === undefined || values.way === way);
  if (ways.length === 0) {
    throw new TypeError(`--way: expected one of ${WAYS.join(", ")}, found ${values.way}`);
  }
  return { ways, rounds };
}

/** Renders a Markdown table of one way. */
function render(way: Way, all: readonly Followed[]): string {
  const head = [
    "scraper",
    "refresh",
    ...EVENTS,
    ...EVENTS.map((event) => `gap at ${event}`),
    "back",
  ];
  const range = (seconds: readonly number[]) => {
    const ends = [Math.min(...seconds), Math.max(...seconds)].map((end) => end.toFixed(1));
    return [...new Set(ends)].join("–");
  };
  const cells = all.map(({ name, refresh, seconds, gapSeconds, teeth }) => [
    name,
    refresh,
    ...EVENTS.map((event) => range(seconds[event])),
    ...EVENTS.map((event) => range(gapSeconds[event])),
    String(teeth),
  ]);
  return `\n${way}\n\n${renderCells(head, cells)}`;
}

try {
  const { ways, rounds } = readArguments(Deno.args);
  const builds = [...PROMETHEUS, ...VICTORIA_METRICS];
  for (const way of ways) {
    console.log(render(way, await measure(way, { builds, rounds, tell: console.error })));
  }
} catch (error) {
  console.error(`error: ${errorText(error)}`);
  Deno.exitCode = 1;
}
