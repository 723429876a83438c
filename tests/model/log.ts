/** A logger that gives out lines. @module */

import type { Logger } from "../../src/log.ts";

/** Creates a logger whose lines go to a function, as `level message {fields}`. */
export function recordLog(write: (line: string) => void): Logger {
  const at = (level: string) => (message: string, fields: unknown = {}) =>
    write(`${level} ${message} ${JSON.stringify(fields)}`);
  const levels = { debug: at("debug"), info: at("info"), warn: at("warn"), error: at("error") };
  return { ...levels, isEnabledFor: () => true } as unknown as Logger;
}
