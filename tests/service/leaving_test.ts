/** Marks that Consul loses, and marks that are taken back. */

import assert from "node:assert/strict";
import type { ConsulClient } from "../../src/consul/client.ts";
import { createLeaving } from "../../src/service/leaving.ts";
import { openLog } from "../../src/log.ts";
import type { MembershipEvent } from "../../src/membership/membership.ts";
import type { ConsulTerm } from "../../src/service/term.ts";

const PREFIX = "dynamic-sharding/pushgateway/withdrawn/";
const MEMBER = "10.0.0.1:9091";

/** Follows the marks through some answers of Consul; what is set there, and who is marked at the end. */
async function followed(...answers: { keys: string[]; index: bigint }[]) {
  const stop = new AbortController();
  const set: string[] = [];
  const client = {
    watchKeys() {
      const answer = answers.shift();
      if (answer) return Promise.resolve(answer);
      stop.abort();
      return Promise.reject(stop.signal.reason);
    },
    setKey: (key: string) => Promise.resolve(void set.push(key)),
  } as unknown as ConsulClient; // no more of it is used
  let marked: readonly string[] = [];
  const leaving = createLeaving({
    consul: () => undefined,
    tell: (event: MembershipEvent) =>
      marked = event.kind === "marked" ? [...event.members] : marked,
    random: Math.random,
    log: openLog({ level: "error", format: "logfmt", write: () => {} }),
  });
  await leaving.follow(
    { client, config: { serviceName: "pushgateway" } } as ConsulTerm,
    stop.signal,
  );
  return { set, marked };
}

const known = { keys: [PREFIX + MEMBER], index: 50n };

Deno.test("a mark that Consul has lost with its data is set again, and its member stays marked", {
  permissions: "none",
}, async () => {
  const outcome = await followed(known, { keys: [], index: 3n });
  assert.deepEqual(outcome, { set: [PREFIX + MEMBER], marked: [MEMBER] });
});

Deno.test("a mark that was taken back is not set again", { permissions: "none" }, async () => {
  assert.deepEqual(await followed(known, { keys: [], index: 51n }), { set: [], marked: [] });
});
