/** What discovery tells, or fails to tell. @module */

import { consulPolicy, story, testStories, THREE_ACTIVE, withHandoff } from "./story.ts";

/** Nothing is registered yet, and the servers of the file answer. */
const NONE_LISTED = ["list", "a ok", "b ok", "c ok"];
const ALL_ACTIVE = "a active, b active, c active";
const TWO_ACTIVE = "x active, y active";
/** No server is in the file. */
const ANY = consulPolicy("");

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
      "what Consul lists is added to them: they are about to be registered",
      ["look-up fails", "a ok", "b ok", "c ok", "list a x", "x ok"],
      "a active, b active, c active, x active",
      "active: a b c x",
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
    story("empty: the file's servers join", ["list"], "a joining, b joining, c joining", "none:"),
    story("empty, with none in the file: no ring", ["list"], "", "none:", consulPolicy("")),
    story("all critical: they are named", ["list a! x!*2"], "a joining, x joining", "kept: a x*2"),
    story(
      "all dead: they are named",
      ["list a b", "a refused", "b refused"],
      "a active, b active",
      "active: a b",
    ),
  ],
  "a server of the file that Consul does not list yet": [
    story("serves as our probes say", [...NONE_LISTED], ALL_ACTIVE, "active: a b c"),
    story(
      "is not in the ring if it does not answer",
      ["list", "a ok", "b refused", "c refused"],
      "a active, b joining, c joining",
      "active: a",
    ),
    story("stays when another is listed", [...NONE_LISTED, "list a"], ALL_ACTIVE, "active: a b c"),
    story(
      "is in the first ring with those that are listed already",
      ["list a", "a ok", "b ok", "c ok"],
      ALL_ACTIVE,
      "active: a b c",
    ),
    story(
      "leaves the ring when it dies",
      [...NONE_LISTED, "list a", "b refused"],
      "a active, b suspect, c active",
      "active: a c",
    ),
    story(
      "has nobody who could say that our probes are wrong",
      ["list a", "a ok", "b refused", "c refused"],
      "a active, b joining, c joining",
      "active: a",
    ),
    story(
      "stays when it is registered as critical, and not checked yet",
      [...NONE_LISTED, "list a?"],
      ALL_ACTIVE,
      "active: a b c",
    ),
    story(
      "leaves the ring when Consul has checked it, and insists",
      [...NONE_LISTED, "list a? b c", "list a! b c", "insists a"],
      "a suspect, b active, c active",
      "active: b c",
    ),
    story(
      "is withdrawn when it is taken out after it was listed",
      [...NONE_LISTED, "list a b c", "list a b"],
      "a active, b active, c departed (withdrawn)",
      "active: a b",
    ),
    story(
      "is not in the ring if it is marked",
      ["mark c", ...NONE_LISTED],
      "a active, b active, c departed (released)",
      "active: a b",
    ),
    story(
      "leaves the ring for good when it cannot be registered",
      [...NONE_LISTED, "c unregistrable", "list a b"],
      "a active, b active, c departed (lost)",
      "active: a b",
    ),
  ],
  "instances that Consul has not checked yet": [
    story(
      "serve as our probes say",
      ["list x? y?", "x ok", "y ok"],
      TWO_ACTIVE,
      "active: x y",
      ANY,
    ),
    story(
      "are waited for by the first ring",
      ["list x y?", "x ok"],
      "x active, y joining",
      "none:",
      ANY,
    ),
    story(
      "are not in the ring if they do not answer",
      ["list x y?", "x ok", "y refused"],
      "x active, y joining",
      "active: x",
      ANY,
    ),
    story(
      "do not join a ring that is there",
      ["list x", "x ok", "list x y?", "y ok"],
      "x active, y joining",
      "active: x",
      ANY,
    ),
    story(
      "stay when the check fails, and our probes disagree",
      ["list x? y", "x ok", "y ok", "list x! y"],
      TWO_ACTIVE,
      "active: x y",
      ANY,
    ),
    story(
      "leave when Consul insists, though its check has not run since",
      ["list x? y", "x ok", "y ok", "insists x", "list x? y"],
      "x suspect, y active",
      "active: y",
      ANY,
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
      ANY,
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
