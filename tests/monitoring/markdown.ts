/** As much of Markdown as the tests of the docs look at. @module */

/** A heading, by the anchor that links lead to. */
export interface Heading {
  readonly level: number;
  readonly text: string;
  readonly anchor: string;
}

/** The headings of a page in their order. */
export function headingsOf(page: string): Heading[] {
  return [...page.matchAll(/^(#+) (.*)$/gm)].map(([, { length: level }, text]) => (
    { level, text, anchor: anchorOf(text) }
  ));
}

/** The rows of all tables of a page, each as its cells; those of the heads left out. */
export function rowsOf(page: string): string[][] {
  const lines = page.split("\n").map((line) => line.trim());
  const isRule = (line: string | undefined) => line !== undefined && /^\|[-| :]+\|$/.test(line);
  return lines.filter((line, i) => line.startsWith("|") && !isRule(line) && !isRule(lines[i + 1]))
    .map((line) => line.slice(1, -1).split("|").map((cell) => cell.trim()));
}

/** The targets of all links of a page. */
export function linksOf(page: string): string[] {
  return [...page.matchAll(/\]\(([^)\s]+)\)/g)].map(([, target]) => target);
}

/** As GitHub makes it. */
function anchorOf(text: string): string {
  return text.toLowerCase().replace(/[^\w\- ]/g, "").replaceAll(" ", "-");
}
