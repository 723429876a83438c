import assert from "node:assert/strict";
import { readiness } from "../../../src/http/api/readiness.ts";
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
