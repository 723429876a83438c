import fc from "fast-check";
import assert from "node:assert/strict";
import type { ServiceEntry } from "../../src/consul/client.ts";
import { nextIndex } from "../../src/consul/blocking.ts";
import { toListings } from "../../src/discovery/consul.ts";
import { errorText } from "../../src/log.ts";

const INDICES: readonly [
  previous: bigint | undefined,
  current: bigint,
  next: bigint | undefined,
  why: string,
][] = [
  [undefined, 7n, 7n, "the first answer gives the first index"],
  [7n, 8n, 8n, "it goes forward"],
  [7n, 7n, 7n, "it stays where a wait ran out"],
  [8n, 7n, undefined, "it goes backwards: the watch starts anew"],
  [undefined, 0n, 1n, "0 would not block"],
  [1n, 0n, undefined, "backwards to 0"],
  [2n ** 53n, 2n ** 53n + 1n, 2n ** 53n + 1n, "beyond what a double holds"],
  [2n ** 53n + 1n, 2n ** 53n, undefined, "backwards beyond what a double holds"],
];
for (const [previous, current, next, why] of INDICES) {
  Deno.test(
    `nextIndex() after ${previous ?? "none"} and an answer of ${current} is ${next}: ${why}`,
    { permissions: "none" },
    () => assert.equal(nextIndex(previous, current), next),
  );
}

Deno.test(
  "no query ever blocks on 0 or on an index from the future",
  { permissions: "none" },
  () => {
    const answers = fc.array(fc.bigInt({ min: 0n, max: 20n }));
    fc.assert(fc.property(answers, (answers) => {
      let index: bigint | undefined;
      for (const current of answers) {
        index = nextIndex(index, current);
        assert(index === undefined || (index > 0n && (index === current || current === 0n)));
      }
    }));
  },
);

const LISTED: readonly [why: string, entries: ServiceEntry[], listed: Record<string, string>][] = [
  ["nothing", [], {}],
  ["an instance that passes", [entry("10.0.0.1:9091")], { "10.0.0.1:9091": "healthy 1" }],
  [
    "an instance without any check as healthy, as Consul does",
    [entry("10.0.0.1:9091", { checks: [] })],
    { "10.0.0.1:9091": "healthy 1" },
  ],
  [
    "an instance with one failing check as unhealthy",
    [entry("10.0.0.1:9091", { checks: ["passing", "critical"] })],
    { "10.0.0.1:9091": "unhealthy 1" },
  ],
  [
    "a warning as unhealthy, as ?passing does",
    [entry("10.0.0.1:9091", { checks: ["warning"] })],
    { "10.0.0.1:9091": "unhealthy 1" },
  ],
  [
    "the node's address where the service has none",
    [entry(":9091", { node: "10.0.0.9" })],
    { "10.0.0.9:9091": "healthy 1" },
  ],
  [
    "the service's own address where it has one",
    [entry("pg-0.monitoring.svc:9091", { node: "10.0.0.9" })],
    { "pg-0.monitoring.svc:9091": "healthy 1" },
  ],
  ["IPv6 in brackets", [entry("fd00::1:9091")], { "[fd00::1]:9091": "healthy 1" }],
  [
    "the node's IPv6 address in brackets",
    [entry(":9091", { node: "fd00::9" })],
    { "[fd00::9]:9091": "healthy 1" },
  ],
  ["its weight", [entry("10.0.0.1:9091", { weight: 3 })], { "10.0.0.1:9091": "healthy 3" }],
  ["a weight of 0 as 1", [entry("10.0.0.1:9091", { weight: 0 })], { "10.0.0.1:9091": "healthy 1" }],
  [
    "one address through several agents once, healthy where one of them says so",
    [
      entry("10.0.0.1:9091", { checks: ["critical"] }),
      entry("10.0.0.1:9091", { weight: 2 }),
      entry("10.0.0.1:9091", { checks: ["critical"] }),
    ],
    { "10.0.0.1:9091": "healthy 2" },
  ],
  [
    "one address through several agents as unhealthy where none says otherwise",
    [1, 2].map(() => entry("10.0.0.1:9091", { checks: ["critical"] })),
    { "10.0.0.1:9091": "unhealthy 1" },
  ],
  [
    "two ports of one address as two members",
    [entry("10.0.0.1:9091"), entry("10.0.0.1:9092", { checks: ["critical"] })],
    { "10.0.0.1:9091": "healthy 1", "10.0.0.1:9092": "unhealthy 1" },
  ],
];
for (const [why, entries, listed] of LISTED) {
  Deno.test(`toListings() lists ${why}`, { permissions: "none" }, () => {
    const listings = toListings(entries, ({ id, cause }) => assert.fail(`${id}: ${cause}`));
    const shown = [...listings].map(([member, { healthy, weight }]) => [
      member,
      `${healthy ? "healthy" : "unhealthy"} ${weight}`,
    ]);
    assert.deepEqual(Object.fromEntries(shown), listed);
  });
}

