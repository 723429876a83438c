import assert from "node:assert/strict";
import { openLog } from "../../src/log.ts";
import { type Member, parseMember } from "../../src/member.ts";
import {
  createMembershipTroubles,
  narrateMembership,
  narrateRing,
} from "../../src/membership/narrate.ts";
import { type MembershipEvent, UNKNOWN_MEMBERSHIP } from "../../src/membership/membership.ts";
import { nextMembership } from "../../src/membership/state.ts";
import { HashRing } from "../../src/ring/hash_ring.ts";

const [a, b] = ["a:1", "b:2"].map((text) => parseMember(text));
const policy = { secondOpinion: true, configured: [a, b], handoff: false };

const lists = (members: readonly Member[], healthy = true): MembershipEvent => ({
  kind: "observed",
  observation: {
    kind: "members",
    listings: new Map(members.map((member) => [member, { healthy, weight: 1 }])),
  },
});
const failed: MembershipEvent = {
  kind: "observed",
  observation: {
    kind: "failed",
    cause: new Error("no route", { cause: new Error("EHOSTUNREACH") }),
  },
};
const probed = (member: Member, outcome: "ok" | "refused" | "failed"): MembershipEvent => ({
  kind: "probed",
  member,
  outcome,
});

/** A member answers, and tells since when it runs and which version it is. */
const runs = (member: Member, version: string, started = member as string): MembershipEvent => ({
  kind: "probed",
  member,
  outcome: "ok",
  started,
  version,
});

/** What is logged of the last of some events, each line without its time. */
function told(events: readonly MembershipEvent[]): string[] {
  const lines: string[] = [];
  const log = openLog({ level: "debug", format: "logfmt", write: (line) => lines.push(line) });
  const troubles = createMembershipTroubles();
  let membership = UNKNOWN_MEMBERSHIP;
  for (const event of events) {
    lines.length = 0;
    const previous = membership;
    membership = nextMembership(previous, event, policy);
    const probeFailure = () =>
      event.kind === "probed"
        ? { ok: "", refused: "connection refused", failed: "no answer" }[event.outcome]
        : undefined;
    narrateMembership(membership, { previous, event }, {
      log,
      source: "http://consul",
      troubles,
      probeFailure,
      groupsOf: (member) => member === b ? 7 : undefined,
      onChange() {},
    });
  }
  return lines.map((line) => line.replace(/^time=\S+ level=(\w+) logger=\S+ msg=/, "$1 ").trim());
}

const joined = [lists([a, b]), probed(a, "ok"), probed(b, "ok")];

for (
  const [what, events, lines] of [
    ["a member that joins", [lists([a])], [
      'info "member is joining" member=a:1 from=unknown reason="listed by discovery"',
    ]],
    ["a member that becomes active", [lists([a]), probed(a, "ok")], [
      'info "member is active" member=a:1 from=joining reason="healthy, and answers our probe"',
    ]],
    ["a member that cannot join", [lists([a, b]), probed(a, "ok"), probed(b, "refused")], [
      'warn "member cannot join" member=b:2 reason="connection refused"',
    ]],
    ["a member that refuses connections", [...joined, probed(b, "refused")], [
      'warn "member is suspect" member=b:2 from=active reason="connection refused" groups=7',
    ]],
    ["a member that hangs", [...joined, probed(b, "failed"), probed(b, "failed")], [
      'warn "member is suspect" member=b:2 from=active reason="no answer" groups=7',
    ]],
    ["a member that was taken out alive", [...joined, lists([a])], [
      'info "member has departed" member=b:2 from=active reason="removed from discovery while alive"',
    ]],
    ["a member that was reaped", [...joined, probed(b, "refused"), lists([a])], [
      'info "member has departed" member=b:2 from=suspect reason="not in discovery any more" groups=7',
    ]],
    ["a look-up that fails", [...joined, failed], [
      'warn "look-up of members failed: the last known members stay" source=http://consul err="no route: EHOSTUNREACH"',
    ]],
    ["a look-up that fails again", [...joined, failed, failed], [
      'debug "look-up of members failed again" source=http://consul err="no route: EHOSTUNREACH"',
    ]],
    ["a look-up that works again", [...joined, failed, lists([a, b])], [
      'info "look-up of members works again" source=http://consul failures=1 seconds=0',
    ]],
    ["a look-up that fails at the start", [failed], [
      'warn "look-up of members failed: the members of the file are used" source=http://consul err="no route: EHOSTUNREACH"',
      'info "member is joining" member=a:1 from=unknown reason="listed by discovery"',
      'info "member is joining" member=b:2 from=unknown reason="listed by discovery"',
    ]],
    ["a probe that says nothing new", [...joined, probed(a, "ok")], []],
  ] as const
) {
  Deno.test(`${what} is told in ${lines.length} lines`, { permissions: "none" }, () => {
    assert.deepEqual(told(events), lines);
  });
}

