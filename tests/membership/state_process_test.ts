/** What the start times of the members' processes tell: who has restarted, and who is one with whom. @module */

import assert from "node:assert/strict";
import {
  consulPolicy,
  member,
  ring,
  states,
  STATIC_POLICY,
  story as storyOf,
  tell,
  testStories,
  withHandoff,
} from "./story.ts";

const CONSUL = withHandoff(consulPolicy());
const STATIC = withHandoff(STATIC_POLICY);

const story = (title: string, events: readonly string[], states: string, ring: string) =>
  storyOf(title, events, states, ring, CONSUL);

/** Three processes, all in. */
const THREE_IN = [
  "list a b c",
  "a ok since 1",
  "b ok since 2",
  "c ok since 3",
  "a admitted",
  "b admitted",
  "c admitted",
];

testStories({
  "a member that has restarted may hold old data": [
    story(
      "it waits for its sweep, and keeps its place in the ring",
      [...THREE_IN, "a ok since 9"],
      "a joining, b active, c active",
      "active: a b c",
    ),
    story(
      "swept, it is active again",
      [...THREE_IN, "a ok since 9", "a admitted"],
      "a active, b active, c active",
      "active: a b c",
    ),
    story(
      "one that does not tell now has not restarted",
      [...THREE_IN, "a ok"],
      "a active, b active, c active",
      "active: a b c",
    ),
    story(
      "one that tells for the first time has not restarted",
      ["list a", "a ok", "a admitted", "a ok since 1"],
      "a active",
      "active: a",
    ),
    story(
      "one that was found empty may hold groups again",
      [...THREE_IN, "mark a", "a empty", "a ok since 9"],
      "a draining, b active, c active",
      "active: b c",
    ),
  ],
  "one process under two names is used under one of them": [
    story(
      "the first of those that are listed",
      ["list a b c", "a ok since 1", "b ok since 2", "c ok since 1"],
      "a joining, b joining, c alias",
      "active: a b",
    ),
    story(
      "another name that comes later is not used",
      [...THREE_IN, "list a b c x", "x ok since 3", "x admitted"],
      "a active, b active, c active, x alias",
      "active: a b c",
    ),
    story(
      "renamed, it is used under its new name",
      [...THREE_IN, "mark a", "list a b c x", "x ok since 1", "x admitted"],
      "a departed, b active, c active, x active",
      "active: b c x",
    ),
    story(
      "two names that are both to leave are emptied once",
      [...THREE_IN, "list a b c x", "x ok since 1", "mark a x"],
      "a draining, b active, c active, x departed",
      "active: b c",
    ),
    story(
      "as long as one of them answers for the same process",
      ["list a b c", "a ok since 1", "b ok since 2", "c ok since 1", "c ok since 3"],
      "a joining, b joining, c joining",
      "active: a b",
    ),
    story(
      "one that is dead is nobody's other name",
      ["list a b", "a ok since 1", "b refused", "b ok since 1", "b refused"],
      "a joining, b joining",
      "active: a",
    ),
  ],
});

Deno.test("the other name is told", { permissions: "none" }, () => {
  const membership = tell(["list a b", "a ok since 1", "b ok since 1"], CONSUL);
  assert.equal(membership.records.get(member("b"))?.aliasOf, member("a"));
  assert.equal(membership.records.get(member("a"))?.aliasOf, undefined);
});

Deno.test("with our probes alone it is the same", { permissions: "none" }, () => {
  const membership = tell(["list a b c", "a ok since 1", "b ok since 1", "c ok since 2"], STATIC);
  assert.equal(states(membership), "a joining, b alias, c joining");
  assert.equal(ring(membership), "active: a c");
});
