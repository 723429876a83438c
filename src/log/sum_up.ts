/**
 * Sums up log lines that come by the hundred, as when a thousand members join at once. Ten lines of each
 * phrase are logged as they come, and one more for each 6 s. If more come, one line stands for those of the
 * next second, and then of two, four and so on, until few come again.
 *
 * @module
 */

import type { LogFields, Logger } from "../log.ts";

/** A logger that sums up. Disposal logs what is still held back. */
export interface SummedLog extends Disposable {
  readonly log: Logger;
}

/** Lines of one phrase that are logged as they come, and after how long there may be one more. */
const LINES_MAX = 10;
const LINE_MS = 6_000;
/** How many have to be free before lines are logged as they come again. */
const LINES_AGAIN = 5;
const FIRST_MS = 1_000;
const LAST_MS = 60_000;
/** Different values of a field that a sum names. */
const VALUES_MAX = 5;

type Level = "info" | "warn" | "error";

/** The lines of one phrase that have come lately. */
interface Burst {
  readonly level: Level;
  readonly phrase: string;
  /** How many more may be logged as they come, as of a moment. */
  free: number;
  atMs: number;
  /** Whether lines are held back. */
  isSummed: boolean;
  windowMs: number;
  held: number;
  /** The first different values of each field in the lines held back, and `undefined` if there are more. */
  values: Map<string, Set<unknown>>;
  timer?: ReturnType<typeof setTimeout>;
}

/**
 * Creates a logger that sums up lines of the levels above debug. Each line that is held back is logged at
 * debug. A sum has the same phrase. `more` is the number of lines that it stands for, and each field has
 * the first few values that the field had in them. Lines with a `problem` of a file are not held back,
 * because the operator has to correct each of them.
 */
export function sumUp(log: Logger): SummedLog {
  const bursts = new Map<string, Burst>();

  function write(level: Level, phrase: string, fields: LogFields = {}): void {
    const key = `${level} ${phrase}`;
    const now = performance.now();
    const burst = bursts.get(key) ?? newBurst(level, phrase, now);
    bursts.set(key, burst);
    if (isHeldBack(burst, now) && !("problem" in fields)) hold(burst, fields);
    else log[level](phrase, fields);
  }

  function hold(burst: Burst, fields: LogFields): void {
    log.debug(burst.phrase, fields);
    burst.held++;
    for (const [name, value] of Object.entries(fields)) note(burst.values, name, value);
    burst.timer ??= setTimeout(() => {
      burst.timer = undefined;
      tell(burst);
      burst.windowMs = Math.min(2 * burst.windowMs, LAST_MS);
    }, burst.windowMs);
  }

  function tell(burst: Burst): void {
    const fields = [...burst.values].map(([name, values]) => [name, shown(values)]);
    log[burst.level](burst.phrase, { ...Object.fromEntries(fields), more: burst.held });
    burst.held = 0;
    burst.values = new Map();
  }

  return {
    log: {
      debug: log.debug.bind(log),
      info: (phrase, fields) => write("info", phrase, fields),
      warn: (phrase, fields) => write("warn", phrase, fields),
      error: (phrase, fields) => write("error", phrase, fields),
      isEnabledFor: log.isEnabledFor.bind(log),
    },
    [Symbol.dispose]() {
      for (const burst of bursts.values()) {
        if (burst.timer === undefined) continue;
        clearTimeout(burst.timer);
        tell(burst);
      }
      bursts.clear();
    },
  };
}

function newBurst(level: Level, phrase: string, atMs: number): Burst {
  const few = { free: LINES_MAX, atMs, isSummed: false, windowMs: FIRST_MS };
  return { level, phrase, ...few, held: 0, values: new Map() };
}

/** Counts a line. Returns whether it is held back. */
function isHeldBack(burst: Burst, now: number): boolean {
  const free = Math.min(LINES_MAX, burst.free + (now - burst.atMs) / LINE_MS);
  if (free < 1) burst.isSummed = true;
  else if (free >= LINES_AGAIN && burst.timer === undefined) {
    burst.isSummed = false;
    burst.windowMs = FIRST_MS;
  }
  burst.free = Math.max(0, free - 1);
  burst.atMs = now;
  return burst.isSummed;
}

function note(values: Map<string, Set<unknown>>, name: string, value: unknown): void {
  const known = values.get(name) ?? new Set();
  values.set(name, known);
  if (known.size < VALUES_MAX) known.add(value);
  else if (!known.has(value)) known.add(undefined);
}

function shown(values: Set<unknown>): unknown {
  const [first] = values;
  if (values.size === 1) return first;
  return [...values].map((value) => value ?? "…").join(", ");
}
