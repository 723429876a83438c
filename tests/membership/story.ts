/**
 * Membership events and their outcome as short texts, so that a table of them reads as a story:
 * `list a b! c*3 d~` (b is critical, c has weight 3, d is in maintenance), `look-up fails`, `a ok`,
 * `a refused`, `a fails`, `a admitted`, `a empty`, `a holds groups`, `mark a b` (all that are marked),
 * `insists a b` (discovery has called them unhealthy for long), `gives up a b`, `a ok since 5` (its process started then),
 * `a ok since 5 of 1.4.0` (and is of that version),
 * `list a@n b@m / m` (a and b are listed by the nodes n and m, and there is only m).
 *
 * @module
 */

import assert from "node:assert/strict";
import type { Listing } from "../../src/discovery/discovery.ts";
import { type Member, parseMember } from "../../src/member.ts";
import type { ProbeOutcome } from "../../src/membership/probe.ts";
import {
  type Membership,
  type MembershipEvent,
  type MembershipPolicy,
  UNKNOWN_MEMBERSHIP,
} from "../../src/membership/membership.ts";
import { nextMembership } from "../../src/membership/state.ts";

/** The member of a short name. */
export function member(name: string): Member {
  return parseMember(name, 9091);
}

/** Reads `a b! c*3 d~`. */
export function listings(text: string): Map<Member, Listing> {
  const words = text.split(" ").filter((word) => word !== "");
  return new Map(words.map((word) => {
    const [, name, mark, weight = "1", node] = /^(\w+)([!~]?)(?:\*(\d+))?(?:@(\w+))?$/.exec(word) ??
      [];
    const listing = {
      healthy: mark === "",
      weight: Number(weight),
      ...(node !== undefined && { nodes: [node] }),
    };
    return [member(name), mark === "~" ? { ...listing, maintenance: true } : listing];
  }));
}

/** Reads one event. */
export function event(text: string): MembershipEvent {
  if (text === "look-up fails") {
    return { kind: "observed", observation: { kind: "failed", cause: new Error("refused") } };
  }
  const [subject, ...rest] = text.split(" ");
  if (subject === "list") {
    const [listed, nodes] = rest.join(" ").split("/");
    const observation = {
      kind: "members",
      listings: listings(listed),
      ...(nodes !== undefined && { nodes: new Set(nodes.split(" ")) }),
    } as const;
    return { kind: "observed", observation };
  }
  if (subject === "gives") {
    const members = new Set(rest.slice(1).map((name) => member(name)));
    return { kind: "given up", members };
  }
  if (subject === "mark" || subject === "insists") {
    const members = new Set(rest.map((name) => member(name)));
    return { kind: subject === "mark" ? "marked" : "reaffirmed", members };
  }
  switch (rest[0]) {
    case "admitted":
      return { kind: "admitted", member: member(subject) };
    case "empty":
      return { kind: "drained", member: member(subject), empty: true };
    case "holds":
      return { kind: "drained", member: member(subject), empty: false };
  }
  const outcomes: Record<string, ProbeOutcome> = { ok: "ok", refused: "refused", fails: "failed" };
  const started = rest[1] === "since" ? { started: rest[2] } : {};
  const version = rest[3] === "of" ? { version: rest[4] } : {};
  return {
    kind: "probed",
    member: member(subject),
    outcome: outcomes[rest[0]],
    ...started,
    ...version,
  };
}

/** Both opinions, as with Consul; the servers of the file are `a`, `b` and `c` unless told. */
export function consulPolicy(configured = "a b c"): MembershipPolicy {
  return {
    secondOpinion: true,
    configured: [...listings(configured).keys()],
    handoff: false,
    listsRunning: true,
  };
}

/** The same, with members that are swept before they come in and emptied before they go. */
export function withHandoff(policy: MembershipPolicy): MembershipPolicy {
  return { ...policy, handoff: true };
}

/** Our probes alone. */
export const STATIC_POLICY: MembershipPolicy = {
  secondOpinion: false,
  configured: [...listings("a b c").keys()],
  handoff: false,
};

/** The same, of members that are listed while they run, as in DNS. */
export const RUNNING_POLICY: MembershipPolicy = {
  ...STATIC_POLICY,
  configured: [],
  listsRunning: true,
};

/** What a sequence of events leads to. */
export function tell(
  events: readonly string[],
  policy: MembershipPolicy,
  from: Membership = UNKNOWN_MEMBERSHIP,
): Membership {
  return events.reduce((known, text) => nextMembership(known, event(text), policy), from);
}

/** Writes states as `a active, b departed (lost)`. */
export function states({ records }: Membership): string {
  return [...records].map(([member, { state, departure }]) =>
    `${nameOf(member)} ${state}${departure ? ` (${departure})` : ""}`
  ).sort().join(", ");
}

/** Writes a ring as `active: a c*3`. */
export function ring({ ring, ringBasis }: Membership): string {
  const members = [...ring].map(([member, weight]) =>
    `${nameOf(member)}${weight === 1 ? "" : `*${weight}`}`
  );
  return [`${ringBasis}:`, ...members.sort()].join(" ");
}

/** One row of a table: events, and the states and the ring that they lead to. */
export interface Story {
  readonly title: string;
  readonly events: readonly string[];
  readonly states: string;
  readonly ring: string;
  readonly policy: MembershipPolicy;
}

/** Three members, all well. */
export const THREE_ACTIVE = ["list a b c", "a ok", "b ok", "c ok"];

/** Discovery has called all three unhealthy for long enough. */
export const THREE_INSISTED = "insists a b c";

/** Makes a row; Consul is the discovery unless told. */
export function story(
  title: string,
  events: readonly string[],
  states: string,
  ring: string,
  policy = consulPolicy(),
): Story {
  return { title, events, states, ring, policy };
}

/** Registers a test for each story, under its topic. */
export function testStories(topics: Readonly<Record<string, readonly Story[]>>): void {
  for (const [topic, stories] of Object.entries(topics)) {
    for (const { title, events, states: expected, ring: expectedRing, policy } of stories) {
      Deno.test(`${topic}: ${title}`, { permissions: "none" }, () => {
        const membership = tell(events, policy);
        assert.equal(states(membership), expected);
        assert.equal(ring(membership), expectedRing);
      });
    }
  }
}

function nameOf(member: Member): string {
  return member.slice(0, member.indexOf(":"));
}