Deno.test("what a failing check says is told in one line, while the member is unhealthy", {
  permissions: "none",
}, () => {
  const says = (Output: string, Status = "critical") => ({
    ...entry("10.0.0.1:9091"),
    Checks: [
      { CheckID: "a", Status: "passing", Output: "HTTP GET: 200 OK" },
      { CheckID: "b", Status, Output },
    ],
  });
  const told = (...entries: ServiceEntry[]) =>
    [...toListings(entries, () => {}).values()].map(({ complaint }) => complaint);
  assert.deepEqual(told(says("Get http://a:\n  connection refused\n")), [
    "Get http://a: connection refused",
  ]);
  assert.deepEqual(told(says("x".repeat(9_999)))[0]?.length, 200);
  assert.deepEqual(told(says("")), [undefined]);
  assert.deepEqual(told(says("HTTP GET: 200 OK", "passing")), [undefined]);
  assert.deepEqual(told(says("refused"), entry("10.0.0.1:9091")), [undefined], "another agent");
});

const BAD: readonly [why: string, entry: ServiceEntry, cause: RegExp][] = [
  ["port 0, as of a service without one", entry("10.0.0.1:0"), /expected a port/],
  ["no address at all", entry(":9091", { node: "" }), /expected host:port/],
  ["a URL for an address", entry("http//h:9091"), /expected host:port/],
  ["a socket for an address", entry("/run/pg.sock:9091"), /expected host:port/],
];
for (const [why, bad, cause] of BAD) {
  Deno.test(
    `toListings() reports an instance with ${why}, and lists the rest`,
    { permissions: "none" },
    () => {
      const reported: string[] = [];
      const entries = [bad, entry("10.0.0.1:9091")];
      const listings = toListings(entries, (found) => {
        assert.match(errorText(found.cause), cause);
        reported.push(found.id);
      });
      assert.deepEqual([...listings.keys()], ["10.0.0.1:9091"]);
      assert.deepEqual(reported, [bad.Service.ID]);
    },
  );
}

Deno.test(
  "a weight that is cut is told, and its instance is listed with what is left",
  { permissions: "none" },
  () => {
    const told: string[] = [];
    const entries = [
      entry("10.0.0.1:9091", { weight: 100 }),
      entry("10.0.0.2:9091", { weight: 65_535 }),
    ];
    const listings = toListings(entries, ({ id, cause }) => {
      told.push(`${id}: ${errorText(cause)}`);
    });
    assert.deepEqual(
      [...listings.values()].map(({ weight }) => weight),
      [100, 100],
    );
    assert.deepEqual(told, [
      "id of 10.0.0.2:9091: it counts as 100: expected a weight of at most 100, found 65535",
    ]);
  },
);

Deno.test("a listing names the datacenter of its node, where Consul tells it", {
  permissions: "none",
}, () => {
  const { Node, ...rest } = entry("10.0.0.2:9091");
  const listings = toListings([
    entry("10.0.0.1:9091"),
    { ...rest, Node: { ...Node, Datacenter: "dc1" } },
  ], () => {});
  const datacenters = [...listings].map(([member, { datacenter }]) => [member, datacenter]);
  assert.deepEqual(datacenters, [["10.0.0.1:9091", undefined], ["10.0.0.2:9091", "dc1"]]);
});

/** An entry as Consul answers it; the address is split at its last colon. */
function entry(
  address: string,
  { checks = ["passing"], node = "10.1.1.1", weight }: {
    checks?: string[];
    node?: string;
    weight?: number;
  } = {},
): ServiceEntry {
  const colon = address.lastIndexOf(":");
  return {
    Node: { Node: "node", Address: node, CreateIndex: 7 },
    Service: {
      ID: `id of ${address}`,
      Address: address.slice(0, colon),
      Port: Number(address.slice(colon + 1)),
      ...(weight !== undefined && { Weights: { Passing: weight } }),
    },
    Checks: checks.map((Status, i) => ({ CheckID: `check ${i}`, Status })),
  };
}
