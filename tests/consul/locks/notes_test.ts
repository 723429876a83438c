/** What is left with locks for whoever has them next, by a real Consul that works. @module */

import assert from "node:assert/strict";
import type { Locks, Note } from "../../../src/consul/locks/locks.ts";
import { KEYS_AT_ONCE_MAX } from "../../../src/consul/client.ts";
import { createLooseNotes } from "../../../src/consul/locks/loose_notes.ts";
import { waitFor } from "../../../tools/wait.ts";
import { openClient, PREFIX, startLocks } from "../fixture.ts";
import { byOneConsul, keysOf, never, nothing, startPair, TRACED, untouched } from "./holds.ts";

const test = byOneConsul("notes of locks");

/** A note that the key of its lock stays for. */
const kept = (text?: string): Note | undefined =>
  text === undefined ? undefined : { text, isLoose: false };

/** Has a lock, and leaves a note with it; tells which one was there. */
async function hold(locks: Locks, name: string, note?: string): Promise<string | undefined> {
  const taken: (string | undefined)[] = [];
  const take = (_: string, found?: string) => void taken.push(found);
  const notes = { take, leave: () => kept(note) };
  await locks.hold(name, nothing, { ...TRACED, notes });
  assert.equal(taken.length, 1, "it is asked once");
  return taken[0];
}

/** Has many locks, and leaves a note with each; tells which were had, and by nobody else. */
function holdMany(
  locks: Locks,
  names: readonly string[],
  leave: (name: string) => string | undefined,
) {
  const work = (names: ReadonlySet<string>) => Promise.resolve([...names].sort());
  const notes = { leave: (name: string) => kept(leave(name)) };
  const options = { sinceMs: performance.now(), notes, signal: never };
  return locks.holdMany(names, work, options);
}

test("the next one who has a lock is given its note, and nobody after that", async (consul) => {
  await using pair = await startPair(consul);
  assert.equal(await hold(pair.first, "given", "copied: ä"), undefined);
  assert.equal(await hold(pair.second, "given"), "copied: ä");
  assert.equal(await hold(pair.first, "given"), undefined);
  assert.deepEqual(await keysOf(consul, ["given", "given-note"]), ["given"]);
});

test("notes are left with as many locks as can be had at once, and with none that others have had", async (consul) => {
  await using pair = await startPair(consul);
  const names = Array.from({ length: KEYS_AT_ONCE_MAX }, (_, i) => `many-${i}`);
  await pair.second.hold(names[0], nothing, TRACED);
  const had = await holdMany(pair.first, names, (name) => `about ${name}`);
  assert.deepEqual(had, names.slice(1).sort());
  assert.equal(await hold(pair.second, names[0]), undefined);
  for (const name of [names[1], names[KEYS_AT_ONCE_MAX - 1]]) {
    assert.equal(await hold(pair.second, name), `about ${name}`);
  }
});

test("a note stays while others come upon the lock with many, and is theirs who left it", async (consul) => {
  await using pair = await startPair(consul);
  assert.deepEqual(await holdMany(pair.first, ["kept"], () => "from the first"), ["kept"]);
  assert.deepEqual(await holdMany(pair.second, ["kept"], () => "from the second"), []);
  assert.deepEqual(await untouched(pair.first, ["kept"]), [], "somebody has had it since");
  assert.equal(await hold(pair.second, "kept"), "from the first");
});

test("who has left a note has the lock once more, as if nobody had had it, and takes both away", async (consul) => {
  await using locks = await startLocks(consul);
  const names = ["again-a", "again-b", "again-c"];
  const sinceMs = performance.now();
  const options = { sinceMs, notes: { leave: () => kept("copied") }, signal: never };
  await locks.holdMany(names, nothing, options);
  const leave = (name: string) => kept(name === "again-a" ? "copied still" : undefined);
  const work = (names: ReadonlySet<string>) => Promise.resolve(names.size);
  assert.equal(await locks.holdMany(names, work, { ...options, notes: { leave } }), 3);
  const keys = names.flatMap((name) => [name, `${name}-note`]);
  assert.deepEqual(await keysOf(consul, keys), ["again-a", "again-a-note"]);
  assert.equal(await hold(locks, "again-a"), "copied still");
});

