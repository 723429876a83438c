/** Who comes in and who goes where groups are brought to their owners. @module */

import {
  consulPolicy,
  STATIC_POLICY,
  story as storyOf,
  testStories,
  THREE_ACTIVE,
  THREE_INSISTED,
  withHandoff,
} from "./story.ts";

const CONSUL = withHandoff(consulPolicy());
const STATIC = withHandoff(STATIC_POLICY);

const story = (
  title: string,
  events: readonly string[],
  states: string,
  ring: string,
  policy = CONSUL,
) => storyOf(title, events, states, ring, policy);

/** Three members, all in. */
const THREE_IN = [...THREE_ACTIVE, "a admitted", "b admitted", "c admitted"];

testStories({
  "a member that is to leave does not return with those that Consul has forgotten": [
    story(
      "marked while the catalogue was empty, it is emptied and out of the ring",
      ["list a b", "a ok", "list", "mark a", "b ok", "list b", "b admitted"],
      "a draining (forgotten), b active",
      "active: b",
    ),
  ],
  "a member comes in once it has been swept": [
    story("answering is not enough", ["list a", "a ok"], "a joining", "active: a"),
    story("admitted, it is active", ["list a", "a ok", "a admitted"], "a active", "active: a"),
    story(
      "another one keeps out of the ring until then",
      [...THREE_IN, "list a b c x", "x ok"],
      "a active, b active, c active, x joining",
      "active: a b c",
    ),
    story(
      "another one is in the ring from then on",
      [...THREE_IN, "list a b c x", "x ok", "x admitted"],
      "a active, b active, c active, x active",
      "active: a b c x",
    ),
    story(
      "not one that has never answered us",
      [...THREE_IN, "list a b c x", "x admitted"],
      "a active, b active, c active, x joining",
      "active: a b c",
    ),
    story(
      "not one that is critical in Consul",
      [...THREE_IN, "list a b c x!", "x ok", "x admitted"],
      "a active, b active, c active, x joining",
      "active: a b c",
    ),
    story(
      "what was swept while critical need not be swept again",
      [...THREE_IN, "list a b c x!", "x ok", "x admitted", "list a b c x"],
      "a active, b active, c active, x active",
      "active: a b c x",
    ),
    story(
      "unless it died meanwhile: it may have come back with old data",
      [
        ...THREE_IN,
        "list a b c x!",
        "x ok",
        "x admitted",
        "x refused",
        "x ok",
        "list a b c x",
      ],
      "a active, b active, c active, x joining",
      "active: a b c",
    ),
    story(
      "one that nobody can sweep comes in by Consul's word where our probes are not believed",
      ["list a b", "a refused", "b refused"],
      "a active, b active",
      "active: a b",
    ),
  ],
  "the first ring does not wait for sweeps": [
    story(
      "all that answer make it",
      THREE_ACTIVE,
      "a joining, b joining, c joining",
      "active: a b c",
    ),
    story(
      "not before each has been probed",
      ["list a b", "a ok"],
      "a joining, b joining",
      "none:",
    ),
    story(
      "those that wait to be swept stay in it beside one that is in",
      [...THREE_ACTIVE, "b admitted"],
      "a joining, b active, c joining",
      "active: a b c",
    ),
    story(
      "one that comes later waits",
      [...THREE_ACTIVE, "list a b c x", "x ok"],
      "a joining, b joining, c joining, x joining",
      "active: a b c",
    ),
    story(
      "one that fails before its sweep leaves it",
      [...THREE_ACTIVE, "a refused"],
      "a joining, b joining, c joining",
      "active: b c",
    ),
    story(
      "with our probes alone too",
      THREE_ACTIVE,
      "a joining, b joining, c joining",
      "active: a b c",
      STATIC,
    ),
  ],
  "a member that returns may hold old data": [
    story(
      "it waits for its sweep",
      [...THREE_IN, "a refused", "a ok"],
      "a joining, b active, c active",
      "active: b c",
    ),
    story(
      "it is back once it is rid of it",
      [...THREE_IN, "a refused", "a ok", "a admitted"],
      "a active, b active, c active",
      "active: a b c",
    ),
    story(
      "what was found before it failed counts no more",
      [...THREE_IN, "a refused", "a admitted", "a ok"],
      "a joining, b active, c active",
      "active: b c",
    ),
    story(
      "one that Consul has called critical for long was out of the ring too",
      [...THREE_IN, "list a! b c", "insists a", "list a b c"],
      "a joining, b active, c active",
      "active: b c",
    ),
    story(
      "one failed probe is no return",
      [...THREE_IN, "a fails", "a ok"],
      "a active, b active, c active",
      "active: a b c",
    ),
  ],
  "a ring that is kept stays while its members wait to be swept": [
    story(
      "all of them are back",
      [...THREE_IN, "list a! b! c!", THREE_INSISTED, "list a b c"],
      "a joining, b joining, c joining",
      "kept: a b c",
    ),
    story(
      "the first to be swept does not make one of its own",
      [...THREE_IN, "list a! b! c!", THREE_INSISTED, "list a b c", "a admitted"],
      "a active, b joining, c joining",
      "active: a b c",
    ),
    story(
      "one that cannot be swept keeps no other one out",
      [
        ...THREE_IN,
        "list a! b! c!",
        THREE_INSISTED,
        "list a b c d",
        "d ok",
        "a admitted",
        "d admitted",
      ],
      "a active, b joining, c joining, d active",
      "active: a b c d",
    ),
    story(
      "all of them have been swept",
      [
        ...THREE_IN,
        "list a! b! c!",
        THREE_INSISTED,
        "list a b c",
        "a admitted",
        "b admitted",
        "c admitted",
      ],
      "a active, b active, c active",
      "active: a b c",
    ),
    story(
      "with our probes alone",
      [...THREE_IN, "a refused", "b refused", "c refused", "b ok"],
      "a suspect, b joining, c suspect",
      "kept: a b c",
      STATIC,
    ),
  ],
  "a member that is taken out is emptied first": [
    story(
      "it leaves the ring at once",
      [...THREE_IN, "list b c"],
      "a draining (withdrawn), b active, c active",
      "active: b c",
    ),
    story(
      "it has departed once it is empty",
      [...THREE_IN, "list b c", "a empty"],
      "a departed (withdrawn), b active, c active",
      "active: b c",
    ),
    story(
      "found with groups again, it is emptied again",
      [...THREE_IN, "list b c", "a empty", "a holds groups"],
      "a draining (withdrawn), b active, c active",
      "active: b c",
    ),
    story(
      "it dies meanwhile",
      [...THREE_IN, "list b c", "a refused"],
      "a departed (withdrawn), b active, c active",
      "active: b c",
    ),
    story(
      "it dies and returns, so it is emptied again",
      [...THREE_IN, "list b c", "a refused", "a ok"],
      "a draining (withdrawn), b active, c active",
      "active: b c",
    ),
    story(
      "it was empty, dies and returns, perhaps with what it held before",
      [...THREE_IN, "list b c", "a empty", "a refused", "a ok"],
      "a draining (withdrawn), b active, c active",
      "active: b c",
    ),
    story(
      "it is put back before it is empty, and joins",
      [...THREE_IN, "list b c", "list a b c"],
      "a joining, b active, c active",
      "active: b c",
    ),
    story(
      "it is put back and comes in once it has been swept",
      [...THREE_IN, "list b c", "a empty", "list a b c", "a admitted"],
      "a active, b active, c active",
      "active: a b c",
    ),
    story(
      "not so one that was dead: there is nothing to be had from it",
      [...THREE_IN, "a refused", "list b c"],
      "a departed (lost), b active, c active",
      "active: b c",
    ),
  ],
  "a member in maintenance is emptied": [
    story(
      "it leaves the ring",
      [...THREE_IN, "list a~ b c"],
      "a draining, b active, c active",
      "active: b c",
    ),
    story(
      "it has departed once it is empty, and is still listed",
      [...THREE_IN, "list a~ b c", "a empty"],
      "a departed, b active, c active",
      "active: b c",
    ),
    story(
      "out of maintenance it joins",
      [...THREE_IN, "list a~ b c", "a empty", "list a b c"],
      "a joining, b active, c active",
      "active: b c",
    ),
  ],
  "a marked member is emptied": [
    story(
      "it leaves the ring though it is listed",
      [...THREE_IN, "mark a"],
      "a draining, b active, c active",
      "active: b c",
    ),
    story(
      "it has departed once it is empty",
      [...THREE_IN, "mark a", "a empty"],
      "a departed, b active, c active",
      "active: b c",
    ),
    story(
      "unmarked, it joins",
      [...THREE_IN, "mark a", "mark"],
      "a joining, b active, c active",
      "active: b c",
    ),
    story(
      "unmarked and swept, it is back",
      [...THREE_IN, "mark a", "a empty", "mark", "a admitted"],
      "a active, b active, c active",
      "active: a b c",
    ),
    story(
      "one that dies has departed",
      [...THREE_IN, "mark a", "a refused"],
      "a departed, b active, c active",
      "active: b c",
    ),
    story(
      "one that nobody lists is waited for: it may hold groups",
      [...THREE_IN, "mark x"],
      "a active, b active, c active, x departed (released)",
      "active: a b c",
    ),
    story(
      "one that nobody lists is emptied once it answers",
      [...THREE_IN, "mark x", "x ok"],
      "a active, b active, c active, x draining (released)",
      "active: a b c",
    ),
    story(
      "one that nobody lists, and that is unmarked and fails, may come back",
      [...THREE_IN, "mark x", "x ok", "x empty", "mark", "x refused"],
      "a active, b active, c active, x departed (released)",
      "active: a b c",
    ),
  ],
  "with nobody left to take its groups a ring stays": [
    story(
      "all are marked",
      [...THREE_IN, "mark a b c"],
      "a draining, b draining, c draining",
      "kept: a b c",
    ),
    story(
      "all but one are marked, and that one dies",
      [...THREE_IN, "mark a b", "c refused"],
      "a draining, b draining, c suspect",
      "kept: c",
    ),
    story(
      "the last one is withdrawn with others that are marked",
      ["list a b", "a ok", "b ok", "a admitted", "b admitted", "mark a", "list a"],
      "a draining, b draining (withdrawn)",
      "kept: b",
    ),
    story(
      "one is unmarked again",
      [...THREE_IN, "mark a b c", "mark a b", "c admitted"],
      "a draining, b draining, c active",
      "active: c",
    ),
  ],
});
