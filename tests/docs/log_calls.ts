/** Every line that the code may log, as TypeScript's own compiler reads it. @module */

import { readdirSync } from "node:fs";
import { join, relative } from "node:path";
import ts from "typescript";
import { ROOT } from "./pages.ts";

/** A line that a call may log. */
export interface LogCall {
  readonly level: string;
  readonly phrase: string;
  /** The names of its fields, those that not every such line has among them. */
  readonly fields: readonly string[];
  /** The file and line of the call. */
  readonly place: string;
}

const LEVELS = new Set(["debug", "info", "warn", "error"]);
/** What passes lines on, and has none of its own. */
const PASSES_ON = /^src\/log[/.]/;
const OPTIONS: ts.CompilerOptions = {
  allowImportingTsExtensions: true,
  module: ts.ModuleKind.ESNext,
  moduleResolution: ts.ModuleResolutionKind.Bundler,
  noEmit: true,
  strict: true,
  target: ts.ScriptTarget.ESNext,
  types: [],
};

/**
 * Reads the calls of `log.debug`, `log.info`, `log.warn` and `log.error` below `src/`.
 *
 * @throws {Error} with its place, where a call has a phrase that is not written out in the code
 */
export function readLogCalls(): LogCall[] {
  const files = readdirSync(`${ROOT}src`, { recursive: true, encoding: "utf8" })
    .filter((path) => path.endsWith(".ts")).map((path) => join(ROOT, "src", path));
  const program = ts.createProgram(files, OPTIONS);
  const checker = program.getTypeChecker();
  return files.flatMap((file) => {
    const source = program.getSourceFile(file);
    const path = relative(ROOT, file);
    if (!source || PASSES_ON.test(path)) return [];
    const placeOf = (node: ts.Node) =>
      `${path}:${source.getLineAndCharacterOfPosition(node.getStart()).line + 1}`;
    const calls: LogCall[] = [];
    const visit = (node: ts.Node): void => {
      ts.forEachChild(node, visit);
      if (!ts.isCallExpression(node) || !ts.isPropertyAccessExpression(node.expression)) return;
      const { expression: logger, name: { text: level } } = node.expression;
      if (!LEVELS.has(level) || !/(^|\.)log$/.test(logger.getText())) return;
      const [phrase, fields] = node.arguments;
      const place = placeOf(node);
      const names = fields ? propertiesOf(checker.getTypeAtLocation(fields)) : [];
      for (const text of textsOf(phrase, checker, place)) {
        calls.push({ level, phrase: text, fields: names, place });
      }
    };
    visit(source);
    return calls;
  });
}

/** The texts that an expression may be. */
function textsOf(node: ts.Expression, checker: ts.TypeChecker, place: string): string[] {
  if (ts.isStringLiteralLike(node)) return [node.text];
  if (ts.isConditionalExpression(node)) {
    return [node.whenTrue, node.whenFalse].flatMap((one) => textsOf(one, checker, place));
  }
  if (ts.isBinaryExpression(node) && node.operatorToken.kind === ts.SyntaxKind.PlusToken) {
    const rights = textsOf(node.right, checker, place);
    return textsOf(node.left, checker, place).flatMap((left) => rights.map((text) => left + text));
  }
  const declared = ts.isIdentifier(node) && checker.getSymbolAtLocation(node)?.valueDeclaration;
  if (declared && ts.isVariableDeclaration(declared) && declared.initializer) {
    return textsOf(declared.initializer, checker, place);
  }
  throw new Error(`${place}: expected a phrase that is written out, found ${node.getText()}`);
}

function propertiesOf(type: ts.Type): string[] {
  const types = type.isUnion() ? type.types : [type];
  return [...new Set(types.flatMap((one) => one.getProperties().map(({ name }) => name)))].sort();
}
