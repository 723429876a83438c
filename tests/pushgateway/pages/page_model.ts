/** Pages of metric families as a Pushgateway writes them, in both formats. @module */

import fc from "fast-check";
import { delimited, type Field, message } from "./protobuf_message.ts";

/** A family, with the metrics of some members. */
export interface ModelFamily {
  readonly name: string;
  readonly type: ModelType;
  readonly help: string | undefined;
  readonly metrics: readonly ModelMetric[];
}

interface ModelMetric {
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

export type ModelType = keyof typeof TYPES;
const TYPES = { counter: 0, gauge: 1, summary: 2, untyped: 3, histogram: 4 };

const LEGACY = /^[a-zA-Z_][a-zA-Z0-9_]*$/;

/** The lines of one metric. */
function linesOf({ name, type }: ModelFamily, { labels, value }: ModelMetric): string[] {
  const line = (suffix: string, more: Readonly<Record<string, string>>, value: number) => {
    const pairs = Object.entries({ ...labels, ...more }).map(([name, value]) =>
      `${LEGACY.test(name) ? name : quote(name)}=${quote(value)}`
    );
    const written = LEGACY.test(name) ? name + suffix : "";
    const inside = LEGACY.test(name) ? pairs : [quote(name + suffix), ...pairs];
    return `${written}{${inside}} ${value}\n`;
  };
  switch (type) {
    case "summary":
      return [line("", { quantile: "0.5" }, value), line("_sum", {}, 1), line("_count", {}, 1)];
    case "histogram":
      return [
        ...["1", "+Inf"].map((le) => line("_bucket", { le }, value)),
        line("_sum", {}, 1),
        line("_count", {}, 1),
      ];
    default:
      return [line("", {}, value)];
  }
}

function quote(text: string): string {
  return `"${text.replaceAll("\\", "\\\\").replaceAll("\n", "\\n").replaceAll('"', '\\"')}"`;
}

/** The lines above a family's samples. */
function headOf({ name, type, help }: ModelFamily): string {
  const written = LEGACY.test(name) ? name : quote(name);
  const escaped = help?.replaceAll("\\", "\\\\").replaceAll("\n", "\\n");
  const line = escaped === undefined ? "" : `# HELP ${written} ${escaped}\n`;
  return `${line}# TYPE ${written} ${type}\n`;
}

/** A page in the text format. */
export function textPage(families: readonly ModelFamily[]): Uint8Array {
  const text = sorted(families).map((family) =>
    headOf(family) + family.metrics.flatMap((metric) => linesOf(family, metric)).join("")
  );
  return new TextEncoder().encode(text.join(""));
}

/** One `Metric` message. */
export function metricOf({ type }: ModelFamily, { labels, value }: ModelMetric): Uint8Array {
  const pairs = Object.entries(labels).map(([name, value]): Field => [1, [[1, name], [2, value]]]);
  const values: Readonly<Record<ModelType, Field>> = {
    gauge: [2, [[1, { double: value }]]],
    counter: [3, [[1, { double: value }]]],
    summary: [4, [[1, 1], [2, { double: value }]]],
    untyped: [5, [[1, { double: value }]]],
    histogram: [7, [[1, 1], [2, { double: value }]]],
  };
  return message([...pairs, values[type]]);
}

/** A page of delimited messages. */
export function protobufPage(families: readonly ModelFamily[]): Uint8Array {
  return delimited(
    ...sorted(families).map((family) => {
      const { name, help, type, metrics } = family;
      return message([
        [1, name],
        ...(help === undefined ? [] : [[2, help] as const]),
        [3, TYPES[type]],
        ...metrics.map((metric) => [4, metricOf(family, metric)] as const),
      ]);
    }),
  );
}

/** As Go sorts them; a family without metrics is on no page. */
function sorted(families: readonly ModelFamily[]): ModelFamily[] {
  const bytes = (text: string) => new TextEncoder().encode(text);
  const order = (a: Uint8Array, b: Uint8Array): number => {
    const at = a.findIndex((byte, i) => byte !== b[i]);
    return at < 0 ? a.length - b.length : a[at] - (b[at] ?? -1);
  };
  return families.filter(({ metrics }) => metrics.length > 0)
    .toSorted((a, b) => order(bytes(a.name), bytes(b.name)));
}

const texts = fc.string({
  unit: fc.oneof(fc.constantFrom("\\", '"', "\n", "}", "{", ",", "=", "#", " "), fc.string()),
});
const names = fc.oneof(
  fc.constantFrom("a", "a_total", "b", "push_time_seconds", "go_threads", "zzz"),
  fc.constantFrom("my.metric", "é", "\u{1f600}", "\ufb01", 'say "hi"', "a b"),
);
const metrics = fc.array(
  fc.record({
    labels: fc.dictionary(fc.constantFrom("env", "la.bel", "x"), texts)
      .map((labels) => ({ ...labels, job: "j" })),
    value: fc.nat(),
  }),
  { maxLength: 8 },
);

/** Families of one page. */
export const families: fc.Arbitrary<ModelFamily[]> = fc.uniqueArray(
  fc.record({
    name: names,
    type: fc.constantFrom(...Object.keys(TYPES) as ModelType[]),
    help: fc.option(texts, { nil: undefined }),
    metrics,
  }),
  { selector: ({ name }) => name, maxLength: 8 },
);
