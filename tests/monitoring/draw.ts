/**
 * Draws panels of the dashboard as one SVG. It is a drawing of our own, and not how Grafana looks: the
 * titles, the curves and their names are those of the panels. Pure.
 *
 * @module
 */

import type { Series } from "../../tools/prometheus.ts";
import type { FieldDefaults } from "./dashboard.ts";

/** A panel with the answers to its queries. */
export interface Answered {
  readonly title: string;
  /** How it is drawn, as the dashboard calls it: `timeseries`, `state-timeline` or `stat`. */
  readonly type: string;
  readonly field: FieldDefaults;
  /** One for each curve. Of a `stat` only the last sample counts. */
  readonly curves: readonly Curve[];
}

/** A curve and what the legend calls it. */
export interface Curve {
  readonly name: string;
  readonly samples: Series["samples"];
}

/** A row of the dashboard: its title, and panels side by side. */
export interface DrawnRow {
  readonly title: string;
  readonly panels: readonly Answered[];
}

/** Of what time the curves are. */
export interface Span {
  readonly startMs: number;
  readonly endMs: number;
}

/** What is drawn between the axes, and what the legend has. */
interface Plot {
  readonly drawn: string;
  readonly names: readonly Named[];
}

/** An entry of a legend. */
interface Named {
  readonly name: string;
  readonly color: string;
}

/** Where something is drawn, in pixels. */
interface Box {
  readonly x: number;
  readonly y: number;
  readonly w: number;
  readonly h: number;
}

const WIDTH = 1_000;
const MARGIN = 10;
const TITLE_H = 26;
const STAT_H = 58;
const PANEL_H = 170;
const COLORS = [
  "#3274d9",
  "#e0752d",
  "#3f9142",
  "#b877d9",
  "#d44a3a",
  "#2596a8",
  "#c4a000",
  "#8a8a8a",
];
const STATES: Readonly<Record<string, string>> = { green: "#73bf69", red: "#e0554a" };
/** For the labels of an axis. The names beside the bars of a `state-timeline` take twice as much. */
const LABELS_W = 48;
/** Of a character in a legend; the font is small. */
const CHARACTER_W = 5.1;
const MIB = 2 ** 20;

