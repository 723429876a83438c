/** Passing pushes on to real Pushgateways: through a kill, in every format, behind TLS and a password. @module */

import assert from "node:assert/strict";
import { outputOf } from "../../tools/command.ts";
import { ensureComponents } from "../../tools/components.ts";
import { startConsul } from "../../tools/consul.ts";
import { freePort } from "../../tools/ports.ts";
import { startProcess } from "../../tools/process.ts";
import { startPushgateway } from "../../tools/pushgateway.ts";
import { temporaryDirectory } from "../../tools/server.ts";
import { waitFor } from "../../tools/wait.ts";
import { consulHealth } from "./consul_health.ts";
import { type Service, startService } from "./service.ts";
import { pushSteadily, STEADY_GROUPS } from "./steady_client.ts";

const PER_SECOND = 100;
/** A family as `/api/v1/metrics` shows it. */
interface PushedFamily {
  readonly metrics: readonly { readonly value: string }[];
}

/** What no client known to follow a 307 sends. */
const HEADERS = { "user-agent": "some-client/1.0" };

function push(service: Service, path: string, init: RequestInit = {}) {
  const headers = { ...HEADERS, ...init.headers as Record<string, string> | undefined };
  return service.get(path, { method: "PUT", body: "m 1\n", ...init, headers });
}

Deno.test("with mode auto 60 groups pushed once a second see no failed push through a kill -9", async (t) => {
  await using consul = await startConsul();
  await using first = await startPushgateway();
  await using second = await startPushgateway();
  await using third = await startPushgateway();
  const all = [first, second, third].map(({ address }) => address);
  await using service = await startService({
    config: `mode: auto\nconsul_server: {addr: "${consul.address}"}\n` +
      `pushgateway: {servers: ${JSON.stringify(all)}}\n`,
  });
  await service.waitForMembers([...all].sort());
  await service.waitUntilReady();
  const paths = Array.from({ length: 60 }, (_, i) => `/metrics/job/steady${i}`);
  const counts = new Map<string, number>();
  /** Each second a round; the pushes of a round are spread over it, as 60 clients would. */
  const pushFor = async (rounds: number) => {
    const pushes: Promise<void>[] = [];
    const pushOne = async (path: string) => {
      const { status, text } = await push(service, path);
      const outcome = `${status}${status === 200 ? "" : ` ${text}`}`;
      counts.set(outcome, (counts.get(outcome) ?? 0) + 1);
    };
    const begin = performance.now();
    for (let i = 0; i < rounds * paths.length; i++) {
      const dueMs = begin + i * 1_000 / paths.length;
      await new Promise((resolve) => setTimeout(resolve, Math.max(0, dueMs - performance.now())));
      pushes.push(pushOne(paths[i % paths.length]));
    }
    await Promise.all(pushes);
  };

  const pushing = pushFor(6);
  await waitFor(() => (counts.get("200") ?? 0) > 100, { what: "pushes to be under way" });
  await second.kill9();
  await pushing;
  await t.step("every push was taken", () => {
    assert.deepEqual(Object.fromEntries(counts), { 200: 360 });
  });
  await t.step("every group lies on a living member, once", async () => {
    await pushFor(1);
    const held = [...await first.groups(), ...await third.groups()].map(({ job }) => job).sort();
    assert.deepEqual(held, paths.map((path) => path.slice("/metrics/job/".length)).sort());
  });
});

Deno.test("Pushgateways are restarted in turn, each as soon as the one before is active: no push fails or is lost", async () => {
  const directory = await temporaryDirectory("restarts");
  await using stack = new AsyncDisposableStack();
  stack.defer(directory.remove);
  const start = async (name: string) =>
    stack.use(await startPushgateway({ persistenceFile: `${directory.path}/${name}` }));
  const [first, second] = [await start("first"), await start("second")];
  const members = [first.address, second.address];
  const service = stack.use(
    await startService({
      config: `mode: proxy\npushgateway: {servers: ${JSON.stringify(members)}}\n`,
    }),
  );
  await service.waitForActive(2);
  const stop = new AbortController();
  const pushing = pushSteadily(Number(new URL(service.url).port), {
    perSecond: PER_SECOND,
    signal: stop.signal,
  });
  for (const gateway of [first, second, first, second, first, second]) {
    await gateway.stop();
    await service.waitForActive(1);
    await gateway.start();
    await service.waitForActive(2);
  }
  stop.abort();
  const { pushes, failures } = await pushing;
  assert.deepEqual(failures, []);
  assert(pushes > PER_SECOND, `${pushes} pushes`);
  await service.waitForActive(2);
  const last = (job: number) => pushes - 1 - (pushes - 1 - job) % STEADY_GROUPS;
  const wanted = Array.from({ length: STEADY_GROUPS }, (_, job) => `steady${job}: ${last(job)}`);
  await waitFor(async () => {
    const { text } = await service.get("/api/v1/metrics");
    const groups: { labels: { job: string }; last_push: PushedFamily }[] = JSON.parse(text).data;
    const found = groups.map(({ labels, last_push: { metrics: [{ value }] } }) =>
      `${labels.job}: ${value}`
    );
    assert.deepEqual(found.sort(), wanted.sort());
    return true;
  }, { what: "the last push of each group to be there, once" });
});

