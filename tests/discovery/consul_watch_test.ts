import assert from "node:assert/strict";
import type { ConsulClient, ServiceEntry } from "../../src/consul/client.ts";
import { consulDiscovery } from "../../src/discovery/consul.ts";
import type { Observation } from "../../src/discovery/discovery.ts";

const NODE = { Node: "node", Address: "10.1.1.1", CreateIndex: 7 };

/** How Consul answers one query: an index, or a failure. */
type Answer = bigint | Error;

Deno.test("the first query does not block, and the next waits on its index", {
  permissions: "none",
}, async () => {
  const { kinds, indices } = await observed([5n, 6n, 7n]);
  assert.deepEqual(kinds, ["members", "members", "members"]);
  assert.deepEqual(indices, [undefined, 5n, 6n]);
});

Deno.test("after an answer without news, before the wait is over, the next query does not block", {
  permissions: "none",
}, async () => {
  const { indices } = await observed([5n, 5n, 5n, 5n]);
  assert.deepEqual(indices, [undefined, 5n, undefined, 5n], "Consul may have been restored");
});

Deno.test(
  "an index that goes backwards starts the watch anew",
  { permissions: "none" },
  async () => {
    const { kinds, indices } = await observed([9n, 3n, 4n]);
    assert.deepEqual(kinds, ["members", "members", "members"]);
    assert.deepEqual(indices, [undefined, 9n, undefined]);
  },
);

Deno.test(
  "a failure is told, and the next query does not block",
  { permissions: "none" },
  async () => {
    const { kinds, indices, causes } = await observed([5n, new Error("refused"), 6n]);
    assert.deepEqual(kinds, ["members", "failed", "members"]);
    assert.deepEqual(causes, ["refused"]);
    assert.deepEqual(indices, [undefined, 5n, undefined], "Consul may have been away for long");
  },
);

Deno.test(
  "an abort ends a query under way without a failure told",
  { permissions: "none" },
  async () => {
    const stop = new AbortController();
    const consul = fakeConsul((_, signal) =>
      new Promise((_, reject) => {
        signal.addEventListener("abort", () => reject(signal.reason), { once: true });
        stop.abort();
      })
    );
    const seen: Observation[] = [];
    for await (const observation of discovery(consul).observe(stop.signal)) seen.push(observation);
    assert.deepEqual(seen, []);
  },
);

Deno.test("the nodes are told where somebody is listed no more, and at the first look-up", {
  permissions: "none",
}, async () => {
  const stop = new AbortController();
  const left = [["10.0.0.1", "10.0.0.2"], ["10.0.0.1", "10.0.0.2"], ["10.0.0.2"], ["10.0.0.2"]];
  const consul = fakeConsul(() => {
    const entries = left.shift()?.map((Address) => ({
      Node: NODE,
      Service: { ID: Address, Address, Port: 9091 },
      Checks: [],
    }));
    return Promise.resolve({ entries: entries ?? [], index: 5n });
  });
  const told: (readonly string[] | undefined)[] = [];
  for await (const observation of discovery(consul).observe(stop.signal)) {
    assert(observation.kind === "members");
    told.push(observation.nodes && [...observation.nodes]);
    if (left.length === 0) stop.abort();
  }
  assert.deepEqual(told, [["node#7"], undefined, ["node#7"], undefined]);
});

Deno.test("where Consul has lost what it knew, none of its nodes is the one that it had", {
  permissions: "none",
}, async () => {
  const stop = new AbortController();
  const indices = [9n, 3n];
  const consul = fakeConsul(() => Promise.resolve({ entries: [], index: indices.shift() ?? 0n }));
  const told: (readonly string[] | undefined)[] = [];
  let resets = 0;
  for await (const observation of discovery(consul, () => resets++).observe(stop.signal)) {
    assert(observation.kind === "members");
    told.push(observation.nodes && [...observation.nodes]);
    if (indices.length === 0) stop.abort();
  }
  assert.deepEqual(told, [["node#7"], []]);
  assert.equal(resets, 1);
});

/** Follows Consul for as many answers as are given. */
async function observed(answers: Answer[]) {
  const stop = new AbortController();
  const indices: (bigint | undefined)[] = [];
  const left = [...answers];
  const consul = fakeConsul((index) => {
    indices.push(index);
    const answer = left.shift();
    if (answer === undefined) assert.fail("more queries than answers");
    return typeof answer === "bigint"
      ? Promise.resolve({ entries: [], index: answer })
      : Promise.reject(answer);
  });
  const kinds: string[] = [];
  const causes: string[] = [];
  for await (const observation of discovery(consul).observe(stop.signal)) {
    kinds.push(observation.kind);
    if (observation.kind === "failed") causes.push((observation.cause as Error).message);
    if (left.length === 0) stop.abort();
  }
  return { kinds, indices, causes };
}

type AskedConsul = Pick<ConsulClient, "service" | "nodes" | "localServices">;

function discovery(consul: AskedConsul, onDataLost = () => {}) {
  return consulDiscovery({
    consul,
    service: "pushgateway",
    random: () => 0,
    onBadEntries: (bad) => assert.deepEqual(bad, []),
    onDataLost,
  });
}

/** A client that knows how to answer what discovery asks; it has one node. */
function fakeConsul(
  query: (
    index: bigint | undefined,
    signal: AbortSignal,
  ) => Promise<{ entries: ServiceEntry[]; index: bigint }>,
): AskedConsul {
  return {
    nodes: () => Promise.resolve([NODE]),
    localServices: () => Promise.resolve(new Map()),
    service: (name, { index }, signal) => {
      assert.equal(name, "pushgateway");
      return query(index, signal);
    },
  };
}