/** Draws rows below each other. */
export function drawRows(rows: readonly DrawnRow[], span: Span): string {
  const parts: string[] = [];
  let y = MARGIN;
  for (const { title, panels } of rows) {
    parts.push(text(MARGIN, y + 16, title, "row"));
    y += TITLE_H;
    const h = panels.every(({ type }) => type === "stat") ? STAT_H : PANEL_H;
    const w = (WIDTH - MARGIN * (panels.length + 1)) / panels.length;
    panels.forEach((panel, i) => {
      parts.push(
        drawPanel(panel, { x: round(MARGIN + i * (w + MARGIN)), y, w: round(w), h }, span),
      );
    });
    y += h + MARGIN;
  }
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${y}" font-family="sans-serif">
<style>
text{font-size:9.5px;fill:#444}.row{font-size:15px;font-weight:bold}.title{font-size:12px;fill:#222}
.number{font-size:20px;fill:#222}.panel{fill:#fff;stroke:#ccc}.grid{stroke:#e4e4e4}polyline{fill:none;stroke-width:1.4}
</style>
<rect width="${WIDTH}" height="${y}" fill="#f4f5f5"/>
${parts.join("\n")}
</svg>
`;
}

function drawPanel(panel: Answered, box: Box, span: Span): string {
  const { x, y, w, h } = box;
  const frame = `<rect class="panel" x="${x}" y="${y}" width="${w}" height="${h}" rx="2"/>`;
  const isNumber = panel.type === "stat";
  const title = text(x + 8, y + 17, panel.title, isNumber ? "" : "title");
  if (isNumber) return frame + title + drawNumber(panel, box);
  const isStates = panel.type === "state-timeline";
  const left = isStates ? LABELS_W * 2 : LABELS_W;
  const inner = { x: x + left, y: y + 28, w: w - left - 14, h: h - 74 };
  const draw = isStates ? drawStates : drawCurves;
  const { drawn, names } = draw(panel, inner, span);
  const legend = drawLegend(names, { x: x + 8, y: y + h - 19, w: w - 16 });
  return frame + title + drawn + drawTimes(inner, span) + legend;
}

function drawNumber({ curves, field }: Answered, { x, y }: Box): string {
  const last = curves[0]?.samples.at(-1)?.value;
  const shown = last === undefined ? field.noValue ?? "no data" : show(last, field.unit);
  return text(x + 8, y + 44, shown, "number");
}

function drawCurves({ curves: all, field }: Answered, box: Box, span: Span): Plot {
  const isStacked = field.custom?.stacking?.mode === "normal";
  // Those that are 0 all the time are named together, where others are not.
  const curves = all.some(isSeen) ? all.filter(isSeen) : all;
  const lines = isStacked ? stack(curves) : curves;
  const values = lines.flatMap(({ samples }) => samples.map(({ value }) => value))
    .filter(Number.isFinite);
  const unit = field.unit === "bytes" ? MIB : 1;
  const top = unit * niceTop(Math.max(0, ...values) / unit, field.decimals === 0);
  const at = ({ unixMs, value }: Series["samples"][number]) =>
    `${round(xOf(unixMs, box, span))},${round(box.y + box.h * (1 - value / top))}`;
  const grid = [0, 0.5, 1].map((part) => {
    const y = round(box.y + box.h * (1 - part));
    const label = text(box.x - 4, y + 3, show(top * part, field.unit), "", "end");
    return `<path class="grid" d="M${box.x} ${y}h${box.w}"/>${label}`;
  });
  const bottom = round(box.y + box.h);
  const shape = (run: Curve["samples"], color: string) => {
    const points = run.map(at).join(" ");
    if (!isStacked) return `<polyline stroke="${color}" points="${points}"/>`;
    const [from, to] = [run[0], run[run.length - 1]].map((one) => xOf(one.unixMs, box, span));
    const ends = [from, to].map((x) => `${round(x)},${bottom}`);
    return `<polygon fill="${color}" points="${ends[0]} ${points} ${ends[1]}"/>`;
  };
  const colorOf = (i: number) => COLORS[i % COLORS.length];
  // The first is drawn last, so that others do not hide it.
  const drawn = lines.map(({ samples }, i) =>
    runsOf(samples).map((run) => shape(run, colorOf(i))).join("")
  ).toReversed();
  const named = curves.map(({ name }, i) => ({ name, color: colorOf(i) }));
  const zeros = all.length - curves.length;
  const names = zeros > 0 ? [...named, { name: `${zeros} more at 0`, color: "none" }] : named;
  return { drawn: grid.join("") + drawn.join(""), names };
}

function drawStates({ curves, field }: Answered, box: Box, span: Span): Plot {
  const options = field.mappings?.[0]?.options ?? {};
  const rowH = box.h / curves.length;
  const drawn = curves.map(({ name, samples }, i) => {
    const y = round(box.y + i * rowH + 3);
    const bars = barsOf(samples).map(({ value, fromMs, toMs }) => {
      const [from, to] = [xOf(fromMs, box, span), xOf(toMs, box, span)];
      const color = STATES[options[String(value)]?.color] ?? "#999";
      const size = `width="${round(to - from)}" height="${round(rowH - 6)}"`;
      return `<rect x="${round(from)}" y="${y}" ${size} fill="${color}"/>`;
    });
    return text(box.x - 4, y + rowH / 2, name, "", "end") + bars.join("");
  });
  const names = Object.values(options).map(({ text, color }) => ({
    name: text,
    color: STATES[color],
  }));
  return { drawn: drawn.join(""), names };
}

function drawTimes({ x, y, w, h }: Box, { startMs, endMs }: Span): string {
  const minutes = Math.floor((endMs - startMs) / 60_000);
  return Array.from({ length: minutes + 1 }, (_, minute) => {
    const at = x + w * minute * 60_000 / (endMs - startMs);
    const isLast = minute === minutes;
    const label = isLast ? `${minute} min` : String(minute);
    return text(at, y + h + 13, label, "", isLast ? "end" : "middle");
  }).join("");
}

function drawLegend(names: readonly Named[], { x, y, w }: Omit<Box, "h">): string {
  let [left, top] = [x, y];
  return names.map(({ name, color }) => {
    const width = 13 + name.length * CHARACTER_W + 8;
    if (left + width > x + w && left > x) [left, top] = [x, top + 13];
    const drawn = `<rect x="${round(left)}" y="${top - 6}" width="9" height="4" fill="${color}"/>` +
      text(left + 13, top, name);
    left += width;
    return drawn;
  }).join("");
}

function text(x: number, y: number, content: string, style = "", anchor = ""): string {
  const escaped = content.replaceAll("&", "&amp;").replaceAll("<", "&lt;");
  const attributes = (style && ` class="${style}"`) + (anchor && ` text-anchor="${anchor}"`);
  return `<text x="${round(x)}" y="${round(y)}"${attributes}>${escaped}</text>`;
}

/** Whether a curve leaves the axis. */
function isSeen({ samples }: Curve): boolean {
  return samples.some(({ value }) => Number.isFinite(value) && value !== 0);
}

/** Each curve with those before it added. */
function stack(curves: readonly Curve[]): Curve[] {
  const sums = new Map<number, number>();
  return curves.map(({ name, samples }) => ({
    name,
    samples: samples.map(({ unixMs, value }) => {
      const sum = (sums.get(unixMs) ?? 0) + value;
      sums.set(unixMs, sum);
      return { unixMs, value: sum };
    }),
  }));
}

/** Samples without gaps; where there was no answer, or no number, the line ends. */
function runsOf(samples: Curve["samples"]): Curve["samples"][number][][] {
  const stepMs = Math.min(...samples.slice(1).map(({ unixMs }, i) => unixMs - samples[i].unixMs));
  const runs: Curve["samples"][number][][] = [];
  let before = -Infinity;
  for (const sample of samples.filter(({ value }) => Number.isFinite(value))) {
    if (sample.unixMs - before > stepMs) runs.push([]);
    runs.at(-1)?.push(sample);
    before = sample.unixMs;
  }
  return runs;
}

/** Samples of one value in a row. */
function barsOf(samples: Curve["samples"]): { value: number; fromMs: number; toMs: number }[] {
  const bars: { value: number; fromMs: number; toMs: number }[] = [];
  for (const { unixMs, value } of samples) {
    const last = bars.at(-1);
    if (last) last.toMs = unixMs;
    if (last?.value !== value) bars.push({ value, fromMs: unixMs, toMs: unixMs });
  }
  return bars;
}

function xOf(unixMs: number, { x, w }: Box, { startMs, endMs }: Span): number {
  return x + w * (unixMs - startMs) / (endMs - startMs);
}

/** The end of an axis that reaches a value: 1, 2, 4, 5 or 8 times a power of ten. */
function niceTop(value: number, isWhole: boolean): number {
  if (value <= 0) return isWhole ? 2 : 1;
  const power = 10 ** Math.floor(Math.log10(value));
  const nice = [1, 2, 4, 5, 8, 10].find((times) => times * power >= value * 1.02) ?? 20;
  return Math.max(nice * power, isWhole ? 2 : 0);
}

function show(value: number, unit = "none"): string {
  const digits = (number: number) => String(Number(number.toPrecision(3)));
  switch (unit) {
    case "percentunit":
      return `${digits(value * 100)} %`;
    case "s":
      return value >= 1 || value === 0 ? `${digits(value)} s` : `${digits(value * 1_000)} ms`;
    case "bytes":
      return `${digits(value / MIB)} MiB`;
    case "reqps":
    case "ops":
      return `${digits(value)} /s`;
    default:
      return digits(value) + unit.replace(/^suffix:|^none$/g, "").replace("groups", "");
  }
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}