Deno.test(
  "probes that condemn too many, and a kept ring, are told",
  { permissions: "none" },
  () => {
    const distrusted = told([...joined, probed(a, "refused"), probed(b, "refused")]);
    assert.match(distrusted.join("\n"), /warn "probes of most healthy members fail/);
    const believed = told([...joined, probed(a, "refused"), probed(b, "refused"), probed(a, "ok")]);
    assert.match(believed.join("\n"), /info "probes are trusted again"/);
    const empty = told([...joined, lists([])]);
    assert.match(
      empty.join("\n"),
      /warn "discovery lists no member" source=http:\/\/consul before=2/,
    );
    assert.match(
      empty.join("\n"),
      /warn "no member is active: the last ring stays" members=2/,
    );
    const back = told([...joined, lists([]), lists([a, b])]);
    assert.match(back.join("\n"), /info "members are active again" members=2/);
  },
);

const FAULTY =
  'warn "member is a faulty version of the Pushgateway" member=b:2 version=1.11.0 fault="it closes ' +
  "the connection where it should answer 400, so clients do not learn what is wrong; " +
  'install 1.11.1 or later"';
const unpacked = (encodings: string) =>
  `info "pushes are unpacked here: some members cannot unpack them" encodings=${encodings}`;

for (
  const [what, events, lines] of [
    ["a version to avoid is warned of", [runs(b, "1.11.0")], [FAULTY]],
    ["a build of it, too", [runs(b, "1.11.0+ds")], [FAULTY.replace("1.11.0", "1.11.0+ds")]],
    ["it is warned of once", [runs(b, "1.11.0"), probed(b, "refused"), runs(b, "1.11.0", "9")], []],
    ["a version that is well is not told", [runs(b, "1.11.2")], []],
    ["the first that lacks gzip is told", [runs(b, "1.4.0")], [unpacked("gzip,snappy")]],
    ["the first that lacks snappy alone is told", [runs(b, "1.5.1")], [unpacked("snappy")]],
    ["the second is not", [runs(b, "1.4.0"), runs(a, "1.5.1", "9")], []],
    ["what more is missing is told", [runs(b, "1.5.1"), runs(a, "1.4.0", "9")], [
      unpacked("gzip,snappy"),
    ]],
  ] as const
) {
  Deno.test(`of versions: ${what}`, { permissions: "none" }, () => {
    const found = told([lists([a, b]), runs(a, "1.11.2"), ...events]);
    assert.deepEqual(
      found.filter((line) => !/"member is (?:active|joining|suspect)"/.test(line)),
      lines,
    );
  });
}

Deno.test("a new ring is told with what came and went", { permissions: "none" }, () => {
  const lines: string[] = [];
  const log = openLog({ level: "info", format: "logfmt", write: (line) => lines.push(line) });
  const ring = HashRing.of(new Map([[b, 1]]));
  narrateRing(ring, HashRing.of(new Map([[a, 1]])), log);
  assert.match(lines.join(""), new RegExp(`members=1 hash=${ring.hash} added=b:2 removed=a:1`));
});
