/** Which requests changed what a group is made of, as they went to the Pushgateways. @module */

import type { RequestHead } from "./request_splitter.ts";

/** A PUT, POST or DELETE that went on to a Pushgateway, or several alike in a row. */
export interface Step {
  /** Method and member, and whether it is a copy that the service makes. */
  readonly what: string;
  readonly firstUnixMs: number;
  readonly lastUnixMs: number;
  readonly count: number;
}

/** The steps of all groups. */
export interface Trail {
  /** Notes a request; one that changes nothing is left out. */
  note(member: string, request: RequestHead): void;
  /** The steps of a group, in their order. */
  of(path: string): readonly Step[];
}

/** Makes a trail without steps. */
export function createTrail(): Trail {
  const steps = new Map<string, Step[]>();
  return {
    note(member, { method, target, contentType }) {
      if (method === "GET") return;
      const now = Date.now();
      // Clients push text; the service copies groups in the form in which it reads them.
      const copies = contentType?.includes("protobuf") ? " of a copy" : "";
      const what = `${method}${copies} to ${member}`;
      const known = steps.get(target) ?? [];
      const last = known.at(-1);
      if (last?.what === what) {
        known[known.length - 1] = { ...last, lastUnixMs: now, count: last.count + 1 };
      } else known.push({ what, firstUnixMs: now, lastUnixMs: now, count: 1 });
      steps.set(target, known);
    },
    of: (path) => steps.get(path) ?? [],
  };
}