Deno.test("text, protobuf and gzip are passed on, and what is refused comes back with its reason", async () => {
  await using gateway = await startPushgateway();
  await using service = await startService({
    config: `mode: proxy\npushgateway: {servers: ["${gateway.address}"]}\n`,
  });
  await service.waitForMembers([gateway.address]);
  const value = async (job: string, name: string) => {
    const { text } = await service.get("/api/v1/metrics");
    const { data } = JSON.parse(text);
    const group = data.find(({ labels }: { labels: { job: string } }) => labels.job === job);
    return group?.[name]?.metrics[0].value;
  };

  assert.equal((await push(service, "/metrics/job/text", { body: "m 1.5\n" })).status, 200);
  assert.equal(await value("text", "m"), "1.5");

  const gzip = new Blob(["zipped 7\n"]).stream().pipeThrough(new CompressionStream("gzip"));
  const body = new Uint8Array(await new Response(gzip).arrayBuffer());
  const zipped = { body, headers: { "content-encoding": "gzip" } };
  assert.equal((await push(service, "/metrics/job/gzip", zipped)).status, 200);
  assert.equal(await value("gzip", "zipped"), "7");

  // A MetricFamily, length first: name "pb", type gauge, one metric of the value 2.
  const family = [0x0a, 2, 0x70, 0x62, 0x18, 1, 0x22, 11, 0x12, 9, 9, 0, 0, 0, 0, 0, 0, 0, 0x40];
  const protobuf = {
    body: Uint8Array.from([family.length, ...family]),
    headers: {
      "content-type": "application/vnd.google.protobuf; " +
        "proto=io.prometheus.client.MetricFamily; encoding=delimited",
    },
  };
  assert.equal((await push(service, "/metrics/job/protobuf", protobuf)).status, 200);
  assert.equal(await value("protobuf", "pb"), "2");

  const added = await push(service, "/metrics/job/text", { method: "POST", body: "n 3\n" });
  assert.equal(added.status, 200);
  assert.deepEqual([await value("text", "m"), await value("text", "n")], ["1.5", "3"]);

  const bad = await push(service, "/metrics/job/bad", { body: "m 1" });
  assert.deepEqual([bad.status, bad.headers.get("content-type")], [
    400,
    "text/plain; charset=utf-8",
  ]);
  assert.match(bad.text, /^text format parsing error in line 1: unexpected end of input stream/);
});

/** `s3cret`, as the Pushgateway's own web configuration wants it. */
const BCRYPT = "$2b$04$4zeCgk14UWC5OGgtsB.J8.RY.yeClgKgVUdTKANWz3VJgbljlZ1gy";

Deno.test("Pushgateways behind TLS, a password and a route prefix work, with Consul's checks too", async () => {
  const component = (await ensureComponents(["consul"])).consul;
  const directory = await Deno.makeTempDir({ prefix: "pushgateway-tls-" });
  try {
    const tls = (...args: string[]) =>
      outputOf(component.command, ["tls", ...args], { cwd: directory, env: component.env });
    await tls("ca", "create");
    await tls("cert", "create", "-server", "-dc=dc1");
    await Deno.writeTextFile(`${directory}/password`, "s3cret\n");
    await Deno.writeTextFile(
      `${directory}/web.yml`,
      `tls_server_config: {cert_file: dc1-server-consul-0.pem, key_file: dc1-server-consul-0-key.pem}\n` +
        `basic_auth_users: {pusher: "${BCRYPT}"}\n`,
    );
    await using consul = await startConsul();
    const { pushgateway } = await ensureComponents(["pushgateway"]);
    const port = freePort();
    await using _gateway = await startProcess(pushgateway.command, {
      args: [
        `--web.listen-address=127.0.0.1:${port}`,
        `--web.config.file=${directory}/web.yml`,
        "--web.route-prefix=/pg",
        "--persistence.file=",
      ],
      env: pushgateway.env,
      ready: async () => {
        (await Deno.connect({ hostname: "127.0.0.1", port })).close();
        return true;
      },
    });
    const member = `127.0.0.1:${port}`;
    const config = (mode: string) =>
      `mode: ${mode}\nconsul_server: {addr: "${consul.address}"}\n` +
      `pushgateway:\n  servers: ["${member}"]\n  scheme: https\n  route_prefix: /pg\n` +
      `  tls_config: {ca_file: ${directory}/consul-agent-ca.pem}\n` +
      `  basic_auth: {username: pusher, password_file: ${directory}/password}\n`;
    await using service = await startService({ config: config("auto") });
    await service.waitForMembers([member]);
    await service.waitUntilReady();
    assert.equal((await consulHealth(consul))[`127.0.0.1_${port}`], "passing");

    const client = { "user-agent": "Go-http-client/1.1", authorization: "Bearer of-the-client" };
    const answer = await push(service, "/metrics/job/secret", { headers: client });
    assert.deepEqual([answer.status, answer.text], [200, ""]);
    const { text } = await service.get("/api/v1/metrics");
    assert.match(text, /"job":"secret"/);

    // A wrong password of ours is not the client's fault.
    await Deno.writeTextFile(`${directory}/password`, "outdated\n");
    const refused = await push(service, "/metrics/job/secret", { headers: client });
    assert.deepEqual([refused.status, refused.text], [
      502,
      `${member} refuses the credentials of dynamic-sharding\n`,
    ]);
    const failures =
      `dynamic_sharding_upstream_failures_total{member="${member}",kind="unauthorized"}`;
    assert.equal(await service.metric(failures), 1);
    await Deno.writeTextFile(`${directory}/password`, "s3cret\n");

    await service.configure(config("redirect"));
    service.process.kill("SIGHUP");
    await service.waitForLog("mode is redirect and pushgateway.basic_auth is set");
    await service.waitForLog("mode is redirect and pushgateway.scheme is https");
    await service.waitForLog("mode is redirect and pushgateway.route_prefix is set");
    const redirected = await push(service, "/metrics/job/secret");
    assert.equal(redirected.headers.get("location"), `https://${member}/pg/metrics/job/secret`);
    assert.doesNotMatch(service.process.output(), /s3cret/);
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
});
