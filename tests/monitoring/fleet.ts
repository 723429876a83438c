/**
 * Two instances with a Consul in front of three Pushgateways, and a Prometheus that scrapes the
 * instances each second: what monitoring is tried on.
 *
 * @module
 */

import assert from "node:assert/strict";
import { sleep } from "../../src/concurrency/backoff.ts";
import { startConsul } from "../../tools/consul.ts";
import { freePortOn } from "../../tools/ports.ts";
import { type Prometheus, startPrometheus } from "../../tools/prometheus.ts";
import { type Pushgateway, startPushgateway } from "../../tools/pushgateway.ts";
import { request } from "../../tools/server.ts";
import { type Service, startService } from "../integration/service.ts";
import { RULES } from "./rules.ts";

/** The fleet. Disposal stops all of it. */
export interface MonitoredFleet extends AsyncDisposable {
  /** The third one is in no file yet. */
  readonly pushgateways: readonly Pushgateway[];
  readonly instances: readonly Service[];
  readonly prometheus: Prometheus;
  /** Has all instances go by a file with these members, and waits until they do. */
  useMembers(members: readonly Pushgateway[]): Promise<void>;
  /** Pushes one of the groups, through one instance after the other. */
  push(number: number): Promise<void>;
}

/** Of a client that is not redirected. */
const CURL = { "user-agent": "curl/8.5.0" };
const HOSTS = ["127.0.0.1", "127.0.0.2", "127.0.0.3"];
/** The groups that are pushed in turn. */
const GROUPS = 120;

/**
 * Starts the fleet with the first two of the Pushgateways as members.
 *
 * @param groups how many are pushed in turn
 */
export async function startMonitoredFleet(groups = GROUPS): Promise<MonitoredFleet> {
  await using stack = new AsyncDisposableStack();
  const consul = stack.use(await startConsul());
  const pushgateways: Pushgateway[] = [];
  const port = freePortOn(HOSTS);
  for (const hostname of HOSTS) {
    pushgateways.push(stack.use(await startPushgateway({ hostname, port })));
  }
  const config = (members: readonly Pushgateway[]) =>
    `consul_server: {addr: "${consul.address}", check_interval: 1s}\nmode: auto\n` +
    `handoff: {sweep_interval: 2s}\n` +
    `pushgateway: {servers: ${JSON.stringify(members.map(({ address }) => address))}}\n`;
  const instances: Service[] = [];
  while (instances.length < 2) {
    const flags = ["--web.enable-admin-api"];
    const first = config(pushgateways.slice(0, 2));
    instances.push(stack.use(await startService({ config: first, flags })));
  }
  const targets = instances.map(({ url }) => new URL(url).host);
  const prometheus = stack.use(
    await startPrometheus({
      config: "global: {scrape_interval: 1s, evaluation_interval: 1s}\n" +
        `rule_files: [${RULES}]\nscrape_configs:\n  - job_name: dynamic-sharding\n` +
        `    static_configs: [{targets: ${JSON.stringify(targets)}}]\n`,
    }),
  );
  const waitForMembers = async (members: readonly Pushgateway[]) => {
    for (const instance of instances) {
      await instance.waitForMembers(members.map(({ address }) => address));
    }
  };
  await waitForMembers(pushgateways.slice(0, 2));
  const opened = stack.move();
  return {
    pushgateways,
    instances,
    prometheus,
    async useMembers(members) {
      for (const instance of instances) {
        await instance.configure(config(members));
        instance.process.kill("SIGHUP");
      }
      await waitForMembers(members);
    },
    async push(number) {
      const { url } = instances[number % instances.length];
      const path = `/metrics/job/job${number % groups}`;
      const method = number % 3 === 0 ? "POST" : "PUT";
      const push = { method, body: `m ${number}\n`, headers: CURL };
      const { status, text } = await request(`${url}${path}`, push);
      assert.equal(status, 200, text);
    },
    [Symbol.asyncDispose]: () => opened.disposeAsync(),
  };
}

/**
 * Pushes so many groups a second until the signal aborts.
 *
 * @throws where a push fails
 */
export async function keepPushing(
  { push }: Pick<MonitoredFleet, "push">,
  { perSecond, signal }: { readonly perSecond: () => number; readonly signal: AbortSignal },
): Promise<void> {
  for (let number = 0; !signal.aborted; number++) {
    await push(number);
    await sleep(1_000 / perSecond(), signal);
  }
}

/** A push that is redirected, one that the Pushgateway refuses, and a deletion. */
export async function pushOtherwise({ instances: [{ url }] }: MonitoredFleet): Promise<void> {
  const send = async (method: string, body: string, headers = CURL) => {
    const path = "/metrics/job/otherwise";
    const sent = { method, headers, ...(body !== "" && { body }), redirect: "manual" as const };
    return (await request(`${url}${path}`, sent)).status;
  };
  assert.equal(await send("PUT", "m 1\n", { "user-agent": "Wget/1.21.3" }), 307);
  assert.equal(await send("PUT", "this is no metric\n"), 400);
  assert.equal(await send("DELETE", ""), 202);
}
