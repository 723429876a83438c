/**
 * Sums up log lines that come by the hundred, as when a thousand members join at once. The first lines of
 * a phrase are logged as they come. One line stands for the others that come within the next second, and
 * then within two, four and so on, until a while passes without any.
 *
 * @module
 */

import type { LogFields, Logger } from "../log.ts";

/** A logger that sums up. Disposal logs what is still held back. */
export interface SummedLog extends Disposable {
  readonly log: Logger;
}

/** Lines of one phrase that are logged as they come. */
const LINES_MAX = 10;
const FIRST_MS = 1_000;
const LAST_MS = 60_000;
/** Different values of a field that a sum names. */
const VALUES_MAX = 5;

type Level = "info" | "warn" | "error";

/** The lines of one phrase that have come lately. */
interface Burst {
  readonly level: Level;
  readonly phrase: string;
  lines: number;
  sinceMs: number;
  windowMs: number;
  held: number;
  /** Of each field the first different values of the lines that are held back; then `undefined`. */
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
    const known = bursts.get(key);
    const goesOn = known && (known.timer !== undefined || now - known.sinceMs < known.windowMs);
    const burst = goesOn ? known : newBurst(level, phrase, now);
    bursts.set(key, burst);
    if (burst.lines < LINES_MAX || "problem" in fields) {
      burst.lines++;
      log[level](phrase, fields);
      return;
    }
    log.debug(phrase, fields);
    burst.held++;
    for (const [name, value] of Object.entries(fields)) note(burst.values, name, value);
    const leftMs = burst.sinceMs + burst.windowMs - now;
    burst.timer ??= setTimeout(() => close(burst), leftMs);
  }

  /** Logs the sum of one while, and begins the next, which is twice as long. */
  function close(burst: Burst): void {
    burst.timer = undefined;
    tell(burst);
    burst.sinceMs = performance.now();
    burst.windowMs = Math.min(2 * burst.windowMs, LAST_MS);
  }

  function tell(burst: Burst): void {
    const fields = Object.fromEntries(
      burst.values.entries().map(([name, values]) => [
        name,
        shown(values),
      ]),
    );
    log[burst.level](burst.phrase, { ...fields, more: burst.held });
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

function newBurst(level: Level, phrase: string, sinceMs: number): Burst {
  return { level, phrase, lines: 0, sinceMs, windowMs: FIRST_MS, held: 0, values: new Map() };
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
