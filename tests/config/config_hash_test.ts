/** What makes two configurations differ for those that share members. */

import assert from "node:assert/strict";
import { configHash } from "../../src/config/config_hash.ts";
import { parseConfig } from "../../src/config/load.ts";
import { READS_YAML as permissions } from "./permissions.ts";

const hashOf = (yaml: string) =>
  configHash(parseConfig(yaml, { path: "f.yml", env: () => undefined }));
const SERVERS = "pushgateway: {servers: [a:9091, b:9091]}\n";
const consul = (rest: string) => `consul_server: {${rest}}\n${SERVERS}`;

const ALIKE: readonly [what: string, one: string, other: string][] = [
  ["the order of keys", `mode: auto\n${SERVERS}`, `${SERVERS}mode: auto\n`],
  ["their own address", `http_listen_addr: ":1"\n${SERVERS}`, SERVERS],
  ["their Consul agent", consul('addr: "a:8500"'), consul('addr: "b:8500", token: secret')],
  ["a default that one of them names", `mode: redirect\n${SERVERS}`, SERVERS],
];
for (const [what, one, other] of ALIKE) {
  Deno.test(`configurations that differ by ${what} have one digest`, { permissions }, () => {
    assert.equal(hashOf(one), hashOf(other));
    assert.match(hashOf(one), /^[0-9a-f]{8}$/);
  });
}

const DIFFERENT: readonly [what: string, yaml: string][] = [
  ["the mode", `mode: proxy\n${SERVERS}`],
  ["the members", "pushgateway: {servers: [a:9091]}\n"],
  ["handoff", `handoff: {enabled: false}\n${SERVERS}`],
  ["the service in Consul", consul('addr: "a:8500", register_service_name: other')],
];
for (const [what, yaml] of DIFFERENT) {
  Deno.test(`configurations that differ by ${what} have two digests`, { permissions }, () => {
    assert.notEqual(hashOf(yaml), hashOf(SERVERS));
    assert.notEqual(hashOf(yaml), hashOf(consul('addr: "a:8500"')));
  });
}
