/** Reads one line of the text format. Pure. @module */

/** The content of a line. */
export interface Sample {
  readonly labels: readonly (readonly [name: string, value: string])[];
  readonly value: number;
}

/** Escape sequences of the format. Any other character after a backslash stands for itself. */
const ESCAPES: Readonly<Record<string, string>> = { n: "\n" };

/**
 * Reads a sample with labels and without a timestamp.
 *
 * @throws {SyntaxError} if the line is something else
 *
 * @example
 * ```ts
 * import { parseSample } from "./text_sample.ts";
 * import assert from "node:assert/strict";
 *
 * const { labels, value } = parseSample('up{job="a","my-label"="say \\"hi\\""} 1.5e+09');
 * assert.deepEqual(labels, [["job", "a"], ["my-label", 'say "hi"']]);
 * assert.equal(value, 1.5e9);
 * ```
 */
export function parseSample(line: string): Sample {
  const { labels, end } = readLabels(line, line.indexOf("{") + 1);
  const [text, ...rest] = line.slice(end).trim().split(" ");
  const value = Number(text);
  if (text === "" || Number.isNaN(value) || rest.length > 0) throw noSample(line);
  return { labels, value };
}

/**
 * Reads labels up to the closing brace. The name of the metric, which the format has among the labels if it
 * needs quotation marks, is skipped.
 *
 * @param from after the opening brace
 * @returns the labels, and the position after the closing brace
 * @throws {SyntaxError} if there are no labels
 */
export function readLabels(
  line: string,
  from: number,
): { readonly labels: Sample["labels"]; readonly end: number } {
  const labels: (readonly [string, string])[] = [];
  let at = from;
  while (line[at] !== "}") {
    // Then there is no name before the brace.
    const mayNameMetric = at === 1 && line[at] === '"';
    let name: string;
    if (line[at] === '"') {
      name = readQuoted();
    } else {
      const equals = line.indexOf("=", at);
      name = line.slice(at, equals);
      at = equals;
    }
    if (line[at] === "=" && line[at + 1] === '"') {
      at++;
      labels.push([name, readQuoted()]);
    } else if (!mayNameMetric) throw noSample(line);
    if (line[at] === ",") at++;
    else if (line[at] !== "}") throw noSample(line);
  }
  return { labels, end: at + 1 };

  /** Reads a string from its quotation mark to the next one that is not escaped. */
  function readQuoted(): string {
    const start = at + 1;
    let end = line.indexOf('"', start);
    if (end < 0) throw noSample(line);
    if (line.lastIndexOf("\\", end) < start) {
      at = end + 1;
      return line.slice(start, end);
    }
    for (end = start; line[end] !== '"'; end++) {
      if (line[end] === "\\") end++;
      if (end >= line.length) throw noSample(line);
    }
    at = end + 1;
    return unescape(line.slice(start, end));
  }
}

/** Resolves the escape sequences of a string. */
export function unescape(text: string): string {
  return text.replace(/\\(.)/g, (_, escaped: string) => ESCAPES[escaped] ?? escaped);
}

function noSample(line: string): SyntaxError {
  return new SyntaxError(`expected a sample of the text format, found ${JSON.stringify(line)}`);
}
