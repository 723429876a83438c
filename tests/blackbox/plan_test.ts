import assert from "node:assert/strict";
import { FAULT_KINDS, type FaultKind, planFaults, type PlannedFault } from "./plan.ts";
import { createRandom } from "../../tools/random.ts";

const SEEDS = 200;
const FAULTS = 100;

function planOf(seed: number, kinds: readonly FaultKind[] = FAULT_KINDS): PlannedFault[] {
  const options = { kinds, instances: 2, members: 4, servers: [0, 1, 2] };
  return [...planFaults(createRandom(seed), options).take(FAULTS)];
}

Deno.test("at least two members stay wanted, whatever the seed", { permissions: "none" }, () => {
  for (let seed = 0; seed < SEEDS; seed++) {
    let servers: readonly number[] = [0, 1, 2];
    for (const { fault } of planOf(seed)) {
      if (fault.kind === "scale") {
        const { servers: next } = fault;
        assert.equal(Math.abs(next.length - servers.length), 1, "one comes or goes");
        servers = next;
      }
      if (fault.kind === "drain") assert(servers.includes(fault.member));
      const drained = fault.kind === "drain" ? 1 : 0;
      assert(servers.length - drained >= 2, `seed ${seed}: ${JSON.stringify(fault)}`);
    }
  }
});

Deno.test("every kind of fault comes", { permissions: "none" }, () => {
  const kinds = new Set(planOf(1).map(({ fault }) => fault.kind));
  assert.deepEqual([...kinds].sort(), [...FAULT_KINDS].sort());
});

Deno.test("a seed gives the same faults each time", { permissions: "none" }, () => {
  assert.deepEqual(planOf(3), planOf(3));
  assert.notDeepEqual(planOf(3), planOf(4));
});

Deno.test("only the kinds that are asked for come", { permissions: "none" }, () => {
  assert.deepEqual(planOf(1, []), []);
  assert(planOf(1, ["slow"]).every(({ fault }) => fault.kind === "slow"));
});
