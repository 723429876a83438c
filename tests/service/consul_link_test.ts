/** Ways to one Consul by several processes, whose files spell the service's name differently. */

import assert from "node:assert/strict";
import { runStages } from "../../src/concurrency/run_stages.ts";
import type { ConsulConfig } from "../../src/config/consul.ts";
import { LockFailure } from "../../src/consul/locks/locks.ts";
import { type ConsulLink, openLink } from "../../src/service/consul_link.ts";
import { type ConsulAgent, startConsul } from "../../tools/consul.ts";
import { waitFor } from "../../tools/wait.ts";
import { recordLog } from "../model/log.ts";

/** A way to Consul that is used as a service does; disposal ends that. */
async function startLink(
  { url }: ConsulAgent,
  serviceName: string,
): Promise<{ readonly link: ConsulLink } & AsyncDisposable> {
  const { hostname, port } = new URL(url);
  const config: ConsulConfig = {
    ...{ scheme: "http", hostname, port: Number(port), serviceName },
    check: { interval: "1s", timeout: "1s", deregisterAfter: "60s" },
  };
  const link = openLink(config, { log: recordLog(() => {}) });
  const stop = new AbortController();
  const running = runStages([
    (signal) => link.announcements.run(() => {}, signal),
    link.locks.run,
  ], stop.signal);
  await waitFor(() => link.locks.state === "yes", { what: "locks" });
  return {
    link,
    async [Symbol.asyncDispose]() {
      stop.abort();
      await running;
      link[Symbol.dispose]();
    },
  };
}

Deno.test("they see each other's announcements and respect each other's locks, and another service's they do not", async () => {
  await using consul = await startConsul();
  await using one = await startLink(consul, "PushGateway");
  await using two = await startLink(consul, "pushgateway");
  await using another = await startLink(consul, "other");
  one.link.announcements.announce("one");
  another.link.announcements.announce("another");
  const seen = ({ link }: typeof one) => link.announcements.all?.map(({ text }) => text).join();
  await waitFor(() => seen(two) === "one" && seen(another) === "another", {
    what: "the announcements",
  });

  const options = { waitMs: 0, signal: new AbortController().signal };
  const result = await one.link.locks.hold("a", async () => {
    await assert.rejects(
      two.link.locks.hold("a", () => assert.fail("it is held"), options),
      (error) => error instanceof LockFailure && error.kind === "busy",
    );
    return await another.link.locks.hold("a", () => Promise.resolve(7), options);
  }, options);
  assert.equal(result, 7);
});
