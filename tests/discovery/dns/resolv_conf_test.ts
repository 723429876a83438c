import assert from "node:assert/strict";
import {
  candidates,
  parseResolvConf,
  resolverConfig,
} from "../../../src/discovery/dns/resolv_conf.ts";

const permissions = "none";
const DEFAULTS = { search: [], ndots: 1, timeoutMs: 5_000, attempts: 2 };
const at = (...hostnames: string[]) => hostnames.map((hostname) => ({ hostname, port: 53 }));

const TEXTS: readonly [what: string, text: string, read: ReturnType<typeof parseResolvConf>][] = [
  ["nothing", "", { ...DEFAULTS, nameservers: at("127.0.0.1") }],
  [
    "what Kubernetes writes",
    "search monitoring.svc.cluster.local svc.cluster.local cluster.local\n" +
    "nameserver 10.96.0.10\noptions ndots:5\n",
    {
      ...DEFAULTS,
      nameservers: at("10.96.0.10"),
      search: ["monitoring.svc.cluster.local", "svc.cluster.local", "cluster.local"],
      ndots: 5,
    },
  ],
  [
    "comments, tabs, several servers and IPv6",
    "# one\n; two\nnameserver\t10.0.0.1 # three\n  nameserver fd00::53\nnameserver fe80::1%eth0\n",
    { ...DEFAULTS, nameservers: at("10.0.0.1", "fd00::53", "fe80::1%eth0") },
  ],
  [
    "the last of domain and search",
    "domain example.org\nsearch a.example b.example.\n",
    { ...DEFAULTS, nameservers: at("127.0.0.1"), search: ["a.example", "b.example"] },
  ],
  [
    "a search list of the root alone, as of a host without a domain",
    "nameserver 10.0.0.1\nsearch .\n",
    { ...DEFAULTS, nameservers: at("10.0.0.1") },
  ],
  [
    "options, cut to what the C library takes",
    "options rotate ndots:99 timeout:99 attempts:99 edns0\nnameserver 10.0.0.1\n",
    { nameservers: at("10.0.0.1"), search: [], ndots: 15, timeoutMs: 30_000, attempts: 5 },
  ],
  [
    "a timeout and attempts of nothing as the least there is",
    "options timeout:0 attempts:0 ndots:0\n",
    { nameservers: at("127.0.0.1"), search: [], ndots: 0, timeoutMs: 1_000, attempts: 1 },
  ],
  [
    "what is no address as nothing",
    "nameserver dns.example\nnameserver\nnameserver 10.0.0.1\noptions ndots:x\n",
    { ...DEFAULTS, nameservers: at("10.0.0.1") },
  ],
];
for (const [what, text, read] of TEXTS) {
  Deno.test(`parseResolvConf() reads ${what}`, { permissions }, () => {
    assert.deepEqual(parseResolvConf(text), read);
  });
}

Deno.test("servers of the configuration are asked for each name as it is", { permissions }, () => {
  const nameservers = [{ hostname: "10.0.0.1", port: 5353 }];
  const config = resolverConfig(nameservers);
  assert.deepEqual(config, { ...DEFAULTS, nameservers });
  assert.deepEqual(candidates("pushgateway", config), ["pushgateway"]);
});

const CANDIDATES: readonly [name: string, ndots: number, names: string[]][] = [
  ["pg", 1, ["pg.a", "pg.b", "pg"]],
  ["pg.x", 1, ["pg.x", "pg.x.a", "pg.x.b"]],
  ["pg.x", 2, ["pg.x.a", "pg.x.b", "pg.x"]],
  ["_http._tcp.pg.x", 5, ["_http._tcp.pg.x.a", "_http._tcp.pg.x.b", "_http._tcp.pg.x"]],
  ["pg.x.", 5, ["pg.x"]],
  ["pg", 0, ["pg", "pg.a", "pg.b"]],
];
for (const [name, ndots, names] of CANDIDATES) {
  Deno.test(`with ndots:${ndots} ${name} may be ${names.join(", then ")}`, { permissions }, () => {
    assert.deepEqual(candidates(name, { search: ["a", "b"], ndots }), names);
  });
}
