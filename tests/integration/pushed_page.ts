/** The page of all groups as a scraper reads it. @module */

import { parseSample } from "../../src/pushgateway/pages/text_sample.ts";

/** What is on a page. */
export interface Page {
  /** Values by series, as `name{label="value",…}`. */
  readonly samples: ReadonlyMap<string, number>;
  /** Series that are there more than once. */
  readonly twice: readonly string[];
  /** Types by family. */
  readonly types: ReadonlyMap<string, string>;
}

/** Reads a page of the text format. @throws {Error} where a family comes twice, or a line is no sample */
export function readPage(text: string): Page {
  const samples = new Map<string, number>();
  const twice: string[] = [];
  const types = new Map<string, string>();
  for (const line of text.split("\n").slice(0, -1)) {
    if (line.startsWith("# HELP ")) continue;
    const type = /^# TYPE (.*) (\w+)$/.exec(line);
    if (type) {
      if (types.has(type[1])) throw new Error(`expected one family ${type[1]}, found two`);
      types.set(type[1], type[2]);
      continue;
    }
    const end = line.lastIndexOf("} ") + 1;
    if (end === 0) throw new Error(`expected a sample with labels, found ${line}`);
    const series = line.slice(0, end);
    if (samples.has(series)) twice.push(series);
    samples.set(series, valueOf(line));
  }
  return { samples, twice, types };
}

function valueOf(line: string): number {
  const text = line.slice(line.lastIndexOf(" ") + 1);
  if (text === "NaN") return NaN;
  if (text.endsWith("Inf")) return text.startsWith("-") ? -Infinity : Infinity;
  return parseSample(line).value;
}
