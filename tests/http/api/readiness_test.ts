import assert from "node:assert/strict";
import { readiness } from "../../../src/http/api/readiness.ts";
import { answerSd } from "../../../src/http/api/sd.ts";
import { answerOf } from "../messages.ts";
import { view } from "../view.ts";

const ALL_UP = ["list a b c", "a ok", "b ok", "c ok"];

const READY: readonly [why: string, events: string[], ready: boolean, reason: string][] = [
  ["before the first look-up", [], false, "waiting for the first look-up of members"],
  [
    "while the first members have no verdict",
    ["list a", "a fails"],
    false,
    "no member is known",
  ],
  [
    "after a first look-up that failed",
    ["look-up fails"],
    false,
    "no member is known, and the first look-up of members failed",
  ],
  [
    "with the file's servers answering, though the look-up failed",
    ["look-up fails", "a ok", "b ok", "c ok"],
    true,
    "3 members, and the first look-up of members failed",
  ],
  ["with active members", ALL_UP, true, "3 members"],
  ["with one member suspect", [...ALL_UP, "a refused"], true, "2 members"],
  [
    "after a look-up that failed, with members active",
    [...ALL_UP, "look-up fails"],
    true,
    "3 members, and the last look-up of members failed",
  ],
  [
    "after an empty answer",
    [...ALL_UP, "list"],
    false,
    "discovery lists no member; the last ring is kept",
  ],
  [
    "with none active",
    [...ALL_UP, "list a! b!", "insists a b"],
    false,
    "none of 2 listed members is active; the last ring is kept",
  ],
  [
    "with none active and the look-up failing",
    [...ALL_UP, "list a! b!", "insists a b", "look-up fails"],
    false,
    "none of 2 listed members is active; the last ring is kept, and the last look-up of members failed",
  ],
];
for (const [why, events, ready, reason] of READY) {
  Deno.test(`${why} it is ${ready ? "ready" : "not ready"}`, { permissions: "none" }, () => {
    assert.deepEqual(readiness(view(...events)), { ready, reason });
  });
}

Deno.test(
  "/sd lists the ring's members as Prometheus wants them",
  { permissions: "none" },
  async () => {
    const answer = answerOf(answerSd(view(...ALL_UP), false));
    assert.equal(answer.status, 200);
    assert.equal(answer.headers.get("content-type"), "application/json; charset=utf-8");
    assert.deepEqual(await answer.json(), [
      { targets: ["a:9091", "b:9091", "c:9091"], labels: {} },
    ]);
  },
);

const UNKNOWN_TO_SD: readonly [why: string, events: string[], awaitsDiscovery: boolean][] = [
  ["before the first look-up", [], true],
  ["while the first members have no verdict", ["list a"], false],
  ["with no server in Consul nor in a ring", ["look-up fails"], false],
  ["while discovery has told nothing and the ring is a former one", ALL_UP, true],
];
for (const [why, events, awaitsDiscovery] of UNKNOWN_TO_SD) {
  Deno.test(`/sd is 503 and never [] ${why}`, { permissions: "none" }, async () => {
    const answer = answerOf(answerSd(view(...events), awaitsDiscovery));
    assert.equal(answer.status, 503);
    assert.doesNotMatch(await answer.text(), /\[/);
  });
}

Deno.test("/sd keeps listing a ring that is kept", { permissions: "none" }, async () => {
  const answer = answerOf(answerSd(view(...ALL_UP, "list"), false));
  assert.deepEqual(await answer.json(), [
    { targets: ["a:9091", "b:9091", "c:9091"], labels: {} },
  ]);
});