test("the trace of somebody else's turn stays when a note is taken away from beside it", async (consul) => {
  await using pair = await startPair(consul);
  await hold(pair.second, "trace");
  assert.deepEqual(await untouched(pair.first, ["trace"]), []);
  assert.deepEqual(await holdMany(pair.first, ["trace"], () => "copied"), ["trace"]);
  assert.deepEqual(await holdMany(pair.first, ["trace"], () => undefined), ["trace"]);
  assert.deepEqual(await keysOf(consul, ["trace", "trace-note"]), ["trace"]);
});

test("work that fails leaves a note all the same", async (consul) => {
  await using pair = await startPair(consul);
  const notes = { take() {}, leave: () => kept("half done") };
  const failing = () => Promise.reject(new Error("refused"));
  await assert.rejects(pair.first.hold("fails", failing, { ...TRACED, notes }), /refused/);
  assert.equal(await hold(pair.second, "fails"), "half done");
  const options = { sinceMs: performance.now(), notes, signal: never };
  await assert.rejects(pair.first.holdMany(["fails-many"], failing, options), /refused/);
  assert.equal(await hold(pair.second, "fails-many"), "half done");
});

test("a loose note stays without the key of its lock, so that nobody takes it for a trace", async (consul) => {
  await using pair = await startPair(consul);
  const names = ["loose-a", "loose-b", "loose-c"];
  const sinceMs = performance.now();
  const notes = { leave: () => ({ text: "deleted", isLoose: true }) };
  await pair.first.holdMany(names, nothing, { sinceMs, notes, signal: never });
  const keys = names.flatMap((name) => [name, `${name}-note`]);
  assert.deepEqual(await keysOf(consul, keys), names.map((name) => `${name}-note`));
  assert.equal(await hold(pair.second, "loose-a"), "deleted");
  assert.deepEqual(await untouched(pair.second, ["loose-b"]), ["loose-b"]);
  assert.equal(await hold(pair.second, "loose-b"), undefined, "somebody has had the lock since");
  assert.deepEqual(await untouched(pair.first, ["loose-c"], sinceMs), ["loose-c"]);
});

test("of many loose notes the last ones stay, and what somebody else has written", async (consul) => {
  using client = openClient(consul);
  const names = Array.from({ length: 5 }, (_, i) => `oldest-${i}-note`);
  for (const name of names) await client.setKey(`${PREFIX}${name}`, "deleted", never);
  const all = await client.freeKeys(`${PREFIX}oldest-`, never);
  await client.setKey(`${PREFIX}${names[0]}`, "of somebody else", never);
  const deleting = new AbortController();
  const looseNotes = createLooseNotes(client, { max: 2 });
  looseNotes.left(all.slice(0, 4));
  looseNotes.left(all.slice(4));
  const run = looseNotes.run(deleting.signal);
  const left = [names[0], ...names.slice(3)];
  const there = async () =>
    (await client.freeKeys(`${PREFIX}oldest-`, never)).map(({ key }) => key.slice(PREFIX.length));
  await waitFor(async () => (await there()).length <= left.length, { what: "deletions" });
  deleting.abort();
  await run;
  assert.deepEqual(await there(), left);
});

test("many locks leave traces where that is asked for", async (consul) => {
  await using pair = await startPair(consul);
  const options = { sinceMs: performance.now(), leavesTraces: true, signal: never };
  await pair.first.holdMany(["asked"], nothing, options);
  assert.deepEqual(await keysOf(consul, ["asked"]), ["asked"]);
  assert.deepEqual(await untouched(pair.second, ["asked"]), []);
});

test("what somebody does with many locks ends the notes of those that are gone", async (consul) => {
  await using pair = await startPair(consul);
  await holdMany(pair.first, ["ended"], () => "copied");
  using client = openClient(consul);
  await client.deleteKey(`${PREFIX}ended`, never); // as it is with a trace that was there for long
  assert.deepEqual(await untouched(pair.second, ["ended"]), ["ended"]);
  assert.equal(await hold(pair.first, "ended"), undefined);
});

test("keys that are kept tell who has had one in between, and go with the next turn", async (consul) => {
  await using pair = await startPair(consul);
  const names = ["kept-a", "kept-b"];
  const options = { sinceMs: performance.now(), signal: never };
  await pair.first.holdMany(names, nothing, { ...options, keepsKeys: true });
  assert.deepEqual(await untouched(pair.second, ["kept-b"]), []);
  assert.deepEqual(await untouched(pair.first, names, options.sinceMs), ["kept-a"]);
  assert.deepEqual(await keysOf(consul, names), ["kept-b"]);
});
