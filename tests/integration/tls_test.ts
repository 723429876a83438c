/** The service before Pushgateways that speak TLS, with certificates of all kinds. @module */

import assert from "node:assert/strict";
import { startConsul } from "../../tools/consul.ts";
import { startPushgateway } from "../../tools/pushgateway.ts";
import { waitFor } from "../../tools/wait.ts";
import { consulHealth } from "./consul_health.ts";
import { type Service, startService } from "./service.ts";
import { pushSteadily } from "./steady_client.ts";
import { openTlsFleet } from "./tls_gateway.ts";

const config = (members: readonly string[], tls: string, more = "") =>
  `mode: proxy\nhandoff: {sweep_interval: 1s}\n${more}pushgateway:\n` +
  `  servers: ${JSON.stringify(members)}\n  scheme: https\n  tls_config: ${tls}\n`;

/** Pushes groups through the service until each member was found to have some. */
async function assertWorks(service: Service, members: readonly string[]): Promise<void> {
  await service.waitForMembers([...members].sort());
  await service.waitForActive(members.length);
  for (let i = 0; i < 20; i++) {
    const { status } = await service.push(`/metrics/job/a${i}`, "m 1\n");
    assert.equal(status, 200);
  }
  await waitFor(async () => {
    const held = await Promise.all(
      members.map((member) =>
        service.metric(`dynamic_sharding_handoff_groups{member="${member}"}`)
      ),
    );
    return held.reduce<number>((sum, groups) => sum + (groups ?? 0), 0) === 20;
  }, { what: "a sweep to find all groups" });
  const { text } = await service.get("/api/v1/metrics");
  assert.equal(JSON.parse(text).data.length, 20);
}

Deno.test("members that ask for a client certificate are given it, and Consul only connects to them", async () => {
  await using consul = await startConsul();
  await using fleet = await openTlsFleet();
  const { authority, signed } = fleet.certificates;
  const ca = await authority("ca");
  const [server, client] = [await signed("server", ca), await signed("client", ca)];
  await using first = await fleet.start(server, { ca, client });
  await using second = await fleet.start(server, { ca, client });
  const members = [first.address, second.address];
  const more = `consul_server: {addr: "${consul.address}"}\n`;
  const tls = (more: string) => `{ca_file: ${ca.cert}${more}}`;

  await using service = await startService({ config: config(members, tls(""), more) });
  await service.waitForLog("member cannot join");
  await service.waitForLog("received fatal alert: CertificateRequired");

  const own = `, cert_file: ${client.cert}, key_file: ${client.key}`;
  await service.configure(config(members, tls(own), more));
  service.process.kill("SIGHUP");
  await assertWorks(service, members);
  await waitFor(
    async () => Object.values(await consulHealth(consul)).join() === "passing,passing",
    { what: "Consul's checks of both members to pass" },
  );
});

Deno.test("with a client certificate a member's own is checked as ever: by its authority, and its name", async () => {
  await using fleet = await openTlsFleet();
  const { authority, signed } = fleet.certificates;
  const [ca, other] = [await authority("ca"), await authority("other")];
  const [server, client] = [await signed("server", ca), await signed("client", ca)];
  await using gateway = await fleet.start(server, { ca, client });
  const members = [gateway.address];
  const yaml = (more: string) =>
    config(members, `{cert_file: ${client.cert}, key_file: ${client.key}, ${more}}`);
  for (
    const wrong of [
      `ca_file: ${other.cert}`,
      "insecure_skip_verify: false",
      `ca_file: ${ca.cert}, server_name: a.example`,
    ]
  ) {
    await using service = await startService({ config: yaml(wrong) });
    await service.waitForLog("member cannot join");
    const { status } = await service.get("/metrics/job/a", { method: "PUT", body: "m 1\n" });
    assert(status >= 500, wrong);
    assert.deepEqual(await gateway.groups(), []);
  }
  // The certificate is for this name, too.
  await using service = await startService({
    config: yaml(`ca_file: ${ca.cert}, server_name: localhost`),
  });
  await assertWorks(service, members);
});

