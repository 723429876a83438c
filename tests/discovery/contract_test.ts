/** What all sources of members have in common, each on the real thing. @module */

import assert from "node:assert/strict";
import { FAULTS, FIRST, SOURCES } from "./sources.ts";
import { follow } from "./following.ts";

const [ONE, TWO] = FIRST;
const THREE = "10.0.0.3:9091";

for (const [kind, start] of Object.entries(SOURCES)) {
  Deno.test(`${kind} tells the members that are known, to each who follows it`, async () => {
    await using source = await start();
    await using first = follow(source.discovery);
    await using second = follow(source.discovery);
    for (const { tells } of [first, second]) await tells(FIRST);
    await second.end();
    await using third = follow(source.discovery);
    await third.tells(FIRST);
  });

  Deno.test(`${kind} ends when it is told to, and tells nothing more`, async () => {
    await using source = await start();
    await using following = follow(source.discovery);
    await following.tells(FIRST);
    await following.end();
    const { length } = following.told;
    await source.name?.([THREE]);
    assert.equal(following.told.length, length);
  });

  Deno.test(`${kind} tells nothing to who has ended before it began`, async () => {
    await using source = await start();
    for await (const { kind } of source.discovery.observe(AbortSignal.abort())) assert.fail(kind);
  });

  Deno.test(`${kind} ends while it looks members up for the first time`, async () => {
    await using source = await start();
    const stop = new AbortController();
    const looking = source.discovery.observe(stop.signal)[Symbol.asyncIterator]();
    const first = looking.next();
    stop.abort();
    await first;
    assert.equal((await looking.next()).done, true);
  });
}

for (const kind of ["consul", "dns_sd", "file_sd"] as const) {
  Deno.test(`${kind} tells who comes and who goes`, async () => {
    await using source = await SOURCES[kind]();
    await using following = follow(source.discovery);
    await following.tells([ONE, TWO]);
    for (const members of [[ONE, TWO, THREE], [TWO, THREE], [ONE, THREE], [ONE]]) {
      await source.name?.(members);
      await following.tells(members);
    }
    assert.doesNotMatch(following.told.join("\n"), /failed|^$/m);
  });

  for (const what of FAULTS[kind]) {
    Deno.test(`${kind} tells a failure, and not that nobody is there, where ${what}`, async () => {
      await using source = await SOURCES[kind]();
      const fault = source.faults[what];
      await using following = follow(source.discovery);
      await following.tells(FIRST);
      await fault.begin();
      await following.fails(fault.told);
      await fault.end?.();
      await source.name?.([TWO, THREE]);
      await following.tells([TWO, THREE]);
      assert(!following.told.includes(""), following.told.join("\n"));
    });

    Deno.test(`${kind} begins with a failure where ${what}, and tells its members after it`, async () => {
      await using source = await SOURCES[kind]();
      const fault = source.faults[what];
      await fault.begin();
      await using following = follow(source.discovery);
      await following.fails(fault.told);
      await fault.end?.();
      await source.name?.(FIRST);
      await following.tells(FIRST);
      assert(!following.told.includes(""), following.told.join("\n"));
    });
  }
}
