/** What settling takes, before Pushgateways in memory. @module */

import { LargeMap } from "../../../src/concurrency/large_map.ts";
import type { Gateways } from "../../../src/handoff/gateways.ts";
import { createWhereabouts } from "../../../src/handoff/plan/whereabouts.ts";
import { createExclusive, type Exclusive } from "../../../src/handoff/settle/exclusive.ts";
import { createFlows } from "../../../src/handoff/settle/many/flow.ts";
import { createMoveMemory } from "../../../src/handoff/settle/many/memory.ts";
import type { Member } from "../../../src/member.ts";
import { HashRing } from "../../../src/ring/hash_ring.ts";
import type { Bench } from "../../model/bench.ts";

/** What may be different. */
export interface DepsOptions {
  readonly gateways?: Partial<Gateways>;
  readonly exclusive?: Exclusive;
  readonly isUsed?: (member: Member, key: string) => boolean;
  /** The ring is made of these; of the second member alone where nothing is said. */
  readonly ring?: readonly Member[];
  readonly memoryMax?: number;
}

/** Creates them; `told` takes what an operator would be told. */
export function depsOf(
  bench: Bench,
  { gateways = {}, exclusive, isUsed = () => false, ring: members, memoryMax = 1e9 }: DepsOptions =
    {},
) {
  const ring = HashRing.of(new Map((members ?? [bench.members[1]]).map((one) => [one, 1])));
  const whereabouts = createWhereabouts(ring);
  whereabouts.membersChanged(new Map(bench.members.map((one) => [one, { up: true }])), new Map());
  for (const one of bench.members) {
    whereabouts.begin(one).end({
      times: new Map(),
      failures: new Map(),
      clockAhead: { min: 0, max: 0 },
    });
  }
  const { apply } = whereabouts.plan();
  apply({ misplaced: new LargeMap(), stale: [], twins: [], groups: 0 });
  const told: string[] = [];
  return {
    exclusive: exclusive ?? createExclusive(() => undefined),
    gateways: { ...bench.gateways, ...gateways },
    whereabouts,
    rings: { present: ring, leader: ring, isUsed, isSending: () => false },
    relationOf: () => "distinct" as const,
    deletions: new Map<string, number>(),
    flows: createFlows<Member>(),
    memory: createMoveMemory(() => memoryMax),
    now: Date.now,
    report: {
      moved() {},
      staleRemoved() {},
      compared() {},
      staysPut: ({ id, reason }: { id: string; reason: string }) =>
        void told.push(`${id}: ${reason}`),
      failed: (kind: string) => void told.push(kind),
    },
    tellSharedSeries() {},
    told,
  };
}
