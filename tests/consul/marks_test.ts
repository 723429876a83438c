/** Marks in a real Consul, followed. @module */

import assert from "node:assert/strict";
import type { ConsulClient } from "../../src/consul/client.ts";
import { type MarksObservation, watchMarks } from "../../src/consul/marks.ts";
import { type ConsulAgent, startConsul } from "../../tools/consul.ts";
import { sleep } from "../../src/concurrency/backoff.ts";
import { waitFor } from "../../tools/wait.ts";
import { makeToken, openClient, tell } from "./fixture.ts";

const MARKS = "dynamic-sharding/pushgateway/withdrawn/";

/** Follows the marks until disposal; what was seen, and how many queries it took. */
function startWatch(consul: ConsulAgent, token?: string) {
  const client = openClient(consul, token ?? consul.token);
  let queries = 0;
  const counting: Pick<ConsulClient, "watchKeys"> = {
    watchKeys: (...args) => (queries++, client.watchKeys(...args)),
  };
  const stop = new AbortController();
  const seen: MarksObservation[] = [];
  const watching = (async () => {
    for await (const o of watchMarks(counting, MARKS, { random: Math.random }, stop.signal)) {
      seen.push(o);
    }
  })();
  const latest = () => {
    const last = seen.at(-1);
    return last?.kind === "marks" ? [...last.names].sort().join() : last?.kind;
  };
  return {
    seen,
    latest,
    queries: () => queries,
    waitFor: (expected: string, msMax = 1_000) =>
      waitFor(() => latest() === expected, { what: `"${expected}", found "${latest()}"`, msMax }),
    async [Symbol.asyncDispose]() {
      stop.abort();
      await watching;
      client[Symbol.dispose]();
    },
  };
}

Deno.test("marks that are set and deleted are seen within a second, and nothing else is told", async () => {
  await using consul = await startConsul();
  await using watch = startWatch(consul);
  await waitFor(() => watch.latest() === "", { what: "the empty set" });
  await tell(consul, "PUT", `/v1/kv/${MARKS}10.0.0.1:9091`);
  await watch.waitFor("10.0.0.1:9091");
  await tell(consul, "PUT", `/v1/kv/${MARKS}[::1]:9091`);
  await watch.waitFor("10.0.0.1:9091,[::1]:9091");
  await tell(consul, "PUT", `/v1/kv/${MARKS}10.0.0.1:9091`);
  await tell(consul, "PUT", `/v1/kv/${MARKS}`);
  await tell(consul, "PUT", `/v1/kv/elsewhere`);
  await sleep(700);
  await tell(consul, "DELETE", `/v1/kv/${MARKS}?recurse`);
  await watch.waitFor("");
  assert.equal(watch.seen.length, 4);
});

Deno.test("an empty prefix is not asked for again and again, however busy the keys beside it", async () => {
  await using consul = await startConsul();
  await using watch = startWatch(consul);
  await waitFor(() => watch.latest() === "", { what: "the empty set" });
  await sleep(1_500);
  const idle = watch.queries();
  assert(idle <= 2, `${idle} queries in 1.5 s`);
  const endMs = performance.now() + 2_000;
  while (performance.now() < endMs) {
    await tell(consul, "PUT", "/v1/kv/dynamic-sharding/pushgateway/lock/a");
    await sleep(5);
  }
  const busy = watch.queries() - idle;
  assert(busy <= 6, `${busy} queries in 2 s`);
  assert.equal(watch.seen.length, 1);
});

Deno.test("a Consul that fails is told as such, never as an empty set, and followed again when it is back", async () => {
  await using consul = await startConsul();
  await tell(consul, "PUT", `/v1/kv/${MARKS}a`);
  await using watch = startWatch(consul);
  await waitFor(() => watch.latest() === "a", { what: "the mark" });
  for (let i = 0; i < 2; i++) {
    await consul.kill9();
    await waitFor(() => watch.latest() === "failed", { what: "the failure" });
    await consul.start();
    await watch.waitFor("a", 20_000);
  }
  await tell(consul, "PUT", `/v1/kv/${MARKS}b`);
  await watch.waitFor("a,b");
  for (const observation of watch.seen) {
    assert(observation.kind === "failed" || observation.names.has("a"), "marks do not come and go");
  }
});

Deno.test("a Consul that lost its data is followed anew, though its index went backwards", async () => {
  await using consul = await startConsul();
  for (let i = 0; i < 50; i++) await tell(consul, "PUT", `/v1/kv/${MARKS}a`);
  await using watch = startWatch(consul);
  await waitFor(() => watch.latest() === "a", { what: "the mark" });
  await consul.stop();
  await consul.emptyData();
  await consul.start();
  await watch.waitFor("", 20_000);
  await tell(consul, "PUT", `/v1/kv/${MARKS}b`);
  await watch.waitFor("b");
});

Deno.test("a token without rights to the marks fails, rather than seeing none", async () => {
  await using consul = await startConsul({ acl: true });
  await tell(consul, "PUT", `/v1/kv/${MARKS}a`);
  const { token } = await makeToken(consul, 'node_prefix "" { policy = "read" }');
  {
    await using watch = startWatch(consul, token);
    await waitFor(() => watch.latest() === "failed", { what: "the failure" });
    await sleep(1_500);
    assert.equal(watch.seen.length, 1, "it is not tried again soon");
  }
  await using allowed = startWatch(consul);
  await waitFor(() => allowed.latest() === "a", { what: "the mark" });
});

Deno.test("a Consul that was restored is seen to have lost marks, whatever is marked right after it", async () => {
  await using consul = await startConsul();
  const snapshot = await (await consul.api("/v1/snapshot")).bytes();
  await tell(consul, "PUT", `/v1/kv/${MARKS}10.0.0.1:9091`);
  await using watch = startWatch(consul);
  await watch.waitFor("10.0.0.1:9091");
  await waitFor(() => watch.queries() === 2, { what: "a query that waits for news" });
  const restored = await consul.api("/v1/snapshot", { method: "PUT", body: snapshot });
  assert.equal(restored.status, 200, await restored.text());
  await tell(consul, "PUT", `/v1/kv/${MARKS}10.0.0.2:9091`);
  await watch.waitFor("10.0.0.2:9091", 10_000);
  assert(watch.seen.some((look) => look.kind === "marks" && look.reset));
});
