/**
 * Reads the push times from the text of `/metrics`, in any pieces: each group has one
 * `push_time_seconds` sample, which has the group's labels and no other but an empty `instance` where
 * the group has none. Of the rest only the times of failed pushes, when the process has started and the
 * families' types are looked at: what else there is is skipped by the family. Pure.
 *
 * @module
 */

import { groupId, groupOfLabels } from "../../group/group.ts";
import { concat } from "./concat.ts";
import { LargeMap } from "../../concurrency/large_map.ts";
import { parseSample } from "./text_sample.ts";

/** Takes a page piece by piece. */
export interface PushTimePage {
  /**
   * Takes the next bytes.
   *
   * @throws {SyntaxError} where a push time is no sample of the text format
   */
  take(bytes: Uint8Array): void;
  /** Unix seconds by group ID. */
  readonly times: ReadonlyMap<string, number>;
  /** When the last push failed, Unix seconds by group ID; only of groups where one has. */
  readonly failures: ReadonlyMap<string, number>;
  /** Types by family, as `gauge`. */
  readonly types: ReadonlyMap<string, string>;
  /** When the process started, Unix seconds; absent where the page does not tell. */
  readonly started: number | undefined;
  /**
   * Whether every push time has come. Families are sorted by name, and a page may end anywhere with
   * status 200 where a protobuf push has damaged the store; so one has to follow them. The
   * Pushgateway's own `pushgateway_build_info` always does.
   */
  readonly complete: boolean;
}

const FAMILY = "push_time_seconds";
const SAMPLE = new TextEncoder().encode(`${FAMILY}{`);
const FAILURE = new TextEncoder().encode("push_failure_time_seconds{");
const TYPE = new TextEncoder().encode("# TYPE ");
const START_TIME = new TextEncoder().encode("process_start_time_seconds ");
const STARTS = [SAMPLE, FAILURE, TYPE, START_TIME];
const START_BYTES_MAX = Math.max(...STARTS.map(({ length }) => length));
/** Families of which something is taken. */
const OF_USE = new Set([FAMILY, "push_failure_time_seconds", "process_start_time_seconds"]);
const NEWLINE = 0x0a;
/** What comments begin with, and hardly anything else has in it. */
const HASH = 0x23;
/** The group IDs of the lines of one member's pages, so that each is parsed once and not at each read. */
export interface KnownIds {
  /** The ID of the group of which a push time has these labels, as they are written between the braces. */
  idOf(labels: string): string | undefined;
  learn(labels: string, id: string): void;
  /** A page is read that has so many groups: the labels of those that have gone are forgotten in time. */
  read(groups: number): void;
}

/** Labels of groups that have gone are kept up to this many times what is there. */
const GONE_TIMES = 2;
const KNOWN_MIN = 1_000;

/** Creates them, with nothing known. */
export function createKnownIds(): KnownIds {
  let ids = new LargeMap<string>();
  return {
    idOf: (labels) => ids.get(labels),
    learn: (labels, id) => void ids.set(labels, id),
    read(groups) {
      if (ids.size > KNOWN_MIN + GONE_TIMES * groups) ids = new LargeMap();
    },
  };
}

const CLOSE_BRACE = 0x7d;
/** How the time of a group ends that no push has ever failed for: nearly all of them. */
const [SPACE, ZERO] = [0x20, 0x30];
/** A URL of more than a megabyte is refused by the Pushgateway, and so no labels come to that. */
const LINE_BYTES_MAX = 8_000_000;

