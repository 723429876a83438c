/** To which members a push is sent: by which ring, and beside it. @module */

import assert from "node:assert/strict";
import { untilAborted } from "../../../src/concurrency/abort.ts";
import { buildInfo } from "../../../src/build.ts";
import { parseConfig } from "../../../src/config/load.ts";
import { createProxy, type ProxyDeps } from "../../../src/http/push/proxy.ts";
import type { Snapshot } from "../../../src/http/snapshot.ts";
import type { Member } from "../../../src/member.ts";
import { createMetrics } from "../../../src/metrics/metrics.ts";
import { SendFailure } from "../../../src/pushgateway/client/connection.ts";
import { HashRing } from "../../../src/ring/hash_ring.ts";
import { consulPolicy, member, tell, withHandoff } from "../../membership/story.ts";
import { incoming, NO_DEADLINES } from "../messages.ts";
import { view } from "../view.ts";

const id = "/metrics/job/a";
const CONFIG = parseConfig("pushgateway: {servers: [a:9091]}", { path: "", env: () => undefined });

/** A proxy whose members answer as `send` says. */
function proxyWith(
  more: Pick<ProxyDeps, "snapshot"> & {
    readonly send: (member: Member) => boolean;
    readonly concerns: () => boolean;
    /** Until a member is ready to take over a group. At once by default. */
    readonly prepare?: (signal: AbortSignal) => Promise<void>;
    readonly timeoutMs?: number;
  },
) {
  const { snapshot, send, concerns } = more;
  const sentTo: Member[] = [];
  const [taken, prepared]: Member[][] = [[], []];
  const limits = { ...CONFIG.proxy, ...(more.timeoutMs && { timeoutMs: more.timeoutMs }) };
  const deps: ProxyDeps = {
    snapshot,
    way: () => ({
      transport: {
        send(member) {
          sentTo.push(member);
          return send(member)
            ? Promise.resolve({ status: 202, headers: [], body: new Uint8Array() })
            : Promise.reject(new SendFailure("refused", "connection refused"));
        },
        [Symbol.dispose]() {},
      },
      nameScheme: "legacy",
      limits,
      ownCredentials: false,
    }),
    onRefused() {},
    handoff: {
      isIdle: () => false,
      spellingKnown: () => undefined,
      concerns,
      handle: () => assert.fail("it is in place"),
      sends: () => ({ [Symbol.dispose]() {} }),
      deleted() {},
      pathOn: () => undefined,
      async takesOver(_, member, signal) {
        prepared.push(member);
        await more.prepare?.(signal);
        signal.throwIfAborted();
      },
      taken: (_, member) => void taken.push(member),
      mustHearOf: () => new Set<Member>(),
    },
    deadlines: NO_DEADLINES,
    metrics: createMetrics(buildInfo()),
    failures: { tell() {}, works() {} },
    onAnswered() {},
  };
  const proxy = createProxy(deps);
  return {
    sentTo,
    taken,
    prepared,
    async push(method = "POST") {
      const request = incoming(new Request(`http://proxy${id}`, { method, body: "m 1\n" }));
      return (await proxy.pass(request, { target: id, key: id, id })).status;
    },
  };
}

Deno.test("a push of which it was said that it is in place goes to the owner that it had then", {
  permissions: "none",
}, async () => {
  const [before, after] = [view("list a", "a ok"), view("list b", "b ok")];
  let snapshot = before;
  const { push, sentTo } = proxyWith({
    snapshot: () => snapshot,
    send: () => true,
    concerns() {
      queueMicrotask(() => snapshot = after);
      return false;
    },
  });
  await push();
  assert.deepEqual(sentTo, ["a:9091"]);
});

/** A snapshot of events, with a ring of `a:9091` alone. */
function ringOfA(...events: string[]): Snapshot {
  return { ...view(...events), ring: HashRing.of(new Map([[member("a"), 1]])) };
}

/** Fails if a push goes to `b:9091`, which alone can be reached. */
async function assertOnlyOnRing(snapshot: Snapshot): Promise<void> {
  const { push, sentTo } = proxyWith({
    snapshot: () => snapshot,
    send: (member) => member === "b:9091",
    concerns: () => false,
  });
  assert.equal(await push(), 503);
  assert.deepEqual(sentTo, ["a:9091"]);
}

const BOTH = ["list a b", "a ok since 1", "b ok since 2"];

