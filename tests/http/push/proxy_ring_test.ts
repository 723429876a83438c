/** By which ring a push is sent while another one is published. @module */

import assert from "node:assert/strict";
import { buildInfo } from "../../../src/build.ts";
import { parseConfig } from "../../../src/config/load.ts";
import { createProxy, type ProxyDeps } from "../../../src/http/push/proxy.ts";
import type { Member } from "../../../src/member.ts";
import { createMetrics } from "../../../src/metrics/metrics.ts";
import { incoming, NO_DEADLINES } from "../messages.ts";
import { view } from "../view.ts";

const id = "/metrics/job/a";
const CONFIG = parseConfig("pushgateway: {servers: [a:9091]}", { path: "", env: () => undefined });

Deno.test("a push of which it was said that it is in place goes to the owner that it had then", {
  permissions: "none",
}, async () => {
  const [before, after] = [view("list a", "a ok"), view("list b", "b ok")];
  let snapshot = before;
  const sentTo: Member[] = [];
  const deps: ProxyDeps = {
    snapshot: () => snapshot,
    way: () => ({
      transport: {
        send(member) {
          sentTo.push(member);
          return Promise.resolve({ status: 202, headers: [], body: new Uint8Array() });
        },
        [Symbol.dispose]() {},
      },
      nameScheme: "legacy",
      limits: CONFIG.proxy,
      ownCredentials: false,
    }),
    onRefused() {},
    handoff: {
      isIdle: () => false,
      spellingKnown: () => undefined,
      concerns() {
        queueMicrotask(() => snapshot = after);
        return false;
      },
      handle: () => assert.fail("it is in place"),
      sends: () => ({ [Symbol.dispose]() {} }),
      deleted() {},
      pathOn: () => undefined,
      takesOver: () => Promise.resolve(),
      taken() {},
      mustHearOf: () => new Set<Member>(),
    },
    deadlines: NO_DEADLINES,
    metrics: createMetrics(buildInfo()),
    failures: { tell() {}, works() {} },
    onAnswered() {},
  };
  const request = incoming(new Request(`http://proxy${id}`, { method: "POST", body: "m 1\n" }));
  await createProxy(deps).pass(request, { target: id, key: id, id });
  assert.deepEqual(sentTo, ["a:9091"]);
});
