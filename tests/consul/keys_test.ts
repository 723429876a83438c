import assert from "node:assert/strict";
import {
  formerMarkPrefix,
  lockPrefix,
  markKey,
  markPrefix,
  ringPrefix,
} from "../../src/consul/keys.ts";

const permissions = "none";
const PREFIXES = { markPrefix, lockPrefix, ringPrefix };

for (const [name, prefixOf] of Object.entries(PREFIXES)) {
  Deno.test(`${name}() is the same however the service's name is spelled`, { permissions }, () => {
    assert.equal(prefixOf("PushGateway"), prefixOf("pushgateway"));
    assert.notEqual(prefixOf("pushgateway"), prefixOf("pushgateway2"));
  });
}

Deno.test("no kind of key is among those of another one", { permissions }, () => {
  const prefixes = Object.values(PREFIXES).map((prefixOf) => prefixOf("pushgateway"));
  for (const prefix of prefixes) {
    const within = prefixes.filter((other) => other.startsWith(prefix));
    assert.deepEqual(within, [prefix]);
  }
});

Deno.test("a mark is where version 1.0.0 had it, unless the service's name has capitals", {
  permissions,
}, () => {
  assert.equal(
    markKey("pushgateway", "10.0.0.1:9091"),
    "dynamic-sharding/pushgateway/withdrawn/10.0.0.1:9091",
  );
  assert.equal(formerMarkPrefix("pushgateway"), markPrefix("pushgateway"));
  assert.equal(formerMarkPrefix("PushGateway"), "dynamic-sharding/PushGateway/withdrawn/");
});