for (const method of ["PUT", "POST"]) {
  Deno.test(
    `if no member of the ring can be reached, a ${method} goes to an active one that is about to join`,
    {
      permissions: "none",
    },
    async () => {
      const snapshot = ringOfA(...BOTH);
      const { push, sentTo, taken, prepared } = proxyWith({
        snapshot: () => snapshot,
        send: (member) => member === "b:9091",
        concerns: () => false,
      });
      assert.equal(await push(method), 202);
      assert.deepEqual(sentTo, ["a:9091", "b:9091"]);
      assert.deepEqual(taken, ["b:9091"], "it is noted where the group is");
      assert.deepEqual(
        prepared,
        method === "POST" ? ["b:9091"] : [],
        "its copy is marked as a part",
      );
    },
  );
}

for (
  const [what, events] of [
    ["was not probed", ["list a b", "a ok since 1"]],
    ["did not answer its last probe", [...BOTH, "b refused"]],
    ["is to leave", [...BOTH, "mark b"]],
    ["was taken out", [...BOTH, "list a"]],
    ["discovery calls unhealthy", ["list a b!", "a ok since 1", "b ok since 2"]],
    ["is in maintenance", [...BOTH, "list a b~"]],
    ["is the same process", ["list a b", "a ok since 1", "b ok since 1"]],
  ] as const
) {
  Deno.test(`no push goes to a member beside the ring that ${what}`, {
    permissions: "none",
  }, async () => {
    await assertOnlyOnRing(ringOfA(...events));
  });
}

Deno.test("no push goes to a member that has to be swept, or drained", {
  permissions: "none",
}, async () => {
  for (const event of ["a admitted", "b admitted"]) {
    const events = event === "b admitted" ? [...BOTH, event, "mark b"] : [...BOTH, event];
    const membership = tell(events, withHandoff(consulPolicy()));
    await assertOnlyOnRing({ ...ringOfA(), membership });
  }
});

Deno.test("no push goes beside the ring while a member of it can be connected to", {
  permissions: "none",
}, async () => {
  const snapshot = ringOfA(...BOTH);
  const { push, sentTo } = proxyWith({
    snapshot: () => snapshot,
    send: () => true,
    concerns: () => false,
  });
  assert.equal(await push(), 202);
  assert.deepEqual(sentTo, ["a:9091"]);
});

Deno.test("if all of its ring refuse a push, it goes to its owner on a newer ring", {
  permissions: "none",
}, async () => {
  let snapshot = ringOfA("list a");
  const { push, sentTo } = proxyWith({
    snapshot: () => snapshot,
    send(member) {
      snapshot = view("list a b c", "b ok since 1", "c ok since 2", "a refused");
      return member !== "a:9091";
    },
    concerns: () => false,
  });
  assert.equal(await push(), 202);
  assert.deepEqual(sentTo, ["a:9091", snapshot.ring.ownerOf(id)]);
});

Deno.test("a push tries ten members at most, on the ring and beside it", {
  permissions: "none",
}, async () => {
  const names = Array.from({ length: 20 }, (_, i) => `m${i}`);
  const snapshot = ringOfA(
    `list a ${names.join(" ")}`,
    "a ok since 0",
    ...names.map((name, i) => `${name} ok since ${i + 1}`),
  );
  const { push, sentTo } = proxyWith({
    snapshot: () => snapshot,
    send: () => false,
    concerns: () => false,
  });
  assert.equal(await push(), 503);
  assert.equal(new Set(sentTo).size, 10);
});

Deno.test("no push goes to a member before there is a ring", { permissions: "none" }, async () => {
  const snapshot = { ...ringOfA(...BOTH), ring: HashRing.of(new Map()) };
  const { push, sentTo } = proxyWith({
    snapshot: () => snapshot,
    send: () => true,
    concerns: () => false,
  });
  assert.equal(await push(), 503);
  assert.deepEqual(sentTo, []);
});

Deno.test("a POST that no other member gets ready for in time is answered with 503", async () => {
  const snapshot = view("list a b c", "a ok since 1", "b ok since 2", "c ok since 3");
  const { push, sentTo, prepared } = proxyWith({
    snapshot: () => snapshot,
    send: () => false,
    concerns: () => false,
    prepare: untilAborted,
    timeoutMs: 50,
  });
  assert.equal(await push("POST"), 503);
  assert.equal(sentTo.length, 1);
  assert.equal(prepared.length, 2);
});