/** Reads one page. */
export function createPushTimePage(known: KnownIds = createKnownIds()): PushTimePage {
  const times = new LargeMap<number>();
  const failures = new Map<string, number>();
  const types = new Map<string, string>();
  const decoder = new TextDecoder("utf-8", { fatal: true });
  let complete = false;
  let startTime: number | undefined;
  /** Of the line that the last bytes broke off in; empty where it is skipped. */
  let started: Uint8Array[] = [];
  let startedBytes = 0;
  let skipping = false;
  /** A family is skipped: up to the next comment. */
  let skippingFamily = false;
  let endsLine = true;

  function takeTime(line: Uint8Array): void {
    const brace = line.lastIndexOf(CLOSE_BRACE);
    const text = decoder.decode(line.subarray(SAMPLE.length, brace));
    const id = known.idOf(text);
    const value = Number(decoder.decode(line.subarray(brace + 2)));
    if (id !== undefined && !Number.isNaN(value)) {
      times.set(id, value);
      return;
    }
    const sample = parseSample(decoder.decode(line));
    const parsed = groupId(groupOfLabels(sample.labels));
    known.learn(text, parsed);
    times.set(parsed, sample.value);
  }

  function takeLine(line: Uint8Array): void {
    if (line.length >= SAMPLE.length && begins(line, SAMPLE)) {
      takeTime(line);
    } else if (line.length >= FAILURE.length && begins(line, FAILURE)) {
      if (line.at(-1) === ZERO && line.at(-2) === SPACE) return;
      const { labels, value } = parseSample(decoder.decode(line));
      failures.set(groupId(groupOfLabels(labels)), value);
    } else if (line.length >= TYPE.length && begins(line, TYPE)) {
      const [name, type] = decoder.decode(line.subarray(TYPE.length)).split(" ");
      types.set(name, type);
      skippingFamily = !OF_USE.has(name);
      complete ||= !name.startsWith('"') && name > FAMILY;
    } else if (line.length >= START_TIME.length && begins(line, START_TIME)) {
      startTime = Number(decoder.decode(line.subarray(START_TIME.length)));
    }
  }

  /** Keeps a piece of an unfinished line, unless it is seen to be one of no interest. */
  function keep(piece: Uint8Array): void {
    const isNews = startedBytes < START_BYTES_MAX;
    startedBytes += piece.length;
    if (startedBytes > LINE_BYTES_MAX) {
      throw new SyntaxError(`expected a line of at most ${LINE_BYTES_MAX} bytes, found more`);
    }
    started.push(new Uint8Array(piece)); // a copy: the bytes are only good during the call
    if (!isNews) return;
    const start = concat(started);
    skipping = !STARTS.some((known) => begins(start, known));
    if (skipping) forget();
  }

  function forget(): void {
    started = [];
    startedBytes = 0;
  }

  return {
    times,
    failures,
    types,
    get started() {
      return startTime;
    },
    get complete() {
      return complete;
    },
    take(bytes) {
      for (let at = 0; at < bytes.length;) {
        if (skippingFamily) {
          at = nextComment(bytes, at, endsLine);
          endsLine = bytes[bytes.length - 1] === NEWLINE;
          if (at === bytes.length) return;
          skippingFamily = false;
        }
        const newline = bytes.indexOf(NEWLINE, at);
        const end = newline < 0 ? bytes.length : newline;
        const piece = bytes.subarray(at, end);
        at = end + 1;
        if (newline < 0) {
          if (!skipping) keep(piece);
        } else if (skipping) {
          skipping = false;
        } else if (started.length > 0) {
          takeLine(concat([...started, piece]));
          forget();
        } else {
          takeLine(piece);
        }
      }
      endsLine = bytes[bytes.length - 1] === NEWLINE;
    },
  };
}

/** Where the next line begins that is a comment; the end where there is none. */
function nextComment(bytes: Uint8Array, from: number, endsLine: boolean): number {
  for (let at = from;;) {
    const hash = bytes.indexOf(HASH, at);
    if (hash < 0) return bytes.length;
    if (hash === 0 ? endsLine : bytes[hash - 1] === NEWLINE) return hash;
    at = hash + 1;
  }
}

/** Whether the two agree as far as the shorter goes. */
function begins(line: Uint8Array, start: Uint8Array): boolean {
  const length = Math.min(line.length, start.length);
  for (let i = 0; i < length; i++) if (line[i] !== start[i]) return false;
  return true;
}
