/** What an operator reads of what is up and down in turn, and of a Consul that fails again and again. */

import assert from "node:assert/strict";
import { UNKNOWN_MEMBERSHIP } from "../../src/membership/membership.ts";
import {
  createMembershipTroubles,
  narrateCalm,
  narrateMembership,
} from "../../src/membership/narrate.ts";
import { nextMembership } from "../../src/membership/state.ts";
import { recordLog } from "../model/log.ts";
import { consulPolicy, event, member } from "./story.ts";

const permissions = "none";
const POLICY = consulPolicy();

/** A log of a membership, on a clock that is set by hand. */
function startStory() {
  const lines: string[] = [];
  const debug: string[] = [];
  let nowMs = 0;
  let membership = UNKNOWN_MEMBERSHIP;
  const narrator = {
    log: recordLog((line) => (line.startsWith("debug") ? debug : lines).push(line)),
    source: "http://consul",
    troubles: createMembershipTroubles(() => nowMs),
    probeFailure: () => "connection refused",
    groupsOf: () => undefined,
    onChange() {},
  };
  return {
    lines,
    debug,
    pass: (seconds: number) => void (nowMs += 1_000 * seconds),
    learn(...events: string[]) {
      for (const text of events) {
        const previous = membership;
        membership = nextMembership(previous, event(text), POLICY);
        if (membership !== previous) {
          narrateMembership(membership, { previous, event: event(text) }, narrator);
        }
      }
    },
    probed: (name: string) => narrateCalm(member(name), membership, narrator),
  };
}

Deno.test(
  "a member that is up and down in turn is logged three times, and once when it is stable",
  {
    permissions,
  },
  () => {
    const { lines, debug, pass, learn, probed } = startStory();
    learn("list a b c", "a ok", "b ok", "c ok");
    lines.length = 0;
    for (let i = 0; i < 30; i++) {
      learn("a refused");
      pass(5);
      learn("a ok");
      pass(5);
      probed("a");
    }
    const down = '{"member":"a:9091","from":"active","reason":"connection refused"}';
    const up = (seconds: number) =>
      '{"member":"a:9091","from":"suspect","reason":"healthy, and answers our probe",' +
      `"failures":1,"seconds":${seconds}}`;
    assert.deepEqual(lines, [
      `warn member is suspect ${down}`,
      `info member is active ${up(5)}`,
      `warn member is suspect ${down}`,
      `info member is active ${up(5)}`,
      `warn member flaps: it is logged again when it is stable ${down}`,
    ]);
    assert.equal(debug.length, 55, "each change is there at debug");
    pass(285);
    probed("a");
    assert.equal(lines.length, 5, "it was down 295 s ago");
    pass(5);
    probed("a");
    probed("a");
    assert.deepEqual(lines.slice(5), [
      'info member is stable again {"member":"a:9091","failures":28,"seconds":270}',
    ]);
  },
);

Deno.test("look-ups that fail and work in turn are logged three times, and once when they work", {
  permissions,
}, () => {
  const { lines, pass, learn, probed } = startStory();
  learn("list a b", "a ok", "b ok");
  lines.length = 0;
  for (let i = 0; i < 30; i++) {
    learn("look-up fails");
    pass(10);
    learn("list a b");
    pass(10);
  }
  assert.deepEqual(lines.map((line) => /^\w+ look-up of members (fail|work)/.exec(line)?.[1]), [
    "fail",
    "work",
    "fail",
    "work",
    "fail",
  ]);
  pass(300);
  probed("b");
  assert.match(lines[5], /^info look-up of members works again .*"failures":28,"seconds":540\}$/);
});

for (
  const [what, begins, ends, phrases] of [
    ["probes fail for most members", ["a refused", "b refused"], ["a ok", "b ok"], [
      "probes of most healthy members fail: discovery alone decides",
      "probes are trusted again",
    ]],
    ["discovery lists no member", ["list"], ["list a b"], [
      "discovery lists no member",
      "discovery lists members again",
    ]],
    ["no member is active", ["list"], ["list a b"], [
      "no member is active: the last ring stays",
      "members are active again",
    ]],
    ["discovery calls a member unhealthy", ["list a! b c"], ["list a b c"], [
      "member is unhealthy in discovery and answers our probe: waiting for discovery",
      "member is healthy in discovery again",
    ]],
  ] as const
) {
  Deno.test(`that ${what} is logged when it begins and when it is over, and not for ever`, {
    permissions,
  }, () => {
    const { lines, pass, learn, probed } = startStory();
    learn("list a b", "a ok", "b ok");
    const told = () =>
      lines.flatMap((line) => phrases.filter((phrase) => line.includes(`${phrase} `)));
    learn(...begins);
    pass(5);
    learn(...ends);
    assert.deepEqual(told(), phrases);
    for (let i = 0; i < 30; i++) {
      learn(...begins);
      pass(5);
      learn(...ends);
    }
    assert.deepEqual(told(), [...phrases, ...phrases, phrases[0]]);
    pass(300);
    probed("a");
    assert.deepEqual(told(), [...phrases, ...phrases, ...phrases]);
    assert.match(lines.at(-1) ?? "", /"failures":29,"seconds":140\}$/);
  });
}
