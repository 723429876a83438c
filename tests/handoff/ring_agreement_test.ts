/** What the operator is told of instances that do not answer to one another; in virtual time. @module */

import assert from "node:assert/strict";
import { showAnnounced } from "../../src/handoff/plan/announced_ring.ts";
import { REDIRECT_MS } from "../../src/handoff/plan/rings.ts";
import { createRingAgreement } from "../../src/handoff/ring_agreement.ts";
import { openLog } from "../../src/log.ts";
import { createClockwork } from "../model/clockwork.ts";
import { a, b, ringOf } from "./plan/members.ts";

/** What the clock goes on by each time that it is asked. */
const LOOK_MS = 0.1;

/** An instance beside another one that has heard of it, or not. */
function startAgreement(clock: () => number) {
  const lines: string[] = [];
  let own: string | undefined;
  let heard: Record<string, number> = {};
  const announcements = {
    announce: (text: string) => void (own = text),
    get all() {
      const said = {
        since: 1,
        seen: [],
        version: 1,
        from: 1,
        heard: new Map(Object.entries(heard)),
      };
      const theirs = showAnnounced({ ring: ringOf(b), ...said });
      const ours = own === undefined ? [] : [{ id: "ours", text: own, isOwn: true, isLost: false }];
      return [{ id: "theirs", text: theirs, isOwn: false, isLost: false }, ...ours];
    },
    isCurrent: true,
  };
  const agreement = createRingAgreement(ringOf(a), {
    locks: () => undefined,
    announcements: () => announcements,
    configHash: () => "",
    onMoved() {},
    log: openLog({ level: "info", format: "logfmt", write: (line) => lines.push(line) }),
    clock,
  });
  const stop = new AbortController();
  agreement.othersChanged();
  const running = agreement.run(stop.signal);
  return {
    lines,
    otherHas(what: Record<string, number>): void {
      heard = what;
      agreement.othersChanged();
    },
    async [Symbol.asyncDispose]() {
      stop.abort();
      await running;
    },
  };
}

Deno.test("who does not hear of an instance for long is told once, and again after it did", {
  permissions: "none",
}, async () => {
  await using clock = createClockwork();
  await using agreement = startAgreement(() => clock.nowMs);
  agreement.otherHas({});
  await clock.pass(15_000);
  assert.deepEqual(agreement.lines, [], "it may be about to");
  await clock.pass(60_000);
  assert.equal(agreement.lines.length, 1);
  assert.match(
    agreement.lines[0],
    /instances have not confirmed the rings of others.* sessions=theirs/,
  );
  agreement.otherHas({ ours: 1 });
  await clock.pass(60_000);
  assert.equal(agreement.lines.length, 2);
  assert.match(agreement.lines[1], /all instances have confirmed .* failures=\d seconds=\d+/);
  agreement.otherHas({});
  await clock.pass(60_000);
  assert.equal(agreement.lines.length, 3);
});

Deno.test("a ring is out of use in time, wherever the clock goes on between two looks at it", {
  permissions: "none",
}, async () => {
  for (let earlyMs = 0; earlyMs <= 2; earlyMs += 0.1) {
    await using clockwork = createClockwork();
    let looks = 0;
    // Timers fire a little early, and each look takes time.
    const clock = () => clockwork.nowMs * (1 - earlyMs / REDIRECT_MS) + LOOK_MS * looks++;
    let inUse = 0;
    const agreement = createRingAgreement(ringOf(a), {
      locks: () => undefined,
      announcements: () => undefined,
      configHash: () => "",
      onMoved: (rings) => inUse = rings.inUse.length,
      log: openLog({ level: "info", format: "logfmt", write() {} }),
      clock,
    });
    const stop = new AbortController();
    const running = agreement.run(stop.signal);
    agreement.ringChanged(ringOf(b));
    assert.equal(inUse, 1);
    await clockwork.pass(2 * REDIRECT_MS);
    assert.equal(inUse, 0, `timers ${earlyMs.toFixed(1)} ms early`);
    stop.abort();
    await running;
  }
});
