/** What discovery tells, or fails to tell. @module */

import { consulPolicy, story, testStories, THREE_ACTIVE, withHandoff } from "./story.ts";

testStories({
  "a failed look-up is not an empty answer": [
    story(
      "the members stay",
      [...THREE_ACTIVE, "look-up fails"],
      "a active, b active, c active",
      "active: a b c",
    ),
    story(
      "our probes go on",
      [...THREE_ACTIVE, "look-up fails", "a refused"],
      "a suspect, b active, c active",
      "active: b c",
    ),
    story(
      "more than half of them are still not believed",
      [...THREE_ACTIVE, "look-up fails", "a refused", "b refused"],
      "a active, b active, c active",
      "active: a b c",
    ),
  ],
  "Consul never reached at the start": [
    story("the file's servers join", ["look-up fails"], "a joining, b joining, c joining", "none:"),
    story(
      "and serve as our probes say",
      ["look-up fails", "a ok", "b ok", "c refused"],
      "a active, b active, c joining",
      "active: a b",
    ),
    story(
      "none answers: they are named all the same",
      ["look-up fails", "a refused", "b refused", "c fails", "c fails"],
      "a joining, b joining, c joining",
      "kept: a b c",
    ),
    story(
      "failing again changes nothing",
      ["look-up fails", "a ok", "b ok", "c ok", "look-up fails"],
      "a active, b active, c active",
      "active: a b c",
    ),
    story(
      "Consul's first word replaces them",
      ["look-up fails", "a ok", "b ok", "c ok", "list a x", "x ok"],
      "a active, b departed (lost), c departed (lost), x active",
      "active: a x",
    ),
    story(
      "without any in the file there is no ring",
      ["look-up fails"],
      "",
      "none:",
      consulPolicy(""),
    ),
  ],
  "Consul's first answer": [
    story("empty: the file's servers are named", ["list"], "", "kept: a b c"),
    story("empty, with none in the file: no ring", ["list"], "", "none:", consulPolicy("")),
    story("all critical: they are named", ["list a! x!*2"], "a joining, x joining", "kept: a x*2"),
    story(
      "all dead: they are named",
      ["list a b", "a refused", "b refused"],
      "a active, b active",
      "active: a b",
    ),
  ],
  "the first ring waits for a verdict on each healthy member": [
    story("one to go", ["list a b c", "a ok", "b ok"], "a active, b active, c joining", "none:"),
    story(
      "the last answers",
      ["list a b c", "a ok", "b ok", "c ok"],
      "a active, b active, c active",
      "active: a b c",
    ),
    story(
      "the last is condemned",
      ["list a b c", "a ok", "b ok", "c fails", "c fails"],
      "a active, b active, c joining",
      "active: a b",
    ),
    story(
      "a critical one is not waited for",
      ["list a b!", "a ok"],
      "a active, b joining",
      "active: a",
    ),
    story(
      "later ones are not waited for",
      ["list a", "a ok", "list a b"],
      "a active, b joining",
      "active: a",
    ),
  ],
  "why a member departed": [
    story(
      "gone while alive: withdrawn",
      [...THREE_ACTIVE, "list a b"],
      "a active, b active, c departed (withdrawn)",
      "active: a b",
    ),
    story(
      "gone while dead: lost",
      [...THREE_ACTIVE, "c refused", "list a b"],
      "a active, b active, c departed (lost)",
      "active: a b",
    ),
    story(
      "gone after one failed probe: still alive",
      [...THREE_ACTIVE, "c fails", "list a b"],
      "a active, b active, c departed (withdrawn)",
      "active: a b",
    ),
    story(
      "gone before any verdict: lost",
      ["list a b", "a ok", "list a"],
      "a active, b departed (lost)",
      "active: a",
    ),
    story(
      "everything gone: forgotten",
      [...THREE_ACTIVE, "list"],
      "a departed (forgotten), b departed (forgotten), c departed (forgotten)",
      "kept: a b c",
    ),
    story(
      "it stays withdrawn when it dies",
      [...THREE_ACTIVE, "list a b", "c refused"],
      "a active, b active, c departed (withdrawn)",
      "active: a b",
    ),
    story(
      "it stays withdrawn when everything goes",
      [...THREE_ACTIVE, "list a b", "list"],
      "a departed (forgotten), b departed (forgotten), c departed (withdrawn)",
      "kept: a b",
    ),
    story(
      "a lost one that answers waits to be listed",
      [...THREE_ACTIVE, "c refused", "list a b", "c ok"],
      "a active, b active, c departed (lost)",
      "active: a b",
    ),
    story(
      "listed again while alive: active at once",
      [...THREE_ACTIVE, "list a b", "list a b c"],
      "a active, b active, c active",
      "active: a b c",
    ),
    story(
      "listed again while dead: joining",
      [...THREE_ACTIVE, "c refused", "list a b", "list a b c"],
      "a active, b active, c joining",
      "active: a b",
    ),
    story(
      "not in the file, and dead after it was taken out: it may come back",
      ["list a x", "a ok", "x ok", "list a", "x refused"],
      "a active, x departed (withdrawn)",
      "active: a",
    ),
    story(
      "not in the file, gone while dead: it may come back",
      ["list a b x", "a ok", "b ok", "x refused", "list a b"],
      "a active, b active, x departed (ended)",
      "active: a b",
    ),
    story(
      "not in the file and alive: remembered",
      ["list a x", "a ok", "x ok", "list a"],
      "a active, x departed (withdrawn)",
      "active: a",
    ),
  ],
  "a member whose node is gone was not taken out": [
    story(
      "its node is there: withdrawn",
      ["list a@n b@m", "a ok", "b ok", "list b@m / n m"],
      "a departed (withdrawn), b active",
      "active: b",
    ),
    story(
      "its node is gone: it stays in the ring",
      ["list a@n b@m", "a ok", "b ok", "list b@m / m"],
      "a departed (forgotten), b active",
      "active: a b",
    ),
    story(
      "also where it is in no file",
      ["list a@n x@m", "a ok", "x ok", "list a@n / n"],
      "a active, x departed (forgotten)",
      "active: a x",
    ),
    story(
      "its node is there under the same name only",
      ["list a@n1 b@m", "a ok", "b ok", "list b@m / n2 m"],
      "a departed (forgotten), b active",
      "active: a b",
    ),
    story(
      "until it fails our probe",
      ["list a@n x@m", "a ok", "x ok", "list a@n / n", "x refused"],
      "a active, x departed (ended)",
      "active: a",
    ),
    story(
      "its agent returns, and calls it critical until it has checked it",
      ["list a@n1 b@m", "a ok", "b ok", "list b@m / m", "list a!@n2 b@m"],
      "a active, b active",
      "active: a b",
    ),
    story(
      "its agent returns, and insists",
      ["list a@n1 b@m", "a ok", "b ok", "list b@m / m", "list a!@n2 b@m", "insists a"],
      "a suspect, b active",
      "active: b",
    ),
    story(
      "taken out with its node there, though nobody else is listed",
      ["list a@n", "a ok", "list / n"],
      "a departed (withdrawn)",
      "kept: a",
    ),
  ],
  "a member that was told to leave was not taken out by its operator": [
    story(
      "it is released when it is gone",
      [...THREE_ACTIVE, "mark a", "list b c"],
      "a departed (released), b active, c active",
      "active: b c",
    ),
    story(
      "also where that was taken back just before",
      [...THREE_ACTIVE, "b admitted", "c admitted", "mark a", "mark", "list b c"],
      "a departed (released), b active, c active",
      "active: b c",
      withHandoff(consulPolicy()),
    ),
    story(
      "but one that is back, and taken out by hand later, is withdrawn",
      [...THREE_ACTIVE, "b admitted", "c admitted", "mark a", "mark", "a admitted", "list b c"],
      "a draining (withdrawn), b active, c active",
      "active: b c",
      withHandoff(consulPolicy()),
    ),
  ],
  "weights": [
    story(
      "go into the ring",
      ["list a*3 b", "a ok", "b ok"],
      "a active, b active",
      "active: a*3 b",
    ),
    story(
      "change the ring when they change",
      ["list a*3 b", "a ok", "b ok", "list a b*2"],
      "a active, b active",
      "active: a b*2",
    ),
    story(
      "stay as they were in a ring that is kept",
      ["list a*3 b", "a ok", "b ok", "list a!*3 b!", "insists a b", "list a!*5 b!"],
      "a suspect, b suspect",
      "kept: a*3 b",
    ),
  ],
});
