/** Metric families in the text format. Pure. @module */

import { Buffer } from "node:buffer";
import { concat } from "./concat.ts";
import type { FamilyHead, Gauge, PageFormat, ReadBytes, Wants, WriteBytes } from "./families.ts";
import type { LabelPairs } from "./json_group.ts";
import { latin1Of } from "./series.ts";
import { HASH, LINE_BYTES_MAX, NEWLINE, nextComment } from "./text_lines.ts";
import { readLabels, unescape } from "./text_sample.ts";

/** The lines above the samples, with one character for each byte. */
export interface TextHead extends FamilyHead {
  /** The name as written, maybe in quotation marks. */
  readonly written: string;
  /** The complete line, if there is one. */
  readonly help: string | undefined;
}

const HELP = "# HELP ";
const TYPE = "# TYPE ";
/** The label that distinguishes samples of one metric, by the type of the family. */
const WITHIN: Readonly<Record<string, string>> = { histogram: "le", summary: "quantile" };

/**
 * Creates the format.
 *
 * @param isSorted whether names are written as they are sorted, because none was escaped. Otherwise a family
 *   that was already written may come again, and is continued without its head.
 */
export function createTextFormat(isSorted: boolean): PageFormat<TextHead> {
  return { reader, writer: (write) => writer(write, isSorted), select, gauge, brokenOff };
}

function reader(read: ReadBytes) {
  /** The bytes that were read. They are complete lines up to the end. */
  let bytes: Uint8Array = new Uint8Array();
  let [at, end] = [0, 0];
  let isInFamily = false;

  /** Reads until there is at least one complete line. Returns `false` at the end. */
  async function fill(): Promise<boolean> {
    while (at === end) {
      const rest = bytes.slice(at); // a copy, because the bytes are valid only until more are read
      if (rest.length > LINE_BYTES_MAX) {
        throw new SyntaxError(`expected a line of at most ${LINE_BYTES_MAX} bytes, found more`);
      }
      const more = await read();
      if (!more) {
        if (rest.length === 0) return false;
        throw new SyntaxError("expected whole lines, found that the last one ends early");
      }
      bytes = rest.length > 0 ? concat([rest, more]) : more;
      at = 0;
      end = bytes.lastIndexOf(NEWLINE) + 1;
    }
    return true;
  }

  async function samples(): Promise<Uint8Array | undefined> {
    if (!isInFamily) return undefined;
    if (!await fill() || bytes[at] === HASH) {
      isInFamily = false;
      return undefined;
    }
    const from = at;
    at = Math.min(end, nextComment(bytes, from, true));
    return bytes.subarray(from, at);
  }

  async function readLine(): Promise<string | undefined> {
    if (!await fill()) return undefined;
    const from = at;
    at = bytes.indexOf(NEWLINE, from) + 1;
    return latin1Of(bytes, from, at);
  }

  return {
    async next() {
      while (await samples());
      let help: string | undefined;
      for (let line; (line = await readLine()) !== undefined;) {
        if (line.startsWith(HELP)) help = line;
        else if (line.startsWith(TYPE)) {
          isInFamily = true;
          const space = line.lastIndexOf(" ");
          const written = line.slice(TYPE.length, space);
          const type = line.slice(space + 1, -1);
          return { name: nameOf(written), written, type, help };
        } else if (line.charCodeAt(0) !== HASH) {
          throw new SyntaxError(`expected a metric family, found ${JSON.stringify(line)}`);
        }
      }
      return undefined;
    },
    samples,
  };
}

function nameOf(written: string): string {
  return written.startsWith('"') ? unescape(written.slice(1, -1)) : written;
}

function writer(write: WriteBytes, isSorted: boolean) {
  const told = new Set<string>();
  let head = "";
  return {
    begin(heads: readonly TextHead[]) {
      const [{ name, written, type }] = heads;
      head = "";
      if (told.has(name)) return;
      if (!isSorted) told.add(name);
      const help = heads.find(({ help }) => help !== undefined)?.help ?? "";
      // Samples of all types are valid as untyped ones.
      const shown = heads.every((other) => other.type === type) ? type : "untyped";
      head = `${help}${TYPE}${written} ${shown}\n`;
    },
    samples(samples: Uint8Array) {
      if (head !== "") write(Buffer.from(head, "latin1"));
      head = "";
      write(samples);
    },
    end() {},
  };
}

function select(
  samples: Uint8Array,
  { type }: TextHead,
  wants: Wants,
  take: WriteBytes,
): void {
  const within = WITHIN[type];
  /** The beginning of the wanted samples. */
  let from = 0;
  eachSample(samples, (all, at, end) => {
    if (wants(within === undefined ? all : all.filter(([name]) => name !== within))) return;
    if (at > from) take(samples.subarray(from, at));
    from = end;
  });
  if (from < samples.length) take(samples.subarray(from));
}

/**
 * Goes through whole samples.
 *
 * @param take called with the labels of each (with one character for each byte), and where its line begins and
 *   ends
 */
export function eachSample(
  samples: Uint8Array,
  take: (labels: LabelPairs, at: number, end: number) => void,
): void {
  const text = latin1Of(samples);
  for (let at = 0; at < text.length;) {
    const end = text.indexOf("\n", at) + 1;
    take(labelsOf(text.slice(at, end)), at, end);
    at = end;
  }
}

function labelsOf(line: string): LabelPairs {
  const brace = line.indexOf("{");
  return brace < 0 ? [] : readLabels(line, brace + 1).labels;
}

function gauge({ name, help, samples }: Gauge): Uint8Array {
  const lines = samples.map(({ labels, value }) => {
    const pairs = labels.map(([name, value]) => `${name}=${JSON.stringify(value)}`);
    return `${name}{${pairs}} ${value}\n`;
  });
  const head = `${HELP}${name} ${help}\n${TYPE}${name} gauge\n`;
  return new TextEncoder().encode(head + lines.join(""));
}

/** Returns a name without a number. */
function brokenOff(reason: string): Uint8Array {
  const line = `page_broke_off ${reason.replaceAll(/[^ -~]/g, "?")}`;
  return new TextEncoder().encode(`${line}\n`);
}
