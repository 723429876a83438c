/**
 * Reads the push times from the text of `/metrics`, in any pieces: each group has one
 * `push_time_seconds` sample, which has the group's labels and no other but an empty `instance` where
 * the group has none. Of the rest only the times of failed pushes and the families' types are looked
 * at. Pure.
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
const NEWLINE = 0x0a;
/** How the time of a group ends that no push has ever failed for: nearly all of them. */
const [SPACE, ZERO] = [0x20, 0x30];
/** A URL of more than a megabyte is refused by the Pushgateway, and so no labels come to that. */
const LINE_BYTES_MAX = 8_000_000;

/** Reads one page. */
export function createPushTimePage(): PushTimePage {
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

  function takeLine(line: Uint8Array): void {
    if (line.length >= SAMPLE.length && begins(line, SAMPLE)) {
      const { labels, value } = parseSample(decoder.decode(line));
      times.set(groupId(groupOfLabels(labels)), value);
    } else if (line.length >= FAILURE.length && begins(line, FAILURE)) {
      if (line.at(-1) === ZERO && line.at(-2) === SPACE) return;
      const { labels, value } = parseSample(decoder.decode(line));
      failures.set(groupId(groupOfLabels(labels)), value);
    } else if (line.length >= TYPE.length && begins(line, TYPE)) {
      const [name, type] = decoder.decode(line.subarray(TYPE.length)).split(" ");
      types.set(name, type);
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
    },
  };
}

/** Whether the two agree as far as the shorter goes. */
function begins(line: Uint8Array, start: Uint8Array): boolean {
  const length = Math.min(line.length, start.length);
  for (let i = 0; i < length; i++) if (line[i] !== start[i]) return false;
  return true;
}
