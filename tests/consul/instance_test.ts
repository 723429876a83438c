import assert from "node:assert/strict";
import { memberOf } from "../../src/consul/instance.ts";

/** An instance at an address, on a node with another one. */
function instance(address: string, { node = "10.1.1.1", port = 9091 } = {}) {
  return {
    Node: { Node: "node", Address: node, CreateIndex: 7 },
    Service: { ID: "x", Address: address, Port: port },
  };
}

const MEMBERS: readonly [why: string, given: ReturnType<typeof instance>, member: string][] = [
  ["its own address", instance("10.0.0.1"), "10.0.0.1:9091"],
  ["the name that is its address", instance("pg-0.Example"), "pg-0.Example:9091"],
  ["its node's address where it has none", instance("", { node: "10.0.0.9" }), "10.0.0.9:9091"],
  ["an IPv6 address", instance("fd00::1"), "[fd00::1]:9091"],
  ["an IPv6 address in brackets", instance("[fd00::1]"), "[fd00::1]:9091"],
  ["its node's IPv6 address", instance("", { node: "fd00::9" }), "[fd00::9]:9091"],
  ["its node's IPv6 address in brackets", instance("", { node: "[fd00::9]" }), "[fd00::9]:9091"],
];
for (const [why, given, member] of MEMBERS) {
  Deno.test(`an instance is the member at ${why}`, { permissions: "none" }, () => {
    assert.equal(memberOf(given), member);
  });
}

const NO_MEMBERS: readonly [why: string, given: ReturnType<typeof instance>][] = [
  ["no port", instance("10.0.0.1", { port: 0 })],
  ["no address", instance("", { node: "" })],
  ["an empty address in brackets", instance("[]")],
  ["an address with a port", instance("10.0.0.1:9092")],
];
for (const [why, given] of NO_MEMBERS) {
  Deno.test(`an instance with ${why} is no member`, { permissions: "none" }, () => {
    assert.throws(() => memberOf(given), TypeError);
  });
}
