/** Log lines for operators: an event and its fields, as logfmt or JSON, on standard error. @module */

import {
  configureSync,
  getJsonLinesFormatter,
  getLogfmtFormatter,
  getLogger,
  type Logger,
  type LogRecord,
} from "@logtape/logtape";

export type { Logger };

/** The levels of `--log.level`, as Prometheus names them. */
export const LOG_LEVELS = ["debug", "info", "warn", "error"] as const;
export type LogLevel = typeof LOG_LEVELS[number];

/** The formats of `--log.format`. */
export const LOG_FORMATS = ["logfmt", "json"] as const;
export type LogFormat = typeof LOG_FORMATS[number];

/** What goes into the log, and where it goes. */
export interface LogOptions {
  readonly level: LogLevel;
  readonly format: LogFormat;
  /** Each line begins with its syslog priority, as in `<4>`: the systemd journal takes it from there. */
  readonly priorities?: boolean;
  readonly write: (line: string) => void;
}

const CATEGORY = "dynamic-sharding";
/** sd-daemon(3) */
const PRIORITIES: Readonly<Record<LogRecord["level"], number>> = {
  trace: 7,
  debug: 7,
  info: 6,
  warning: 4,
  error: 3,
  fatal: 2,
};

/**
 * Sets up logging for the process and returns its logger. LogTape keeps its set-up for the whole
 * process, so this is `main`'s to call; everything else is handed a {@linkcode Logger}.
 *
 * @param write takes one line with its line end
 */
export function openLog({ level, format, priorities = false, write }: LogOptions): Logger {
  const json = getJsonLinesFormatter({ properties: "flatten" });
  const logfmt = getLogfmtFormatter();
  configureSync({
    reset: true,
    sinks: {
      lines(record) {
        const priority = priorities ? `<${PRIORITIES[record.level]}>` : "";
        // Prometheus's word is "warn"; what greps its logs should find these too.
        const line = format === "json"
          ? json(record)
          : logfmt(record).replace("level=warning", "level=warn");
        write(priority + line);
      },
    },
    loggers: [
      { category: CATEGORY, lowestLevel: level === "warn" ? "warning" : level, sinks: ["lines"] },
      { category: ["logtape", "meta"], lowestLevel: "warning", sinks: ["lines"] },
    ],
  });
  return getLogger(CATEGORY);
}

/** What is logged of a fault of this program itself, which nobody expected: where it came up, too. */
export function faultFields(error: unknown): { readonly err: string; readonly stack?: string } {
  const stack = error instanceof Error ? error.stack : undefined;
  return { err: errorText(error), ...(stack !== undefined && { stack }) };
}

/** An error and its causes in one line, without stack traces. */
export function errorText(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const own = error.message || error.name;
  return error.cause === undefined ? own : `${own}: ${errorText(error.cause)}`;
}

/** What the log has been told of each thing that lasts: a trouble is told once, and again when it changes. */
export interface Told {
  /** Whether this differs from what was told of the subject last; it counts as told from now on. */
  isNews(subject: string, text: string): boolean;
  /** Whether the subject's trouble had been told; it is over now. */
  isOver(subject: string): boolean;
}

/** Creates the memory of a log that has been told nothing. */
export function createTold(): Told {
  const told = new Map<string, string>();
  return {
    isNews(subject, text) {
      const before = told.get(subject);
      told.set(subject, text);
      return before !== text;
    },
    isOver: (subject) => told.delete(subject),
  };
}

/** What is tried again and again, and fails: told once for each reason, and once when it works again. */
export interface Trouble {
  /** Counts a failure. Says whether its reason is news: it was not told since this last worked. */
  isNews(error: unknown): boolean;
  /** It works. Says how often, and for how long, it had failed before; `undefined` where it had not. */
  over(): PastTrouble | undefined;
}

/** A trouble that is over, as fields of a log line. */
export interface PastTrouble {
  readonly failures: number;
  readonly seconds: number;
}

/** More reasons at once are not told: they are texts that are another one each time. */
const REASONS_MAX = 16;

/** Creates the memory of something that has not failed yet. */
export function createTrouble(): Trouble {
  const told = new Set<string>();
  let failures = 0;
  let sinceMs = 0;
  return {
    isNews(error) {
      if (failures++ === 0) sinceMs = performance.now();
      const reason = reasonOf(error);
      if (told.has(reason) || told.size === REASONS_MAX) return false;
      told.add(reason);
      return true;
    },
    over() {
      if (failures === 0) return undefined;
      const past = { failures, seconds: Math.round((performance.now() - sinceMs) / 1_000) };
      failures = 0;
      told.clear();
      return past;
    },
  };
}

/** An error may say by its `reason` what it counts as: its text may hold a port or a time. */
function reasonOf(error: unknown): string {
  const reason = error instanceof Error && "reason" in error ? error.reason : undefined;
  return typeof reason === "string" ? reason : errorText(error);
}
