/** Log lines for operators: an event and its fields, as logfmt or JSON, on standard error. @module */

import {
  configureSync,
  getJsonLinesFormatter,
  getLogfmtFormatter,
  getLogger,
  type Logger as LogTapeLogger,
  type LogRecord,
} from "@logtape/logtape";

/** What each room logs with. docs/logs.md lists every line. */
export interface Logger {
  readonly debug: LogLine;
  readonly info: LogLine;
  readonly warn: LogLine;
  readonly error: LogLine;
  /** Whether lines of a level are written: where they are not, their fields need not be made. */
  isEnabledFor(level: "debug"): boolean;
}

/** Writes a line: a phrase, which is the same each time, and fields, which hold what differs. */
export type LogLine = (phrase: string, fields?: LogFields) => void;
export type LogFields = Readonly<Record<string, unknown>>;

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
export function openLog({ level, format, priorities = false, write }: LogOptions): LogTapeLogger {
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

/** Names that a line shows of a long list. */
const NAMES_SHOWN = 5;

/** A list of names as a field: the first few, and how many more there are. */
export function shownNames(names: readonly string[]): string {
  const shown = names.slice(0, NAMES_SHOWN).join(", ");
  const more = names.length - NAMES_SHOWN;
  return more > 0 ? `${shown} and ${more} more` : shown;
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
