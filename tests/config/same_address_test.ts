import assert from "node:assert/strict";
import { READS_YAML } from "./permissions.ts";
import { ConfigError, parseConfig } from "../../src/config/load.ts";

const parse = (servers: readonly string[]) =>
  parseConfig(`pushgateway: {servers: ${JSON.stringify(servers)}}`, {
    path: "dynamic-sharding.yml",
    env: () => undefined,
  });

for (
  const [one, other] of [
    ["127.0.0.1:9091", "localhost:9091"],
    ["pushgateway.example:9091", "Pushgateway.Example:9091"],
    ["pushgateway.example:9091", "pushgateway.example.:9091"],
    ["[2001:db8::1]:9091", "[2001:0DB8:0:0::1]:9091"],
    ["10.0.0.1:9091", "[::ffff:10.0.0.1]:9091"],
    ["[fe80::1%eth0]:9091", "[FE80:0::1%eth0]:9091"],
  ]
) {
  Deno.test(`${one} and ${other} are one server, named twice`, { permissions: READS_YAML }, () => {
    assert.throws(() => parse([one, other]), (error) => {
      assert(error instanceof ConfigError);
      const [problem, ...more] = error.problems;
      assert.match(problem, /^dynamic-sharding.yml:1:\d+: pushgateway\.servers\[1\]: /);
      assert(problem.endsWith(`expected each server once, found ${other}, which is ${one}`));
      assert.deepEqual(more, []);
      return true;
    });
  });
}

Deno.test("servers of one host at different ports, or of two networks, are different", {
  permissions: READS_YAML,
}, () => {
  const servers = [
    "127.0.0.1:9091",
    "localhost:9092",
    "127.0.0.2:9091",
    "[::1]:9091",
    "[fe80::1%eth0]:9091",
    "[fe80::1%eth1]:9091",
  ];
  assert.deepEqual(parse(servers).servers, servers);
});
