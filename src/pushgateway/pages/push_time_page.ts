/**
 * Reads the push times from the text of `/metrics`, which arrives in pieces. Each group has one
 * `push_time_seconds` sample with the labels of the group, and with an empty `instance` if the group has
 * none. Otherwise only the times of failed pushes, the start time of the process and the types of families
 * are read. All other families are skipped. Pure.
 *
 * @module
 */

import { groupId, groupOfLabels } from "../../group/group.ts";
import { concat } from "./concat.ts";
import { LargeMap } from "../../concurrency/large_map.ts";
import { createKnownIds, type KnownIds } from "./known_ids.ts";
import { begins, LINE_BYTES_MAX, NEWLINE, nextComment } from "./text_lines.ts";
import { parseSample } from "./text_sample.ts";

/** Takes a page in pieces. */
export interface PushTimePage {
  /**
   * Takes the next bytes.
   *
   * @throws {SyntaxError} if a push time is not a sample of the text format
   */
  take(bytes: Uint8Array): void;
  /** In Unix seconds, by group ID. */
  readonly times: ReadonlyMap<string, number>;
  /** When the last push failed, in Unix seconds by group ID. Only groups with a failed push. */
  readonly failures: ReadonlyMap<string, number>;
  /** The types of families by name, as `gauge`. */
  readonly types: ReadonlyMap<string, string>;
  /** When the process started, in Unix seconds. Absent if it is not on the page. */
  readonly started: number | undefined;
  /**
   * Whether all push times were read. Families are sorted by name, and a page may end anywhere with status
   * 200 if a protobuf push has damaged the store, so another family has to follow them. The Pushgateway's own
   * `pushgateway_build_info` always does.
   */
  readonly complete: boolean;
}

const FAMILY = "push_time_seconds";
const SAMPLE_START = `${FAMILY}{`;
const SAMPLE = new TextEncoder().encode(SAMPLE_START);
const FAILURE = new TextEncoder().encode("push_failure_time_seconds{");
const TYPE = new TextEncoder().encode("# TYPE ");
const START_TIME = new TextEncoder().encode("process_start_time_seconds ");
const STARTS = [SAMPLE, FAILURE, TYPE, START_TIME];
const START_BYTES_MAX = Math.max(...STARTS.map(({ length }) => length));
/** Families whose samples are read. */
const OF_USE = new Set([FAMILY, "push_failure_time_seconds", "process_start_time_seconds"]);
const [SPACE, ZERO] = [0x20, 0x30];

/** Reads one page. */
export function createPushTimePage(known: KnownIds = createKnownIds()): PushTimePage {
  const times = new LargeMap<number>();
  const failures = new Map<string, number>();
  const types = new Map<string, string>();
  const decoder = new TextDecoder("utf-8", { fatal: true });
  const encoder = new TextEncoder();
  let complete = false;
  let startTime: number | undefined;
  /** The beginning of the line in which the last bytes broke off. Empty while the line is skipped. */
  let started: Uint8Array[] = [];
  let startedBytes = 0;
  let skipping = false;
  /** Whether a family is skipped, up to the next comment. */
  let skippingFamily = false;
  let endsLine = true;

  /** Takes whole lines of push times, decoded together: decoding them separately takes twice as long. */
  function takeTimes(lines: string): void {
    for (let at = 0; at < lines.length;) {
      const newline = lines.indexOf("\n", at);
      const end = newline < 0 ? lines.length : newline;
      if (lines.startsWith(SAMPLE_START, at)) takeTime(lines, at, end);
      else takeLine(encoder.encode(lines.slice(at, end)));
      at = end + 1;
    }
  }

  function takeTime(lines: string, at: number, end: number): void {
    const brace = lines.lastIndexOf("}", end);
    const labelsAt = at + SAMPLE.length;
    const id = known.find(lines, labelsAt, brace);
    const value = Number(lines.slice(brace + 2, end));
    if (id !== undefined && !Number.isNaN(value)) times.set(id, value);
    else takeNew(lines.slice(at, end), lines.slice(labelsAt, brace));
  }

  function takeNew(line: string, labels: string): void {
    const sample = parseSample(line);
    const id = groupId(groupOfLabels(sample.labels));
    // A copy, because a part of a string keeps the whole string in memory.
    known.learn(decoder.decode(encoder.encode(labels)), id);
    times.set(id, sample.value);
  }

  function takeLine(line: Uint8Array): void {
    if (begins(line, SAMPLE)) {
      takeTimes(decoder.decode(line));
    } else if (begins(line, FAILURE)) {
      if (isZero(line, line.length)) return;
      const { labels, value } = parseSample(decoder.decode(line));
      failures.set(groupId(groupOfLabels(labels)), value);
    } else if (begins(line, TYPE)) {
      const [name, type] = decoder.decode(line.subarray(TYPE.length)).split(" ");
      types.set(name, type);
      skippingFamily = !OF_USE.has(name);
      complete ||= !name.startsWith('"') && name > FAMILY;
    } else if (begins(line, START_TIME)) {
      startTime = Number(decoder.decode(line.subarray(START_TIME.length)));
    }
  }

  /** Takes the similar lines at a position, if there are any. Returns where the next line begins. */
  function takeAlike(bytes: Uint8Array, from: number): number {
    let at = from;
    if (begins(bytes, SAMPLE, at)) {
      const end = Math.min(bytes.lastIndexOf(NEWLINE) + 1, nextComment(bytes, at, true));
      if (end > at) takeTimes(decoder.decode(bytes.subarray(at, end)));
      at = Math.max(at, end);
    }
    while (begins(bytes, FAILURE, at)) {
      const newline = bytes.indexOf(NEWLINE, at);
      if (newline < 0 || !isZero(bytes, newline)) break;
      at = newline + 1;
    }
    return at;
  }

  /** Keeps a piece of an incomplete line, unless its beginning shows that it is not needed. */
  function keep(piece: Uint8Array): void {
    const isNews = startedBytes < START_BYTES_MAX;
    startedBytes += piece.length;
    if (startedBytes > LINE_BYTES_MAX) {
      throw new SyntaxError(`expected a line of at most ${LINE_BYTES_MAX} bytes, found more`);
    }
    started.push(new Uint8Array(piece)); // a copy, because the bytes are valid only during the call
    if (!isNews) return;
    const start = concat(started);
    skipping = !STARTS.some((known) => agree(start, known));
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
      if (bytes.length === 0) return;
      for (let at = 0; at < bytes.length;) {
        if (skippingFamily) {
          at = nextComment(bytes, at, endsLine);
          endsLine = bytes[bytes.length - 1] === NEWLINE;
          if (at === bytes.length) return;
          skippingFamily = false;
        }
        if (!skipping && started.length === 0) at = takeAlike(bytes, at);
        if (at === bytes.length) break;
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

/** Whether both are the same up to the end of the shorter one. */
function agree(line: Uint8Array, start: Uint8Array): boolean {
  return begins(line, start.subarray(0, line.length));
}

/** Whether the line that ends there has the value 0: its group has no failed push, like nearly all groups. */
function isZero(bytes: Uint8Array, end: number): boolean {
  return bytes[end - 1] === ZERO && bytes[end - 2] === SPACE;
}
