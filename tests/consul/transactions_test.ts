/** Which operations are sent once more after some of them were refused. @module */

import assert from "node:assert/strict";
import { deleteAsIs, transactSome, unlock, writeNote } from "../../src/consul/transactions.ts";

const test = (name: string, run: () => Promise<void>) =>
  Deno.test(name, { permissions: "none" }, run);

/** As Consul refuses some operations, and so does none. */
function refusal(...refused: readonly number[]) {
  const Errors = refused.map((OpIndex) => ({ OpIndex, What: "failed to do it, index is stale" }));
  const response = { body: { Errors } };
  return Object.assign(new Error("conflict"), { statusCode: 409, response });
}

/** Sends two steps of two operations, of which some are refused first. */
async function send(...refused: readonly number[]) {
  const sent: string[][] = [];
  const steps = ["a", "b"].map((key) => [unlock(key, "session"), writeNote(key, "note")]);
  const last = [deleteAsIs({ key: "c", changedAt: 1 })];
  const done = await transactSome([...steps, last], (operations) => {
    sent.push(operations.map(({ KV }) => `${KV.Verb} ${KV.Key}`));
    if (sent.length === 1) throw refusal(...refused);
    return Promise.resolve({ Results: [] });
  });
  return { sent, refused: done.refused };
}

const ALL = ["unlock a", "set a-note", "unlock b", "set b-note", "delete-cas c"];

test("a refused operation takes those of its step along, and no others", async () => {
  for (const operation of [0, 1]) {
    assert.deepEqual(await send(operation), { sent: [ALL, ALL.slice(2)], refused: 1 });
  }
  assert.deepEqual(await send(4), { sent: [ALL, ALL.slice(0, 4)], refused: 1 });
});

test("where all are refused nothing more is sent", async () => {
  assert.deepEqual(await send(0, 2, 4), { sent: [ALL], refused: 3 });
});
