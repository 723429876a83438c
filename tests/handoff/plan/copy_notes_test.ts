/** What one instance tells another of the groups that it has copied. */

import assert from "node:assert/strict";
import { createCopyNotes } from "../../../src/handoff/plan/copy_notes.ts";
import { createWhereabouts } from "../../../src/handoff/plan/whereabouts.ts";
import { parseMember } from "../../../src/member.ts";
import { HashRing } from "../../../src/ring/hash_ring.ts";

const id = "/metrics/job/backup";
const [from, to] = ["10.0.0.1:9091", "10.0.0.2:9091"].map((text) => parseMember(text));

/** An instance that knows both members; `started` of the one that owns all groups, which may not tell. */
function createInstance(started = "1000") {
  const whereabouts = createWhereabouts(HashRing.of(new Map([[to, 1]])));
  const notes = createCopyNotes(whereabouts);
  const sights = (started: string, formers = "1") =>
    new Map([
      [from, { up: true, started: formers }],
      [to, { up: true, ...(started !== "" && { started }) }],
    ]);
  whereabouts.membersChanged(sights(started), new Map());
  return {
    whereabouts,
    notes: { take: notes.take, leave: (id: string) => notes.leave(id)?.text },
    leave: notes.leave,
    restarts: (...started: [to: string, from?: string]) =>
      whereabouts.membersChanged(sights(...started), new Map()),
    isCopied: () => whereabouts.isCopied(id, { from, to }),
    seemsRemoved: () => whereabouts.seemsRemoved(id, from),
  };
}

function test(name: string, run: () => void): void {
  Deno.test(name, { permissions: "none" }, run);
}

test("who has a group's turn next learns from where to where it was copied", () => {
  const [one, other] = [createInstance(), createInstance()];
  assert.equal(one.notes.leave(id), undefined);
  one.whereabouts.copied(id, { from, to });
  other.notes.take(id, one.notes.leave(id));
  assert.equal(other.isCopied(), true);
  const seen = other.whereabouts.holdersOf({ id, key: id })?.seen;
  assert.deepEqual([...seen?.keys() ?? []].sort(), [from, to]);
  assert.equal(other.notes.leave(id), one.notes.leave(id), "it is passed on until it is settled");
});

test("there is nothing to tell once the former copy was pushed to", () => {
  for (const is of ["copied", "removed"] as const) {
    const { whereabouts, notes } = createInstance();
    if (is === "copied") whereabouts.copied(id, { from, to });
    else whereabouts.removed(id, from);
    whereabouts.placed(id, from);
    assert.equal(notes.leave(id), undefined, is);
  }
});

test("who has a group's turn next learns that the former copy was deleted, and passes it on", () => {
  const [one, other, third] = [createInstance(), createInstance(), createInstance()];
  one.whereabouts.copied(id, { from, to });
  assert.equal(one.leave(id)?.isLoose, false, "the mover has to see who deletes the former copy");
  one.whereabouts.removed(id, from);
  const note = one.leave(id);
  assert.equal(note?.isLoose, true);
  other.notes.take(id, note?.text);
  assert.deepEqual([other.seemsRemoved(), other.isCopied()], [true, false]);
  third.notes.take(id, other.notes.leave(id));
  assert.equal(third.seemsRemoved(), true);
});

test("what another instance has deleted is still looked for", () => {
  const [one, other] = [createInstance(), createInstance()];
  for (const { whereabouts } of [one, other]) whereabouts.placed(id, from);
  one.whereabouts.removed(id, from);
  other.notes.take(id, one.notes.leave(id));
  const seen = other.whereabouts.holdersOf({ id, key: id })?.seen;
  assert.deepEqual(
    [...seen?.keys() ?? []],
    [from],
    "somebody may have pushed there without a lock",
  );
});

test("a deletion is told of in one turn only, and not after a push there", () => {
  const ends: readonly ((one: ReturnType<typeof createInstance>) => void)[] = [
    ({ notes }) => notes.take(id, undefined),
    ({ notes }) => void notes.leave(id),
    ({ whereabouts }) => whereabouts.placed(id, from),
  ];
  for (const [i, end] of ends.entries()) {
    const [one, other] = [createInstance(), createInstance()];
    one.whereabouts.removed(id, from);
    other.notes.take(id, one.notes.leave(id));
    end(other);
    assert.equal(other.seemsRemoved(), false, `${i}`);
    assert.equal(other.notes.leave(id), undefined, `${i}`);
  }
});

test("a deletion does not count where its member was started anew, before or after the note", () => {
  const [one, other] = [createInstance(), createInstance()];
  one.whereabouts.removed(id, from);
  const note = one.notes.leave(id);
  other.restarts("1000", "2");
  other.notes.take(id, note);
  assert.equal(other.seemsRemoved(), false);
  other.restarts("1000", "1");
  other.notes.take(id, note);
  assert.equal(other.seemsRemoved(), true);
  other.restarts("1000", "2");
  assert.deepEqual([other.seemsRemoved(), other.notes.leave(id)], [false, undefined]);
});

test("version 1.1.0 can read a note of a deletion, and its notes of copies count", () => {
  const [one, other] = [createInstance(), createInstance()];
  one.whereabouts.removed(id, from);
  const { id: about, copies } = JSON.parse(one.notes.leave(id) ?? "");
  assert.deepEqual({ about, copies }, { about: id, copies: [] });
  other.notes.take(id, JSON.stringify({ id, copies: [{ from, to, started: "1000" }] }));
  assert.equal(other.isCopied(), true);
});

test("a copy that was taken back is not told of", () => {
  const { whereabouts, notes, isCopied } = createInstance();
  whereabouts.copied(id, { from, to });
  whereabouts.removed(id, to);
  assert.deepEqual([isCopied(), JSON.parse(notes.leave(id) ?? "").copies], [false, []]);
});

test("where no note was left, somebody may have pushed to the former copy", () => {
  const { whereabouts, notes, isCopied } = createInstance();
  whereabouts.copied(id, { from, to });
  notes.take(id, undefined);
  assert.equal(isCopied(), false);
});

test("a copy does not count where its member was started anew, before or after the note", () => {
  const [one, other] = [createInstance(), createInstance("2000")];
  one.whereabouts.copied(id, { from, to });
  other.notes.take(id, one.notes.leave(id));
  assert.equal(other.isCopied(), false);
  assert.deepEqual([...other.whereabouts.holdersOf({ id, key: id })?.seen.keys() ?? []], []);
  one.restarts("2000");
  assert.equal(one.isCopied(), false);
  assert.equal(one.notes.leave(id), undefined);
});

test("nothing is told of a copy on a member that does not tell when it was started", () => {
  const { whereabouts, notes, isCopied } = createInstance("");
  whereabouts.copied(id, { from, to });
  assert.deepEqual([isCopied(), notes.leave(id)], [true, undefined]);
});

test("a note about another group with the same lock, or of another form, counts as none", () => {
  const [one, other] = [createInstance(), createInstance()];
  one.whereabouts.copied(id, { from, to });
  other.notes.take("/metrics/job/other", one.notes.leave(id));
  assert.equal(other.whereabouts.isCopied("/metrics/job/other", { from, to }), false);
  for (const note of ["", "copied", "{}", `{"id":"${id}","copies":[{"from":"?"}]}`]) {
    other.notes.take(id, note);
    assert.equal(other.isCopied(), false, note);
  }
});
