/**
 * Remembers the group IDs of the lines of one member's pages, so that each is parsed once and not at each
 * read.
 *
 * @module
 */

import { LargeMap } from "../../concurrency/large_map.ts";

/** Group IDs by the labels of their push times, as written between the braces. */
export interface KnownIds {
  /**
   * Looks up the ID of the group whose labels are a part of some lines. Lines usually have the order of the
   * last page, so they only have to be compared.
   *
   * @param end the end of the labels
   */
  find(lines: string, start: number, end: number): string | undefined;
  /** Remembers the ID of the labels that were looked up last. */
  learn(labels: string, id: string): void;
  /**
   * Ends the reading of a page with so many groups. From time to time labels of groups that no longer exist
   * are forgotten.
   */
  read(groups: number): void;
}

interface Line {
  readonly labels: string;
  readonly id: string;
  /** The line after it on the last page. */
  next?: Line;
}

/** Labels of groups that no longer exist are kept up to this many times the number of groups. */
const GONE_TIMES = 2;
const KNOWN_MIN = 1_000;

/** Creates an empty memory of IDs. */
export function createKnownIds(): KnownIds {
  let known = new LargeMap<Line>();
  const before: Line = { labels: "", id: "" };
  let last = before;

  function follow(line: Line): void {
    last.next = line;
    last = line;
  }

  return {
    find(lines, start, end) {
      const expected = last.next;
      if (expected?.labels.length === end - start && lines.startsWith(expected.labels, start)) {
        last = expected;
        return expected.id;
      }
      const line = known.get(lines.slice(start, end));
      if (line) follow(line);
      return line?.id;
    },
    learn(labels, id) {
      const line = { labels, id };
      known.set(labels, line);
      follow(line);
    },
    read(groups) {
      last = before;
      if (known.size <= KNOWN_MIN + GONE_TIMES * groups) return;
      known = new LargeMap();
      before.next = undefined;
    },
  };
}
