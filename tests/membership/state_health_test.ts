/** Who serves, as both opinions say. @module */

import { STATIC_POLICY, story, testStories, THREE_ACTIVE, THREE_INSISTED } from "./story.ts";

testStories({
  "becoming active takes both opinions": [
    story("a listed member joins", ["list a"], "a joining", "none:"),
    story("answering our probe makes it active", ["list a", "a ok"], "a active", "active: a"),
    story(
      "critical in Consul it stays joining",
      ["list a! b", "a ok"],
      "a joining, b joining",
      "none:",
    ),
    story(
      "Consul's word for it comes later",
      ["list a!", "a ok", "list a"],
      "a active",
      "active: a",
    ),
    story(
      "one failed probe says nothing yet",
      ["list a b c", "a fails"],
      "a joining, b joining, c joining",
      "none:",
    ),
  ],
  "a member stops serving": [
    story(
      "refused once",
      [...THREE_ACTIVE, "a refused"],
      "a suspect, b active, c active",
      "active: b c",
    ),
    story(
      "failed twice",
      [...THREE_ACTIVE, "a fails", "a fails"],
      "a suspect, b active, c active",
      "active: b c",
    ),
  ],
  "those that Consul calls critical, and that answer us, wait for its second word": [
    story(
      "one stays",
      [...THREE_ACTIVE, "list a! b c"],
      "a active, b active, c active",
      "active: a b c",
    ),
    story(
      "one leaves when it insists",
      [...THREE_ACTIVE, "list a! b c", "insists a"],
      "a suspect, b active, c active",
      "active: b c",
    ),
    story(
      "many stay",
      [...THREE_ACTIVE, "list a! b! c"],
      "a active, b active, c active",
      "active: a b c",
    ),
    story(
      "also where its word comes in pieces",
      [...THREE_ACTIVE, "list a! b c", "list a! b! c"],
      "a active, b active, c active",
      "active: a b c",
    ),
    story(
      "many leave when it insists",
      [...THREE_ACTIVE, "list a! b! c", "insists a b"],
      "a suspect, b suspect, c active",
      "active: c",
    ),
    story(
      "one that fails our probe leaves at once",
      [...THREE_ACTIVE, "list a! b! c! x! y!", "a refused"],
      "a suspect, b active, c active, x joining, y joining",
      "active: b c",
    ),
    story(
      "the only one that fails our probe leaves, though nobody else is there",
      ["list a", "a ok", "list a!", "a refused"],
      "a suspect",
      "kept: a",
    ),
    story(
      "what it has taken back is contested anew",
      [...THREE_ACTIVE, "list a! b! c", "list a b! c", "insists b", "list a! b! c"],
      "a active, b suspect, c active",
      "active: a c",
    ),
    story(
      "insisting on one that it calls well means nothing",
      [...THREE_ACTIVE, "insists a"],
      "a active, b active, c active",
      "active: a b c",
    ),
  ],
  "a member does not stop serving": [
    story(
      "failed once",
      [...THREE_ACTIVE, "a fails"],
      "a active, b active, c active",
      "active: a b c",
    ),
    story(
      "failed twice, not in a row",
      [...THREE_ACTIVE, "a fails", "a ok", "a fails"],
      "a active, b active, c active",
      "active: a b c",
    ),
  ],
  "a member comes back": [
    story(
      "answering again",
      [...THREE_ACTIVE, "a refused", "a ok"],
      "a active, b active, c active",
      "active: a b c",
    ),
    story(
      "Consul's check passes again",
      [...THREE_ACTIVE, "list a! b c", "list a b c"],
      "a active, b active, c active",
      "active: a b c",
    ),
    story(
      "not while Consul's check fails",
      [...THREE_ACTIVE, "a refused", "list a! b c", "a ok"],
      "a suspect, b active, c active",
      "active: b c",
    ),
    story(
      "not by one opinion of two",
      [...THREE_ACTIVE, "a refused", "list a! b c", "list a b c"],
      "a suspect, b active, c active",
      "active: b c",
    ),
  ],
  "probes that condemn more than half are not believed": [
    story(
      "two of three",
      [...THREE_ACTIVE, "a refused", "b refused"],
      "a active, b active, c active",
      "active: a b c",
    ),
    story("one of one", ["list a", "a ok", "a refused"], "a active", "active: a"),
    story(
      "half is not more than half",
      ["list a b", "a ok", "b ok", "a refused"],
      "a suspect, b active",
      "active: b",
    ),
    story(
      "what Consul calls critical does not count",
      [...THREE_ACTIVE, "list a! b c", "a refused", "b refused"],
      "a suspect, b suspect, c active",
      "active: c",
    ),
    story(
      "Consul's opinion still counts",
      [...THREE_ACTIVE, "a refused", "b refused", "list a! b c"],
      "a suspect, b suspect, c active",
      "active: c",
    ),
    story(
      "they are believed again once most answer",
      [...THREE_ACTIVE, "a refused", "b refused", "a ok"],
      "a active, b suspect, c active",
      "active: a c",
    ),
    story(
      "not so with no second opinion",
      [...THREE_ACTIVE, "a refused", "b refused"],
      "a suspect, b suspect, c active",
      "active: c",
      STATIC_POLICY,
    ),
    story(
      "not so before Consul has ever answered",
      ["look-up fails", "a refused", "b refused", "c ok"],
      "a joining, b joining, c active",
      "active: c",
    ),
  ],
  "what Consul has forgotten stays in the ring while it is registered again": [
    story(
      "the first to be listed again is not alone",
      [...THREE_ACTIVE, "list", "list a"],
      "a active, b departed (forgotten), c departed (forgotten)",
      "active: a b c",
    ),
    story(
      "until it fails our probe",
      [...THREE_ACTIVE, "list", "list a", "b refused"],
      "a active, b departed (forgotten), c departed (forgotten)",
      "active: a c",
    ),
    story(
      "also what is not in the file: its own agent registers it",
      [...THREE_ACTIVE, "list a b c x", "x ok", "list", "list a"],
      "a active, b departed (forgotten), c departed (forgotten), x departed (forgotten)",
      "active: a b c x",
    ),
  ],
  "with our probes alone, none active keeps all that are listed": [
    story(
      "not just the one that died last",
      [...THREE_ACTIVE, "a refused", "b refused", "c refused"],
      "a suspect, b suspect, c suspect",
      "kept: a b c",
      STATIC_POLICY,
    ),
    story(
      "the first to come back is the ring",
      [...THREE_ACTIVE, "a refused", "b refused", "c refused", "b ok"],
      "a suspect, b active, c suspect",
      "active: b",
      STATIC_POLICY,
    ),
  ],
  "none active keeps the last ring": [
    story(
      "also where it had shrunk before",
      [
        ...THREE_ACTIVE,
        "list a! b! c",
        "insists a b",
        "list a! b! c!",
        "insists c",
      ],
      "a suspect, b suspect, c suspect",
      "kept: c",
    ),
    story(
      "all critical in Consul",
      [...THREE_ACTIVE, "list a! b! c!", THREE_INSISTED],
      "a suspect, b suspect, c suspect",
      "kept: a b c",
    ),
    story(
      "Consul's answer is empty",
      [...THREE_ACTIVE, "list"],
      "a departed (forgotten), b departed (forgotten), c departed (forgotten)",
      "kept: a b c",
    ),
    story(
      "the first to come back is the ring",
      [...THREE_ACTIVE, "list a! b! c!", THREE_INSISTED, "list a! b c!"],
      "a suspect, b active, c suspect",
      "active: b",
    ),
    story(
      "a new member waits for the verdict on its fellows",
      [...THREE_ACTIVE, "list", "list x y", "x ok"],
      "a departed (forgotten), b departed (forgotten), c departed (forgotten), x active, y joining",
      "kept: a b c",
    ),
  ],
});
