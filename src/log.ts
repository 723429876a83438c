/** Log lines for operators: an event and its fields, as logfmt or JSON, on standard error. @module */

import {
  configureSync,
  getJsonLinesFormatter,
  getLogfmtFormatter,
  getLogger,
  type Logger as LogTapeLogger,
  type LogRecord,
} from "@logtape/logtape";

/** The logger that every module uses. docs/logs.md lists every line. */
export interface Logger {
  readonly debug: LogLine;
  readonly info: LogLine;
  readonly warn: LogLine;
  readonly error: LogLine;
  /** Whether lines of a level are written. If not, their fields need not be made. */
  isEnabledFor(level: "debug"): boolean;
}

/** Writes a line: a phrase, which is the same each time, and fields with what differs. */
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
  /** Whether each line begins with its syslog priority, as in `<4>`, which the systemd journal reads. */
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
 * Sets up logging for the process and returns its logger. LogTape keeps its set-up for the whole process, so
 * only `main` calls this. Everything else is passed a {@linkcode Logger}.
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
        // Prometheus writes "warn": what searches its logs should find these lines too.
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

/** Returns the fields of an unexpected fault of this program itself, including where it occurred. */
export function faultFields(error: unknown): { readonly err: string; readonly stack?: string } {
  const stack = error instanceof Error ? error.stack : undefined;
  return { err: errorText(error), ...(stack !== undefined && { stack }) };
}

/** Returns an error and its causes in one line, without stack traces. */
export function errorText(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const own = error.message || error.name;
  return error.cause === undefined ? own : `${own}: ${errorText(error.cause)}`;
}

/** How many names of a long list a line shows. */
const NAMES_SHOWN = 5;

/** Returns a list of names as a field: the first few, and how many more there are. */
export function shownNames(names: readonly string[]): string {
  const shown = names.slice(0, NAMES_SHOWN).join(", ");
  const more = names.length - NAMES_SHOWN;
  return more > 0 ? `${shown} and ${more} more` : shown;
}
