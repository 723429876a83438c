/** The counts of a run, a row for each step, and the table that is printed of them. @module */

/** What is counted in each step. */
export interface Counts {
  readonly pushes: number;
  readonly failed: number;
  /** Samples of growing counters that both Prometheus servers stored. */
  readonly samples: number;
  /** Samples that went back, as found through Consul. */
  readonly consulTeeth: number;
  /** Those of them that lie within the first seconds of a member that came back. */
  readonly forgiven: number;
  /** Samples that went back, as found through `/sd`. */
  readonly sdTeeth: number;
  /** Groups with more than one copy. */
  readonly heldTwice: number;
  /** Groups whose latest push did not come to be seen by both Prometheus servers. */
  readonly stuck: number;
  /** Groups pushed once that are gone, changed, or not seen by both Prometheus servers. */
  readonly batchLost: number;
  /** POSTed groups that have lost the family of their first push, though no holder of it was killed. */
  readonly onceLost: number;
  /** Those that have lost it and whose holder was killed. */
  readonly onceDied: number;
}

const HEADINGS: Readonly<Record<keyof Counts, string>> = {
  pushes: "pushes",
  failed: "failed",
  samples: "samples",
  consulTeeth: "sawtooth via Consul",
  forgiven: "(of a return)",
  sdTeeth: "sawtooth via /sd",
  heldTwice: "held twice",
  stuck: "stuck",
  batchLost: "batch lost",
  onceLost: "once lost",
  onceDied: "(killed)",
};
const NAMES = Object.keys(HEADINGS) as (keyof Counts)[];

/** Renders the rows as a table of plain text. */
export function renderTable(
  title: string,
  rows: readonly (readonly [step: string, counts: Counts])[],
): string {
  const table = [
    [title, ...NAMES.map((name) => HEADINGS[name])],
    ...rows.map(([step, counts]) => [step, ...NAMES.map((name) => String(counts[name]))]),
  ];
  const widths = table[0].map((_, column) => Math.max(...table.map((row) => row[column].length)));
  const line = (row: readonly string[]) =>
    row.map((cell, i) => i === 0 ? cell.padEnd(widths[i]) : cell.padStart(widths[i])).join("  ");
  return table.map(line).join("\n");
}