Deno.test("a certificate that is its own authority is refused with a remedy, and taken where none is checked", async () => {
  await using fleet = await openTlsFleet();
  const own = await fleet.certificates.authority("self");
  await using first = await fleet.start(own);
  await using second = await fleet.start(own);
  const members = [first.address, second.address];
  await using service = await startService({ config: config(members, `{ca_file: ${own.cert}}`) });
  await service.waitForLog(
    "its certificate may sign others (CA:TRUE), so it is not taken as that of a server; " +
      "docs/tls.md has a remedy",
  );
  const { status } = await service.get("/metrics/job/a", { method: "PUT", body: "m 1\n" });
  assert(status >= 500, `found ${status}`);
  assert.deepEqual(await first.groups(), []);
  const other = await fleet.certificates.authority("other");
  const unchecked = `{ca_file: ${other.cert}, insecure_skip_verify: true}`;
  await service.configure(config(members, unchecked));
  service.process.kill("SIGHUP");
  await assertWorks(service, members);
});

const PER_SECOND = 20;
/** The files are looked at every 5 s. */
const LOOK_MS_MAX = 40_000;

for (const [how, isAsked] of [["beside a client certificate", true], ["alone", false]] as const) {
  Deno.test(`another authority, ${how}, is taken over from its files, and no push fails meanwhile`, async () => {
    await using fleet = await openTlsFleet();
    const { certificates: { authority, signed }, path } = fleet;
    const [former, next] = [await authority("former"), await authority("next")];
    const [server, client] = [await signed("server", former), await signed("client", former)];
    const [nextServer, nextClient] = [
      await signed("next-server", next),
      await signed("next-client", next),
    ];
    const [trusted, own, ownKey] = ["trusted.pem", "own.pem", "own.key"].map((n) => `${path}/${n}`);
    await Deno.copyFile(former.cert, trusted);
    await Deno.copyFile(client.cert, own);
    await Deno.copyFile(client.key, ownKey);
    // The Pushgateways take clients of both authorities, until they have certificates of the next one.
    const both = `${path}/both.pem`;
    const bundle = await Deno.readTextFile(former.cert) + await Deno.readTextFile(next.cert);
    await Deno.writeTextFile(both, bundle);
    const asking = isAsked ? { ca: { cert: both, key: "" }, client: nextClient } : undefined;
    await using first = await fleet.start(server, asking);
    await using second = await fleet.start(server, asking);
    const members = [first.address, second.address];
    const more = isAsked ? `, cert_file: ${own}, key_file: ${ownKey}` : "";
    await using service = await startService({
      config: config(members, `{ca_file: ${trusted}${more}}`),
    });
    await assertWorks(service, members);
    const stop = new AbortController();
    const pushing = pushSteadily(Number(new URL(service.url).port), {
      perSecond: PER_SECOND,
      signal: stop.signal,
    });
    const says = (words: string) =>
      waitFor(() => service.process.output().includes(words), { what: words, msMax: LOOK_MS_MAX });

    await Deno.writeTextFile(trusted, bundle);
    if (isAsked) {
      await Deno.copyFile(nextClient.cert, own);
      await says("pushgateway.tls_config.key_file: expected the key of the certificate");
      await Deno.copyFile(nextClient.key, ownKey);
    }
    await says("changed files taken over");
    await Deno.copyFile(nextServer.cert, server.cert);
    await Deno.copyFile(nextServer.key, server.key);
    await Deno.copyFile(next.cert, both);
    for (const gateway of [first, second]) {
      await gateway.stop();
      await gateway.start();
      await waitFor(async () => (await gateway.groups()).length > 0, { what: "pushes to it" });
      await service.waitForActive(members.length);
    }
    stop.abort();
    const { pushes, failures } = await pushing;
    assert.deepEqual(failures, []);
    assert(pushes > PER_SECOND, `${pushes} pushes`);
  });
}

for (
  const [what, words] of [
    ["another authority", "its certificate is of no authority in pushgateway.tls_config.ca_file"],
    ["another name", "is only valid for"],
    ["plain HTTP", "it does not speak TLS, which pushgateway.scheme asks for"],
  ] as const
) {
  Deno.test(`of a member with ${what} the log says what is wrong`, async () => {
    await using fleet = await openTlsFleet();
    const { authority, signed } = fleet.certificates;
    const [ca, other] = [await authority("ca"), await authority("other")];
    await using secure = await fleet.start(await signed("server", ca));
    await using plain = await startPushgateway();
    const member = what === "plain HTTP" ? plain : secure;
    const file = what === "another authority" ? other : ca;
    const name = what === "another name" ? ", server_name: a.example" : "";
    const text = config([member.address], `{ca_file: ${file.cert}${name}}`);
    await using service = await startService({ config: text });
    await service.waitForLog(words);
  });
}
