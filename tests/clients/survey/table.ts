/** Writes what was surveyed as tables of Markdown, one for each language. Pure. @module */

import { rowsOf, sectionOf } from "../../docs/markdown.ts";
import { BODIES, type Body, type Method, type Seen, type Surveyed } from "./survey.ts";

type SeenByBody = Surveyed["seen"];

/** The page with the tables, below the root. */
export const PAGE = "docs/redirected-clients.md";
/** The heading that they stand below. */
const HEADING = "What was run";

const HEADER = [
  "client",
  "version",
  "User-Agent",
  ...BODIES,
  "what its caller sees",
  "what to set",
];
const SAYS_LENGTH_MAX = 70;

/** Versions of a client that do the same. */
interface Alike {
  readonly language: string;
  readonly name: string;
  readonly versions: string[];
  readonly userAgents: string[];
  readonly cells: readonly string[];
}

/** Renders all that was surveyed. Versions of a client that do the same share a row. */
export function renderTables(all: readonly Surveyed[]): string {
  const rows: Alike[] = [];
  for (const surveyed of all) {
    const { client: { language, name, version }, userAgent } = surveyed;
    const cells = [
      ...BODIES.map((body) => cellOf(surveyed.seen.get(body))),
      saysOf(surveyed.seen),
      remedyOf(surveyed),
    ];
    const agent = userAgent === undefined ? "none" : `\`${shorten(withoutMachine(userAgent))}\``;
    const same = rows.find((row) =>
      row.language === language && row.name === name && `${row.cells}` === `${cells}`
    );
    if (!same) rows.push({ language, name, versions: [version], userAgents: [agent], cells });
    else {
      if (!same.versions.includes(version)) same.versions.push(version);
      if (!same.userAgents.includes(agent)) same.userAgents.push(agent);
    }
  }
  return [...Map.groupBy(rows, ({ language }) => language)].map(([language, its]) => {
    const together = [...Map.groupBy(its, ({ name }) => name).values()].flat();
    const lines = together.map((
      { name, versions, userAgents, cells },
    ) => [name, versions.join(", "), userAgents.join(", "), ...cells]);
    return `### ${language}\n\n${tableOf([HEADER, HEADER.map(() => "---"), ...lines])}\n`;
  }).join("\n");
}

function tableOf(lines: readonly (readonly string[])[]): string {
  return lines.map((cells) => `| ${cells.map((cell) => cell.replaceAll("|", "\\|")).join(" | ")} |`)
    .join("\n");
}

/** What became of one kind of body, by method where it differs. */
function cellOf(seen: ReadonlyMap<Method, Seen> | undefined): string {
  if (!seen) return "–";
  const words = [...seen].map(([method, { outcomes }]) => [method, outcomes.join(" or ")]);
  const [[, first]] = words;
  if (seen.size === 2 && words.every(([, outcome]) => outcome === first)) return first;
  return words.map(([method, outcome]) => `${method}: ${outcome}`).join(", ");
}

/** What callers see of pushes that did not work. */
function saysOf(seen: SeenByBody): string {
  const texts = new Set<string>();
  for (const byMethod of seen.values()) {
    for (const { outcomes, says } of byMethod.values()) {
      if (outcomes.every((outcome) => outcome === "works" || outcome === "307")) continue;
      for (const text of says) texts.add(shorten(withoutMachine(text)));
    }
  }
  return [...texts].join("; ") || "–";
}

/** The setting of a client, with the bodies that work with it; else what works with every client. */
function remedyOf({ client: { setting }, seen, withSetting }: Surveyed): string {
  if (worksWith(seen).length === seen.size) return "–";
  const helped = worksWith(withSetting);
  if (setting === undefined || helped.length === 0) return "`auto`";
  if (helped.length === withSetting.size) return setting;
  return `${setting} (${helped.join(", ")} only), or \`auto\``;
}

function worksWith(seen: SeenByBody): Body[] {
  return [...seen].filter(([, byMethod]) =>
    [...byMethod.values()].every(({ outcomes }) => `${outcomes}` === "works")
  ).map(([body]) => body);
}

/** Takes out what differs from run to run, and from machine to machine. */
function withoutMachine(text: string): string {
  return text
    .replaceAll(/http:\/\/127\.0\.0\.\d:\d+[\w/]*/g, "URL")
    .replaceAll(/127\.0\.0\.\d:\d+/g, "ADDRESS")
    .replaceAll(/0x[0-9a-f]{6,}/g, "0x…")
    .replaceAll(/Linux \d[\w.+-]*/g, "Linux …");
}

function shorten(text: string): string {
  return text.length > SAYS_LENGTH_MAX ? `${text.slice(0, SAYS_LENGTH_MAX - 1)}…` : text;
}

/** A row of the tables, as the page has it. */
export interface Row {
  readonly language: string;
  readonly name: string;
  readonly userAgents: readonly string[];
  /** The outcome with each body, – for one that the client does not offer. */
  readonly outcomes: Readonly<Record<Body, string>>;
  readonly cells: readonly string[];
}

/** Reads the rows of all tables of a page. */
export function parseTables(page: string): Row[] {
  return page.split(/^### /m).slice(1).flatMap((section) => {
    const language = section.slice(0, section.indexOf("\n"));
    return rowsOf(section).map((cells) => {
      const [name, , agents, ...outcomes] = cells;
      return {
        language,
        name,
        userAgents: [...agents.matchAll(/`([^`]+)`/g)].map(([, agent]) => agent),
        outcomes: Object.fromEntries(
          BODIES.map((body, i) => [body, outcomes[i]]),
        ) as Row["outcomes"],
        cells,
      };
    });
  });
}

/** The page with other tables, and the day of the run. */
export function withTables(page: string, tables: string, date: string): string {
  const section = sectionOf(page, HEADING);
  const text = section.slice(0, section.indexOf("\n### ") + 1);
  const dated = text.replace(/\d{4}-\d\d-\d\d/, date);
  return page.replace(section, () => `${dated}${tables}`);
}

/** The rows that only one of the page and the tables has, each with a sign in front. */
export function differences(page: string, tables: string): string[] {
  const shown = (text: string) =>
    parseTables(text).map(({ language, cells }) => `${language}: ${cells.join(" | ")}`);
  const [described, seen] = [shown(page), shown(tables)];
  return [
    ...described.filter((row) => !seen.includes(row)).map((row) => `- ${row}`),
    ...seen.filter((row) => !described.includes(row)).map((row) => `+ ${row}`),
  ];
}
