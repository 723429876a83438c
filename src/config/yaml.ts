/** Reads YAML. Every scalar stays a text, and the place of each value in its file is known. @module */

import { type Document, isMap, isNode, isScalar, LineCounter, parseDocument, visit } from "yaml";
import type { Issue, KeyPath } from "./fields.ts";

/** All problems of one file, each as a line `file:line:column: what`. */
export class ConfigError extends Error {
  override readonly name = "ConfigError";
  readonly problems: readonly string[];

  constructor(problems: readonly string[], options?: ErrorOptions) {
    super(problems.join("\n"), options);
    this.problems = problems;
  }
}

/** A text that is valid YAML. */
export interface YamlText {
  /** Plain maps, lists and strings; `undefined` if there is nothing. */
  readonly value: unknown;
  /** Returns `file:line:column` of a value; the file alone if the value is not in it. */
  placeOf(path: readonly PropertyKey[]): string;
  /** Returns the error for these issues, with their places, in the order of the file. */
  error(issues: readonly Issue[]): ConfigError;
}

const ALIAS_PROBLEM =
  "expected a value, found an alias (*) of no anchor; quote a text that starts with *";
const TAG_PROBLEM = "expected a value, found a tag (!) of no type; quote a text that starts with !";

/**
 * Reads the text of a file.
 *
 * @param file the file's name, for problems
 * @throws {ConfigError} if it is not YAML
 */
export function readYaml(text: string, file: string): YamlText {
  const lines = new LineCounter();
  // Every scalar stays a text, so that a password of digits keeps its leading zeros.
  const document = parseDocument(text, {
    schema: "failsafe",
    customTags: ["null"],
    merge: true,
    lineCounter: lines,
    prettyErrors: false,
  });
  const place = (offset: number) => {
    const { line, col } = lines.linePos(offset);
    return `${file}:${line}:${col}`;
  };
  // The parser only warns of an unknown tag, and drops it: a password `!abc` would become empty.
  const unknownTags = document.warnings.filter(({ code }) => code === "TAG_RESOLVE_FAILED");
  const errors = [...document.errors, ...unknownTags].sort((a, b) => a.pos[0] - b.pos[0]);
  if (errors.length > 0) {
    throw new ConfigError(
      errors.map((error) => `${place(error.pos[0])}: ${yamlProblem(error)}`),
    );
  }
  return {
    value: plainValue(document, place),
    placeOf: (path) => document.hasIn(path) ? place(offsetOf(document, { path })) : file,
    error(issues) {
      const placed = issues.map((issue) => ({ issue, offset: offsetOf(document, issue) }));
      placed.sort((a, b) => a.offset - b.offset);
      return new ConfigError(placed.map(({ issue, offset }) => {
        const other = issue.other ? ` at ${place(offsetOf(document, issue.other))}` : "";
        return `${place(offset)}: ${showPath(issue)}${issue.message}${other}`;
      }));
    },
  };
}

/** Returns the parser's message without what it quotes of the file, which may be a password. */
function yamlProblem({ code, message }: { code: string; message: string }): string {
  if (code === "BAD_ALIAS") return ALIAS_PROBLEM;
  if (code === "TAG_RESOLVE_FAILED") return TAG_PROBLEM;
  if (code === "MULTIPLE_DOCS") return "expected one YAML document, found several";
  return `expected YAML, found: ${message.replace(/(: .*| \\.*)$/s, "")}`;
}

function plainValue(document: Document, place: (offset: number) => string): unknown {
  visit(document, {
    Alias: (_, alias) => {
      if (alias.resolve(document)) return;
      throw new ConfigError([`${place(alias.range?.[0] ?? 0)}: ${ALIAS_PROBLEM}`]);
    },
  });
  try {
    return document.toJS() ?? undefined;
  } catch (cause) { // too many expanded aliases
    throw new ConfigError([`${place(0)}: expected YAML, found: ${(cause as Error).message}`], {
      cause,
    });
  }
}

function offsetOf(document: Document, { path: keys, key }: KeyPath): number {
  const path = [...keys];
  for (;;) {
    const node = path.length === 0 ? document.contents : document.getIn(path, true);
    if (isMap(node) && key !== undefined) {
      const pair = node.items.find(({ key: found }) =>
        isScalar(found) && String(found.value) === key
      );
      if (isScalar(pair?.key)) return pair.key.range?.[0] ?? 0;
    }
    if (isNode(node)) return node.range?.[0] ?? 0;
    if (path.length === 0) return 0;
    path.pop(); // a missing key is reported at the beginning of its section
  }
}

function showPath({ path }: Issue): string {
  const parts = path.map((part) => typeof part === "number" ? `[${part}]` : `.${String(part)}`);
  const text = parts.join("").replace(/^\./, "");
  return text === "" ? "" : `${text}: `;
}
