/** Files that are followed, in virtual time: what they hold is a text here, and what is wrong ends in "!". */

import assert from "node:assert/strict";
import { ConfigError } from "../../src/config/load.ts";
import { createFollowAll, createFollowed } from "../../src/service/followed.ts";
import { createClockwork } from "../model/clockwork.ts";
import { recordLog } from "../model/log.ts";

const LOOK_MS = 5_000;

interface Story {
  /** The next look finds this. */
  finds(...texts: string[]): Promise<void>;
  /** What is in force. */
  current(): string;
  readonly judged: readonly boolean[];
  /** Since the last call. */
  lines(): string[];
}

/** Follows files that hold "a" at first. @param refused is not taken over */
async function follow(tell: (story: Story) => Promise<void>, refused?: string): Promise<void> {
  await using clock = createClockwork();
  let text = "a";
  const lines: string[] = [];
  const judged: boolean[] = [];
  const followed = createFollowed(text, {
    of: "--web.config.file",
    file: "web.yml",
    read: () =>
      text.endsWith("!") ? Promise.reject(new ConfigError([text])) : Promise.resolve(text),
    isSame: (a, b) => a === b,
    onChange(next) {
      if (next === refused) throw new ConfigError([`${next} is refused`]);
    },
    log: recordLog((line) => lines.push(line)),
  });
  const stop = new AbortController();
  const following = followed.follow((isInForce) => judged.push(isInForce), stop.signal);
  await tell({
    async finds(...texts) {
      for (text of texts) await clock.pass(LOOK_MS);
    },
    current: () => followed.current,
    judged,
    lines: () => lines.splice(0),
  });
  stop.abort();
  await following;
}

const TAKEN_OVER = 'info changed files taken over {"of":"--web.config.file","file":"web.yml"}';
/** The same after looks that found something wrong. */
const takenOverAfter = (failures: number, seconds: number) =>
  TAKEN_OVER.replace("}", `,"failures":${failures},"seconds":${seconds}}`);
const wrong = (problem: string) =>
  `warn changed files not taken over, the running ones stay {"of":"--web.config.file","problem":"${problem}"}`;

Deno.test("what has changed is taken over once it was found twice", async () => {
  await follow(async ({ finds, current, lines }) => {
    await finds("a", "b");
    assert.equal(current(), "a");
    assert.deepEqual(lines(), []);
    await finds("b");
    assert.equal(current(), "b");
    assert.deepEqual(lines(), [TAKEN_OVER]);
    await finds("b", "b");
    assert.deepEqual(lines(), []);
  });
});

Deno.test("what is found in the middle of its writing is never in force", async () => {
  await follow(async ({ finds, current, lines }) => {
    await finds("b", "bc", "bcd!", "bcd", "b", "bcde");
    assert.equal(current(), "a");
    assert.deepEqual(lines(), []);
    await finds("bcde");
    assert.equal(current(), "bcde");
  });
});

Deno.test("what is wrong is told once it was found twice, and again when that changes", async () => {
  await follow(async ({ finds, current, lines, judged }) => {
    await finds("b!");
    assert.deepEqual(lines(), []);
    await finds("b!", "b!", "b!");
    assert.deepEqual(lines(), [wrong("b!")]);
    assert.equal(judged.at(-1), false);
    await finds("c!", "c!", "c!");
    assert.deepEqual(lines(), [wrong("c!")]);
    assert.equal(current(), "a");
    await finds("d", "d");
    assert.deepEqual([current(), lines(), judged.at(-1)], ["d", [takenOverAfter(5, 35)], true]);
  });
});

Deno.test("what is in force counts at once when it is back", async () => {
  await follow(async ({ finds, lines, judged }) => {
    await finds("b!", "b!");
    lines();
    await finds("a");
    assert.deepEqual(lines(), [
      'info changed files are the running ones again {"of":"--web.config.file","file":"web.yml",' +
      '"failures":1,"seconds":5}',
    ]);
    assert.equal(judged.at(-1), true);
    await finds("b!", "a", "b", "a");
    assert.deepEqual(lines(), []);
  });
});

Deno.test("what cannot be put in force is told once, and the former stays", async () => {
  await follow(async ({ finds, current, lines, judged }) => {
    await finds("b", "b", "b");
    assert.deepEqual(lines(), [wrong("b is refused")]);
    assert.deepEqual([current(), judged.at(-1)], ["a", false]);
  }, "b");
});

Deno.test("all files are in force where none that is followed is refused", {
  permissions: "none",
}, async () => {
  const judges: ((isInForce: boolean) => void)[] = [];
  const ends: (() => void)[] = [];
  const following = () => ({
    follow: (onJudged: (isInForce: boolean) => void) =>
      new Promise<void>((resolve) => {
        judges.push(onJudged);
        ends.push(resolve);
      }),
  });
  const told: boolean[] = [];
  let own = 0;
  const followAll = createFollowAll((areInForce) => told.push(areInForce));
  const tasks = [
    ...followAll([following(), following()], () => own++),
    ...followAll([following()]),
  ].map((task) => task(new AbortController().signal));
  const [first, second, third] = judges;
  first(false);
  second(true);
  third(false);
  first(true);
  assert.deepEqual(told.splice(0), [false, false, false, false]);
  assert.equal(own, 3);
  ends[2]();
  await tasks[2];
  assert.deepEqual(told.splice(0), [true], "what ends is no trouble any more");
  for (const end of ends) end();
  await Promise.all(tasks);
});
