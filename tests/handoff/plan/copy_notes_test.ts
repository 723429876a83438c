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
  const sights = (started: string) =>
    new Map([
      [from, { up: true, started: "1" }],
      [to, { up: true, ...(started !== "" && { started }) }],
    ]);
  whereabouts.membersChanged(sights(started), new Map());
  return {
    whereabouts,
    notes: createCopyNotes(whereabouts),
    restarts: (started: string) => whereabouts.membersChanged(sights(started), new Map()),
    isCopied: () => whereabouts.isCopied(id, { from, to }),
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

test("there is nothing to tell once the former copy was deleted, or pushed to", () => {
  for (const ends of ["removed", "placed"] as const) {
    const { whereabouts, notes } = createInstance();
    whereabouts.copied(id, { from, to });
    whereabouts[ends](id, from);
    assert.equal(notes.leave(id), undefined, ends);
  }
});

test("a copy that was taken back is not told of", () => {
  const { whereabouts, notes, isCopied } = createInstance();
  whereabouts.copied(id, { from, to });
  whereabouts.removed(id, to);
  assert.deepEqual([isCopied(), notes.leave(id)], [false, undefined]);
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
