/** Reads one line of the text format. Pure. @module */

/** What a line tells. */
export interface Sample {
  readonly labels: readonly (readonly [name: string, value: string])[];
  readonly value: number;
}

/** What the format writes behind a backslash; any other stands for itself. */
const ESCAPES: Readonly<Record<string, string>> = { n: "\n" };

/**
 * Reads a sample with labels and without a timestamp.
 *
 * @throws {SyntaxError}
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
 * Reads labels up to the brace that closes them. A name of the metric among them, as the format has it for
 * one that needs quotation marks, is passed over.
 *
 * @param from behind the brace that opens them
 * @returns the labels, and where what comes behind the closing brace begins
 * @throws {SyntaxError}
 */
export function readLabels(
  line: string,
  from: number,
): { readonly labels: Sample["labels"]; readonly end: number } {
  const labels: (readonly [string, string])[] = [];
  let at = from;
  while (line[at] !== "}") {
    // Before the brace there is none then.
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

  /** From one quotation mark to behind the next that is not escaped. */
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

/** What stands between quotation marks. */
export function unescape(text: string): string {
  return text.replace(/\\(.)/g, (_, escaped: string) => ESCAPES[escaped] ?? escaped);
}

function noSample(line: string): SyntaxError {
  return new SyntaxError(`expected a sample of the text format, found ${JSON.stringify(line)}`);
}
