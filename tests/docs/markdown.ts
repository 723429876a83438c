/** As much of Markdown as the tests of the docs look at. @module */

/** A heading, with the anchor that links lead to. */
export interface Heading {
  readonly level: number;
  readonly text: string;
  readonly anchor: string;
}

/** A fenced block of code. */
export interface CodeBlock {
  readonly language: string;
  readonly text: string;
}

const FENCE = /^( *)```(\S*)\n([\s\S]*?)^\1```$/gm;

/** The fenced blocks of a page in their order, without the indentation of a list. */
export function codeBlocksOf(page: string): CodeBlock[] {
  return [...page.matchAll(FENCE)].map(([, indent, language, text]) => ({
    language,
    text: text.replaceAll(new RegExp(`^${indent}`, "gm"), ""),
  }));
}

/** The headings of a page in their order. */
export function headingsOf(page: string): Heading[] {
  const seen = new Map<string, number>();
  return [...withBlankCode(page).matchAll(/^(#+) (.*)$/gm)].map(([, { length: level }, text]) => {
    const plain = anchorOf(text);
    const before = seen.get(plain) ?? 0;
    seen.set(plain, before + 1);
    return { level, text, anchor: before === 0 ? plain : `${plain}-${before}` };
  });
}

/**
 * Returns what stands below a heading, up to the next one of its level or above.
 *
 * @throws {Error} when there is no such heading
 */
export function sectionOf(page: string, heading: string): string {
  const levels = withBlankCode(page).split("\n").map((line) => /^(#+) /.exec(line)?.[1].length);
  const lines = page.split("\n");
  const from = lines.findIndex((line, i) => levels[i] && line.slice(levels[i] + 1) === heading);
  if (from < 0) throw new Error(`expected a heading "${heading}", found none`);
  const to = levels.findIndex((level, i) => i > from && level && level <= (levels[from] ?? 0));
  return lines.slice(from + 1, to < 0 ? undefined : to).join("\n");
}

/** The rows of all tables of a page, each as its cells; those of the heads left out. */
export function rowsOf(page: string): string[][] {
  const lines = page.split("\n").map((line) => line.trim());
  const isRule = (line: string | undefined) => line !== undefined && /^\|[-| :]+\|$/.test(line);
  return lines.filter((line, i) => line.startsWith("|") && !isRule(line) && !isRule(lines[i + 1]))
    .map((line) => line.slice(1, -1).split("|").map((cell) => cell.trim()));
}

/** The targets of all links and pictures of a page. */
export function linksOf(page: string): string[] {
  const text = withBlankCode(page).replaceAll(/`[^`]*`/g, "");
  const inline = [...text.matchAll(/\]\(([^)\s]+)\)/g)].map(([, target]) => target);
  const attributes = [...text.matchAll(/(?:src|href)="([^"]+)"/g)].map(([, target]) => target);
  return [...inline, ...attributes];
}

/** The inline code of a page, each piece on one line. */
export function inlineCodeOf(page: string): string[] {
  return [...withBlankCode(page).matchAll(/`([^`]+)`/g)].map(([, text]) =>
    text.replaceAll(/\s+/g, " ")
  );
}

/** The same lines, with nothing on those of fenced blocks: a comment in them is no heading. */
function withBlankCode(page: string): string {
  return page.replaceAll(FENCE, (block) => block.replaceAll(/[^\n]/g, ""));
}

/** As GitHub makes it: letters and digits of any script stay. */
function anchorOf(text: string): string {
  const shown = text.replaceAll(/\[([^\]]*)\]\([^)]*\)/g, "$1");
  return shown.toLowerCase().replaceAll(/[^\p{L}\p{M}\p{N}\p{Pc}\- ]/gu, "").replaceAll(" ", "-");
}
