/** One configuration, and what is open for as long as it holds. */

import assert from "node:assert/strict";
import { discoveryOf, sameSource } from "../../src/service/term.ts";
import { startConsul } from "../../tools/consul.ts";
import { startNsd } from "../../tools/nsd.ts";
import { waitFor } from "../../tools/wait.ts";
import { registerByHand } from "../consul/registering.ts";
import { configureTerms, consulYaml } from "./configured.ts";

const ADDRESS = "127.0.0.1:1";
const SERVERS = ["10.0.0.1:9091"];
const SAME = consulYaml(ADDRESS, SERVERS);

const KEEP_LINK: readonly [what: string, yaml: string][] = [
  ["nothing", SAME],
  ["the servers", consulYaml(ADDRESS, ["10.0.0.2:9091"])],
  ["the check", consulYaml(ADDRESS, SERVERS, { check: "9s" })],
];
for (const [what, yaml] of KEEP_LINK) {
  Deno.test(`a configuration that changes ${what} takes over the way to Consul`, async () => {
    await using terms = await configureTerms();
    const [before, after] = [await terms.open(SAME), await terms.open(yaml)];
    assert.equal(after.consul?.link, before.consul?.link);
    assert.notEqual(after.transport, before.transport, "the ways to members are its own");
    assert.deepEqual(after.consul?.config, after.config.consul);
    assert(sameSource(before.config.consul, after.config.consul));
  });
}

const OTHER_LINK: readonly [what: string, yaml: string, isSameSource: boolean][] = [
  ["the address", consulYaml("127.0.0.1:2", SERVERS), false],
  ["the service", consulYaml(ADDRESS, SERVERS, { name: "other" }), false],
  ["the token", consulYaml(ADDRESS, SERVERS, { more: ", token: secret" }), true],
];
for (const [what, yaml, isSame] of OTHER_LINK) {
  Deno.test(`a configuration that changes ${what} of Consul opens another way to it`, async () => {
    await using terms = await configureTerms();
    const [before, after] = [await terms.open(SAME), await terms.open(yaml)];
    assert.notEqual(after.consul?.link, before.consul?.link);
    assert.equal(after.consul?.link.serviceName, after.config.consul?.serviceName);
    assert.equal(sameSource(before.config.consul, after.config.consul), isSame);
  });
}

Deno.test("a bad configuration opens nothing", async () => {
  await using terms = await configureTerms();
  await terms.open(SAME);
  await assert.rejects(terms.open("pushgateway: {}\n"), /pushgateway/);
});

Deno.test("an instance in Consul that is not taken as it is registered is told once, when it changes, and when it is over", async () => {
  await using consul = await startConsul();
  await using terms = await configureTerms();
  const term = await terms.open(consulYaml(consul.address, SERVERS));
  const register = (weight: number) =>
    registerByHand(consul, {
      ...{ ID: "heavy", Name: "pushgateway", Address: "10.0.0.7", Port: 9091 },
      Weights: { Passing: weight, Warning: 1 },
    });
  await register(200);
  const stop = new AbortController();
  const weights: number[] = [];
  const discovery = discoveryOf(term, { random: Math.random, log: terms.log });
  const watching = (async () => {
    for await (const look of discovery.observe(stop.signal)) {
      if (look.kind === "members") weights.push(...look.listings.values().map((l) => l.weight));
    }
  })();
  const looks = (count: number) => waitFor(() => weights.length >= count, { what: "a look" });
  await looks(1);
  await registerByHand(consul, { ID: "other", Name: "pushgateway", Address: "10.0.0.8", Port: 1 });
  await looks(3);
  assert.equal(terms.lines.length, 1, terms.lines.join("\n"));
  assert.match(terms.lines[0], /^warn instance .*"id":"heavy".*counts as 100: .* found 200"/);
  await register(300);
  await waitFor(() => terms.lines.length === 2, { what: "another line" });
  assert.match(terms.lines[1], /counts as 100: .* found 300"/);
  await register(1);
  await waitFor(() => terms.lines.length === 3, { what: "the end of it" });
  assert.match(
    terms.lines[2],
    /^info instance .* corrected or removed .*"id":"heavy".*"failures":/,
  );
  stop.abort();
  await watching;
});

Deno.test("DNS records that are no addresses of members are logged once, and when they are corrected", async () => {
  const good = "_http._tcp.pg 0 IN SRV 0 0 9091 pg-0.test.";
  await using nsd = await startNsd({ records: [good, "_http._tcp.pg 0 IN SRV 0 0 0 pg-1.test."] });
  await using terms = await configureTerms();
  const term = await terms.open(
    `dns_sd: {names: [_http._tcp.pg.test], nameservers: ["${nsd.address}"], refresh_interval: 1s}\n`,
  );
  const stop = new AbortController();
  const discovery = discoveryOf(term, { random: Math.random, log: terms.log });
  const following = (async () => {
    for await (const _look of discovery.observe(stop.signal));
  })();
  await waitFor(() => terms.lines.length === 1, { what: "the warning" });
  assert.match(terms.lines[0], /^warn DNS records are not addresses of members .*pg-1\.test:0/);
  await nsd.setRecords([good]);
  await waitFor(() => terms.lines.length === 2, { what: "the end of it" });
  assert.match(
    terms.lines[1],
    /^info all DNS records are addresses of members again .*"failures":/,
  );
  stop.abort();
  await following;
});
