/** Members that are dead and not listed: who may come back with what it held is remembered. @module */

import {
  RUNNING_POLICY,
  STATIC_POLICY,
  story as storyOf,
  testStories,
  withHandoff,
} from "./story.ts";

const RUNNING = withHandoff(RUNNING_POLICY);

const story = (
  title: string,
  events: readonly string[],
  states: string,
  ring: string,
  policy = RUNNING,
) => storyOf(title, events, states, ring, policy);

/** Two members, all in. */
const TWO_IN = ["list a b", "a ok", "b ok", "a admitted", "b admitted"];

testStories({
  "where discovery lists those alone that run": [
    story(
      "one that is dead and not listed is remembered",
      [...TWO_IN, "b refused", "list a"],
      "a active, b departed (ended)",
      "active: a",
    ),
    story(
      "also where it was not listed first",
      [...TWO_IN, "list a", "b refused"],
      "a active, b departed (withdrawn)",
      "active: a",
    ),
    story(
      "also where it never answered",
      [...TWO_IN, "list a b c", "list a b", "c refused"],
      "a active, b active, c departed (ended)",
      "active: a b",
    ),
    story(
      "each further failed probe changes nothing",
      [...TWO_IN, "b refused", "list a", "b refused", "b fails"],
      "a active, b departed (ended)",
      "active: a",
    ),
    story(
      "listed again it is swept before it comes in",
      [...TWO_IN, "b refused", "list a", "list a b", "b ok"],
      "a active, b joining",
      "active: a",
    ),
    story(
      "one that answers again waits to be listed",
      [...TWO_IN, "b refused", "list a", "b ok"],
      "a active, b departed (ended)",
      "active: a",
    ),
    story(
      "one that was being emptied when it died is emptied when it is back",
      [...TWO_IN, "list a", "b refused", "b ok"],
      "a active, b draining (withdrawn)",
      "active: a",
    ),
    story(
      "one that is given up is forgotten",
      [...TWO_IN, "b refused", "list a", "gives up b"],
      "a active",
      "active: a",
    ),
    story(
      "one that is listed, or answers, or was told to leave, is not given up",
      [
        ...[...TWO_IN, "list a b c d", "c refused", "d refused", "list a b d"],
        ...["c ok", "mark d", "list a b", "gives up b c d"],
      ],
      "a active, b active, c departed (ended), d departed (ended)",
      "active: a b",
    ),
  ],
  "where an operator lists the members": [
    story(
      "one that is dead and taken out is forgotten",
      [...TWO_IN, "b refused", "list a"],
      "a active",
      "active: a",
      withHandoff({ ...STATIC_POLICY, configured: [] }),
    ),
  ],
});
