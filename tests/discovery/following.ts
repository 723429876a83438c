/** A discovery that is followed, and what it has told so far. @module */

import assert from "node:assert/strict";
import type { Discovery, Observation } from "../../src/discovery/discovery.ts";
import { errorText } from "../../src/log.ts";
import { waitFor } from "../../tools/wait.ts";

/** One that is followed. Disposal ends that and awaits it. */
export interface Following extends AsyncDisposable {
  /**
   * What it has told, in order: `failed: why`, `data lost`, or the members and those weights that are not 1.
   */
  readonly told: readonly string[];
  /** Waits until it tells just these members, in whatever order, after all that was told before. */
  tells(members: readonly string[]): Promise<void>;
  /** Waits until it tells a failure in these words, after all that was told before. */
  fails(words: RegExp): Promise<void>;
  /** Ends it, and awaits that. */
  end(): Promise<void>;
}

/** Follows a discovery. */
export function follow(discovery: Discovery): Following {
  const told: string[] = [];
  const stop = new AbortController();
  let waitedFor = 0;
  const running = (async () => {
    for await (const observation of discovery.observe(stop.signal)) told.push(show(observation));
  })();
  const waitUntil = async (what: string, isIt: (text: string) => boolean) => {
    const at = await waitFor(() => told.findIndex((text, i) => i >= waitedFor && isIt(text)) + 1, {
      what,
    }).catch((error) => assert.fail(`${error.message}; it told:\n${told.join("\n")}`));
    waitedFor = at;
  };
  const end = async () => {
    stop.abort();
    await running;
  };
  return {
    told,
    async tells(members) {
      const wanted = [...members].sort().join(" ");
      await waitUntil(wanted, (text) => text === wanted);
    },
    fails: (words) => waitUntil(String(words), (text) => /^failed/.test(text) && words.test(text)),
    end,
    [Symbol.asyncDispose]: end,
  };
}

/** An observation in one line. */
export function show(observation: Observation): string {
  if (observation.kind === "failed") return `failed: ${errorText(observation.cause)}`;
  // A Consul that has just started may list nobody yet: nobody counts as taken out by that.
  if (observation.listings.size === 0 && observation.nodes?.size === 0) return "data lost";
  const members = [...observation.listings].map(([member, { weight }]) =>
    weight === 1 ? member : `${member}*${weight}`
  );
  return members.sort().join(" ");
}
