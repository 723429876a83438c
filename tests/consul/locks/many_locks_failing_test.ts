/** Many locks that are lost, or of which Consul does not answer, or forbids them. @module */

import assert from "node:assert/strict";
import type { ConsulClient } from "../../../src/consul/client.ts";
import { startConsul } from "../../../tools/consul.ts";
import { waitFor } from "../../../tools/wait.ts";
import { aborted, heldKeys, makeToken, PREFIX, startLocks, tell } from "../fixture.ts";
import {
  byOneConsul,
  isFailure,
  keysOf,
  never,
  nothing,
  PATIENT,
  sessionOf,
  startHoldingMany,
  startPair,
  TRACED,
  untouched,
} from "./holds.ts";

const test = byOneConsul("many locks that are lost, or not answered");

/** A client one of whose calls fails once, before or after it was done. */
function failingOnce(
  name: "releaseKeys" | "leaveKey" | "acquireKeys",
  when: "before" | "after",
) {
  let isDue = true;
  return (client: ConsulClient): ConsulClient => ({
    ...client,
    async [name](...args: unknown[]) {
      const send = async () => await Reflect.apply(client[name], undefined, args);
      if (!isDue) return await send();
      isDue = false;
      if (when === "after") await send();
      throw new Error("request timed out");
    },
  });
}

test("a session that is destroyed by others aborts the work under many locks, which are lost", async (consul) => {
  await using pair = await startPair(consul);
  const names = ["lost-a", "lost-b"];
  await using held = await startHoldingMany(pair.first, names);
  await tell(consul, "PUT", `/v1/session/destroy/${await sessionOf(consul, "lost-a")}`);
  assert(isFailure("lost")(await held.outcome));
  assert.equal(held.signal.aborted, true);
  await waitFor(async () => (await untouched(pair.second, names)).length === 2, { what: "both" });
});

test("a session that is gone makes many locks unavailable, and not seem to be others'", async (consul) => {
  await using locks = await startLocks(consul, {
    // Who has not learnt of it yet.
    wrap: (client) => ({
      ...client,
      async sessionExists(_id, _query, signal) {
        await aborted(signal);
        throw signal.reason;
      },
    }),
  });
  const id = locks.sessions.current()?.id;
  await tell(consul, "PUT", `/v1/session/destroy/${id}`);
  const asked = locks.holdMany(["gone"], () => assert.fail("no session"), {
    sinceMs: performance.now(),
    signal: never,
  });
  await assert.rejects(asked, isFailure("unavailable"));
});

test("of many locks one whose key an operator deletes is left to who has it by then, and the others are free again", async (consul) => {
  await using pair = await startPair(consul);
  const names = ["op-a", "op-b", "op-c"];
  for (const name of names) {
    const held = await startHoldingMany(pair.first, names);
    await tell(consul, "DELETE", `/v1/kv/${PREFIX}${name}`);
    await pair.second.hold(name, async () => {
      const mine = await sessionOf(consul, name);
      await held[Symbol.asyncDispose]();
      assert(isFailure("lost")(await held.outcome));
      assert.equal(await sessionOf(consul, name), mine, "it is the other one's still");
    }, PATIENT);
    assert.deepEqual(await keysOf(consul, names), []);
  }
});

test("many locks whose acquire was not answered are unavailable, and let go of, also where it was done", async (consul) => {
  await using locks = await startLocks(consul, { wrap: failingOnce("acquireKeys", "after") });
  const names = ["acquire-a", "acquire-b"];
  await assert.rejects(untouched(locks, names), isFailure("unavailable"));
  assert.notEqual(await sessionOf(consul, "acquire-a"), undefined);
  await waitFor(async () => {
    const keys = await heldKeys(consul);
    return names.every((name) => keys.get(name) === undefined);
  }, { what: "the release" });
  assert.equal(locks.state, "yes");
});

test("an acquire that was not answered takes no trace away", async (consul) => {
  await using other = await startLocks(consul);
  await other.hold("unanswered", nothing, TRACED);
  await using locks = await startLocks(consul, { wrap: failingOnce("acquireKeys", "after") });
  await assert.rejects(untouched(locks, ["unanswered"]), isFailure("unavailable"));
  await waitFor(async () => await sessionOf(consul, "unanswered") === undefined, { what: "it" });
  await using third = await startLocks(consul);
  assert.deepEqual(await untouched(third, ["unanswered"]), []);
});

for (const when of ["before", "after"] as const) {
  const done = when === "after" ? "was done" : "was not done";
  test(`many locks whose release was not answered and ${done} are let go of`, async (consul) => {
    await using locks = await startLocks(consul, { wrap: failingOnce("releaseKeys", when) });
    const names = [`release-${when}-a`, `release-${when}-b`];
    assert.deepEqual(await untouched(locks, names), names, "what was done is done");
    await waitFor(async () => (await keysOf(consul, names)).length === 0, { what: "the release" });
  });

  test(`a trace whose release was not answered and ${done} is there for others`, async (consul) => {
    await using pair = await startPair(consul);
    const name = `leave-${when}`;
    await using locks = await startLocks(consul, { wrap: failingOnce("leaveKey", when) });
    await locks.hold(name, nothing, TRACED);
    await waitFor(() => locks.state === "yes", { what: "a renewal" });
    await untouched(locks, [name]); // deletes no trace that it may not know of
    await waitFor(async () => {
      return (await heldKeys(consul)).get(name) === undefined;
    }, { what: "the release" });
    assert.deepEqual(await untouched(pair.second, [name]), []);
  });
}

Deno.test("many locks that are forbidden are unavailable, and do not seem to be others'", async () => {
  await using consul = await startConsul({ acl: true });
  const rules =
    `session_prefix "" { policy = "write" } key_prefix "${PREFIX}" { policy = "write" }`;
  const { id, token } = await makeToken(consul, rules);
  await using locks = await startLocks(consul, { token });
  assert.deepEqual(await untouched(locks, ["a", "b"]), ["a", "b"]);
  await using held = await startHoldingMany(locks, ["a", "b"]);
  await tell(consul, "DELETE", `/v1/acl/policy/${id}`);
  for (const names of [["c", "d"], ["c"]]) {
    await assert.rejects(untouched(locks, names), isFailure("unavailable"));
    assert.equal(locks.state, "unreachable", "they were had once: others may have them");
  }
  assert(isFailure("lost")(await held.outcome));
});

Deno.test("many locks of a Consul that is away are unavailable, without a wait", async () => {
  await using consul = await startConsul();
  await using locks = await startLocks(consul);
  await consul.stop();
  for (let i = 0; i < 2; i++) {
    const startMs = performance.now();
    await assert.rejects(untouched(locks, ["a", "b"]), isFailure("unavailable"));
    assert(performance.now() - startMs < 1_000);
  }
  assert.equal(locks.state, "unreachable");
});
