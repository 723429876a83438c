/** Brings the same connections to ours and to another server, and keeps count of what differs. @module */

import { compare, type Difference } from "./compare.ts";
import { type Address, type Exchange, exchange, type Patience } from "./exchange.ts";
import { type Expected, expectedOf } from "./expected.ts";
import { generate, type Profile, type Script } from "./generate/generate.ts";

/** What to run. */
export interface RunOptions {
  readonly ours: Address;
  readonly theirs: Address;
  readonly profile: Profile;
  readonly expected: readonly Expected[];
  /** Of the first connection; each has the next one. */
  readonly seed: number;
  /** How many requests to bring, at least. */
  readonly requests: number;
  /** After how many differences that are not expected to end. */
  readonly unexpectedMax?: number;
}

/** What came of it. */
export interface Outcome {
  readonly connections: number;
  readonly requests: number;
  /** How many requests both have understood alike. */
  readonly agreed: number;
  /** How many connections ended in each difference that is expected. */
  readonly seen: ReadonlyMap<Expected, number>;
  /** Differences that are not, each with its seed and its bytes. No more are looked for after some. */
  readonly unexpected: readonly string[];
}

const CONNECTIONS_AT_ONCE = 16;
const UNEXPECTED_MAX = 20;
/** Ten times what it takes on a busy machine. */
const PATIENCE: Patience = { quietMs: 250, msMax: 20_000 };
/** For what differs with less: one of them may have been slow. */
const MORE_PATIENCE: Patience = { quietMs: 3_000, msMax: 20_000 };

/** Runs as many connections as it takes. */
export async function run(options: RunOptions): Promise<Outcome> {
  const { profile, expected, unexpectedMax = UNEXPECTED_MAX } = options;
  const seen = new Map<Expected, number>();
  const unexpected: string[] = [];
  let [seed, requests, connections, agreed] = [options.seed, 0, 0, 0];
  const work = async () => {
    while (requests < options.requests && unexpected.length < unexpectedMax) {
      const own = seed++;
      const script = generate(own, profile);
      requests += script.requests;
      connections++;
      let found = await differ(script, options, PATIENCE);
      const known = found.difference && expectedOf(found.difference, expected);
      if (found.difference && !known) found = await differ(script, options, MORE_PATIENCE);
      agreed += found.agreed;
      if (found.difference === undefined) continue;
      const entry = expectedOf(found.difference, expected);
      if (entry) seen.set(entry, (seen.get(entry) ?? 0) + 1);
      else unexpected.push(describe(own, script, found));
    }
  };
  await Promise.all(Array.from({ length: CONNECTIONS_AT_ONCE }, work));
  return { connections, requests, agreed, seen, unexpected };
}

interface Found {
  readonly ours: Exchange;
  readonly theirs: Exchange;
  readonly difference?: Difference;
  readonly agreed: number;
}

async function differ(script: Script, options: RunOptions, patience: Patience): Promise<Found> {
  const [ours, theirs] = await Promise.all([
    exchange(options.ours, script, patience),
    exchange(options.theirs, script, patience),
  ]);
  const difference = compare(script.sent, ours, theirs);
  const understood = ours.answers.filter(({ status }) => status < 400).length;
  const agreed = difference?.index ?? understood;
  return { ours, theirs, agreed, ...(difference && { difference }) };
}

/** What a person needs to see what has happened, and to bring it about again. */
function describe(seed: number, script: Script, { ours, theirs, difference }: Found): string {
  const { kind, index, request } = difference as Difference;
  const about = request.before + request.head + request.after.slice(0, 300);
  return [
    `seed ${seed}, request ${index}: ours is ${JSON.stringify(kind)}`,
    `  ours:   ${showExchange(ours, index)}`,
    `  theirs: ${showExchange(theirs, index)}`,
    `  about:  ${escape(about)}`,
    `  all:    ${escape(script.sent)}${script.halfClose ? " (end)" : ""}`,
  ].join("\n");
}

function showExchange({ answers, fault, closed }: Exchange, index: number): string {
  const shown = answers.slice(index).map(({ status, echo }) => {
    return echo ? `${status} ${JSON.stringify(echo)}` : `${status}`;
  });
  return [...shown.slice(0, 3), ...fault ? [fault] : [], closed ? "closed" : "left open"].join(
    ", ",
  );
}

const SHOWN_MAX = 6_000;

function escape(text: string): string {
  const shown = text.length <= SHOWN_MAX
    ? text
    : `${text.slice(0, SHOWN_MAX / 2)}<${text.length - SHOWN_MAX} more>${
      text.slice(-SHOWN_MAX / 2)
    }`;
  return JSON.stringify(shown).replace(
    /[^\x20-\x7e]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}
