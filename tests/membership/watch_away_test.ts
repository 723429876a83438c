/** How long members are remembered that are dead and not listed. @module */

import assert from "node:assert/strict";
import { createInbox } from "../../src/concurrency/inbox.ts";
import type { Listing, Observation } from "../../src/discovery/discovery.ts";
import { type Member, parseMember } from "../../src/member.ts";
import { type MembershipEvent, UNKNOWN_MEMBERSHIP } from "../../src/membership/membership.ts";
import { watchMembership } from "../../src/membership/watch.ts";
import { HashRing } from "../../src/ring/hash_ring.ts";
import { createClockwork } from "../model/clockwork.ts";

const HOUR_MS = 3_600_000;

/** A watch in virtual time, of members that are all dead but `10.0.0.1:9091`. */
async function watchIn(
  use: (watch: {
    /** Has discovery list just these. */
    list(...members: Member[]): Promise<void>;
    known(): string[];
    pass(ms: number): Promise<void>;
  }) => Promise<void>,
): Promise<void> {
  await using clock = createClockwork();
  const stop = new AbortController();
  const observations = createInbox<Observation>();
  let membership = UNKNOWN_MEMBERSHIP;
  const ended = watchMembership({
    discovery: { secondOpinion: false, listsRunning: true, observe: observations.take },
    configured: [],
    handoff: false,
    reports: createInbox<MembershipEvent>().take,
    contestMs: 0,
    random: () => 0,
    initial: { membership, ring: HashRing.of(new Map()) },
    probe: (member) =>
      Promise.resolve({ outcome: member === parseMember("10.0.0.1:9091") ? "ok" : "refused" }),
    onMembership: (next) => membership = next,
    onRing() {},
  }, stop.signal);
  await use({
    async list(...members) {
      const listing: Listing = { healthy: true, weight: 1 };
      const listings = new Map(members.map((member) => [member, listing]));
      observations.put({ kind: "members", listings });
      await clock.pass(5_000);
    },
    known: () => [...membership.records.keys()].sort(),
    pass: (ms) => clock.pass(ms),
  });
  stop.abort();
  await ended;
}

const ALIVE = parseMember("10.0.0.1:9091");
const dead = (number: number) => parseMember(`10.1.0.${number}:9091`);

Deno.test("one that is dead and not listed is remembered for a day", async () => {
  await watchIn(async ({ list, known, pass }) => {
    await list(ALIVE, dead(1));
    await list(ALIVE);
    await pass(23 * HOUR_MS);
    assert.deepEqual(known(), [ALIVE, dead(1)]);
    await pass(HOUR_MS);
    assert.deepEqual(known(), [ALIVE]);
  });
});

Deno.test("a day begins anew with one that was listed meanwhile", async () => {
  await watchIn(async ({ list, known, pass }) => {
    await list(ALIVE, dead(1));
    await list(ALIVE);
    await pass(23 * HOUR_MS);
    await list(ALIVE, dead(1));
    await list(ALIVE);
    await pass(23 * HOUR_MS);
    assert.deepEqual(known(), [ALIVE, dead(1)]);
    await pass(HOUR_MS);
    assert.deepEqual(known(), [ALIVE]);
  });
});

Deno.test("of more than a hundred those are forgotten that have been away for longest", async () => {
  await watchIn(async ({ list, known }) => {
    for (let number = 1; number <= 102; number++) await list(ALIVE, dead(number));
    await list(ALIVE);
    const left = known();
    assert.equal(left.length, 1 + 100);
    assert(!left.includes(dead(1)) && !left.includes(dead(2)) && left.includes(dead(3)));
  });
});
