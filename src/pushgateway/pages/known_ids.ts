/** The group IDs of the lines of one member's pages, so that each is parsed once and not at each read. @module */

import { LargeMap } from "../../concurrency/large_map.ts";

/** Group IDs, by the labels of their push times as they are written between the braces. */
export interface KnownIds {
  /**
   * Looks up the ID of the group whose labels are a part of some lines. Lines come in the order of the last
   * page as a rule: then they are only compared.
   *
   * @param end behind the labels
   */
  find(lines: string, start: number, end: number): string | undefined;
  /** Remembers the ID of the labels that were looked for last. */
  learn(labels: string, id: string): void;
  /** A page was read that has so many groups: the labels of those that have gone are forgotten in time. */
  read(groups: number): void;
}

interface Line {
  readonly labels: string;
  readonly id: string;
  /** The one that came after it. */
  next?: Line;
}

/** Labels of groups that have gone are kept up to this many times what is there. */
const GONE_TIMES = 2;
const KNOWN_MIN = 1_000;

/** Creates them, with nothing known. */
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
