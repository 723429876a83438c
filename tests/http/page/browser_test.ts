/** What the page's scripts work out by themselves. */

import assert from "node:assert/strict";
import { eventText } from "../../../src/http/page/browser/fleet.js";
import {
  bytes,
  clock,
  count,
  duration,
  labelsText,
  percent,
  rate,
  shellWord,
} from "../../../src/http/page/browser/format.js";
import { chosen } from "../../../src/http/page/browser/order.js";
import { problemsOf } from "../../../src/http/page/browser/problems.js";
import { createRates } from "../../../src/http/page/browser/rates.js";
import { arcPath } from "../../../src/http/page/browser/ring.js";
import { sizeText } from "../../../src/http/page/browser/sizes.js";
import { handoffText, sweepText } from "../../../src/http/page/browser/underway.js";
import { wordsOf } from "../../../src/http/page/browser/words.js";

/** A member as the page takes it. */
type MemberView = Parameters<typeof chosen>[0][number];

const permissions = "none";
const words = wordsOf("en");

const DURATIONS: readonly [seconds: number, text: string][] = [
  [-3, "0 s"],
  [119, "119 s"],
  [120, "2 min"],
  [7_199, "119 min"],
  [7_200, "2 h"],
  [172_800, "2 d"],
];
for (const [seconds, text] of DURATIONS) {
  Deno.test(`${seconds} s are ${text}`, { permissions }, () => {
    assert.equal(duration(seconds, words), text);
  });
}

Deno.test("numbers have their thousands parted, and what is not known is a dash", {
  permissions,
}, () => {
  assert.equal(count(1_234_567), "1\u202f234\u202f567");
  assert.deepEqual([count(0), count(undefined), percent(undefined)], ["0", "–", "–"]);
  assert.deepEqual([percent(0.25), percent(0.0123)], ["25.0 %", "1.23 %"]);
  assert.equal(labelsText({ job: 'a"b', x: "y" }), '{job="a\\"b", x="y"}');
});

Deno.test("bytes have their unit, and times are by the clock on the wall", { permissions }, () => {
  assert.deepEqual([999, 1_449, 35_600, 2_000_000].map(bytes), [
    "999 B",
    "1.4 kB",
    "36 kB",
    "2.0 MB",
  ]);
  assert.match(clock("2026-11-30T02:03:04Z"), /^2026-1[12]-\d\d \d\d:\d3:04$/);
});

Deno.test("rates are those of the last ten seconds, and begin anew with a count", {
  permissions,
}, () => {
  const rates = createRates();
  const take = (atMs: number, pushes: number) =>
    rates.take([{ ...view("a", "active"), pushes }], atMs)[0].rate;
  assert.equal(take(0, 100), undefined);
  assert.equal(take(2_000, 110), 5);
  assert.equal(take(10_000, 110), 1);
  assert.equal(take(12_000, 110), 0, "the pushes were before the last ten seconds");
  assert.equal(take(14_000, 150), 40 / 12, "the ten seconds begin with the sample before them");
  assert.equal(take(16_000, 3), undefined);
  assert.deepEqual([rate(undefined), rate(0), rate(0.25), rate(1234.5)], [
    "–",
    "0",
    "0.3",
    "1\u202f235",
  ]);
});

Deno.test("a shell reads each word as it is", { permissions: { run: ["sh"] } }, async () => {
  const texts = ["plain/path", "it's", "$(date)", "a b", "`x`", 'q"q', "a\nb", "!", "*"];
  const { stdout } = await new Deno.Command("sh", {
    args: ["-c", `printf '%s\\0' ${texts.map(shellWord).join(" ")}`],
  }).output();
  assert.deepEqual(new TextDecoder().decode(stdout).split("\0").slice(0, -1), texts);
});

const view = (member: string, state: string, groups?: number): MemberView => ({
  ...{ member, state, in_ring: true, drained: false },
  ...(groups !== undefined && { groups }),
});
const MEMBERS = [
  view("10.0.0.10:9091", "active", 3),
  view("10.0.0.9:9091", "suspect"),
  view("10.0.0.2:9091", "active", 7),
];
const ORDERS: readonly [what: string, own: Partial<Parameters<typeof chosen>[1]>, hosts: string][] =
  [
    ["what is wrong first, then by name", {}, "9 2 10"],
    ["by name, numbers as numbers", { key: "member" }, "2 9 10"],
    ["by groups, unknown last", { key: "groups", descending: true }, "2 10 9"],
    ["by groups, unknown first", { key: "groups" }, "9 10 2"],
    ["only those of a state", { state: "active" }, "2 10"],
    ["only those with a text", { text: "0.1" }, "10"],
    ["only those with all words", { text: "9091 SUSPECT" }, "9"],
    ["only those with a word of the page's language", { text: "可疑" }, "9"],
  ];
for (const [what, own, hosts] of ORDERS) {
  Deno.test(`members are shown ${what}`, { permissions }, () => {
    const shown = ({ state }: MemberView) => state === "suspect" ? "可疑" : "";
    const choice = { text: "", state: "", key: "state" as const, descending: false, shown, ...own };
    const found = chosen(MEMBERS, choice).map(({ member }) => /\.(\d+):/.exec(member)?.[1]);
    assert.equal(found.join(" "), hosts);
  });
}

/** An overview of a fleet where all is well. */
const WELL = {
  ...{ version: "1", started: "", ready: true, reason: "2 members", mode: "auto", handoff: true },
  ...{ admin_api: false, discovery: "up", config_hash: "c", last_event: 0, states: { active: 2 } },
  ...{ groups: 3, misplaced: 0, missing: 0 },
  ring: { hash: 1, members: 2, kept: false },
  instances: [
    { id: "own", own: true, lost: false, ring_hash: 1, config_hash: "c" },
    { id: "old", own: false, lost: false, ring_hash: 1 },
  ],
};

Deno.test("problems come first that cost groups, and none is told where all is well", {
  permissions,
}, () => {
  const told = (own: object, members: readonly MemberView[] = []) =>
    problemsOf({ ...WELL, ...own }, members, words).map(({ text }) => text);
  assert.deepEqual(told({}), []);
  assert.deepEqual(told({ ready: false, reason: "no member is known" }), [
    "Not ready: no member is known",
  ]);
  assert.deepEqual(told({ discovery: "failed", discovery_error: "connection refused" }), [
    "The last look-up of members failed: connection refused",
  ]);
  assert.deepEqual(told({ locks: "available" }), []);
  assert.deepEqual(told({ locks: "unreachable", handoff: false }), []);
  assert.match(told({ locks: "unreachable" }).join(), /drains and the removal of old copies wait/);
  assert.match(told({ locks: "forbidden" }).join(), /no drain goes on/);
  const away = { ...view("a:1", "suspect"), why: "connection refused", missing: 1_000 };
  assert.deepEqual(told({ misplaced: 5, missing: 1_000, states: { suspect: 1 } }, [away]), [
    "Missing groups: 1\u202f000. Only members that do not answer have them: a:1",
    "Suspect members (1): a:1 (connection refused)",
    "Misplaced groups: 5. Pushes bring them home",
  ]);
  const unread = ["a", "b", "c", "d"].map((name) => (
    { ...view(name, "active"), unread: "no answer within 30000 ms" }
  ));
  const late = "(no answer within 30000 ms)";
  assert.deepEqual(told({}, unread), [
    `Members whose groups cannot be read (4): a ${late}, b ${late}, c ${late} …`,
  ]);
  assert.deepEqual(told({}, [{ ...view("a:1", "active"), broken_page: true }]), [
    "Members whose /metrics is broken, so that they cannot be scraped (1): a:1",
  ]);
  const other = { id: "x", own: false, lost: false, ring_hash: 2, config_hash: "d" };
  assert.deepEqual(told({ instances: [...WELL.instances, other] }), [
    "Other instances with another ring: 1",
    "Other instances with another configuration: 1",
  ]);
  assert.deepEqual(told({ instances: [...WELL.instances, { ...other, lost: true }] }), []);
});

Deno.test("what is under way is told with handoff on and off, before a sweep and after it", {
  permissions,
}, () => {
  const { groups: _, misplaced: __, ...unswept } = WELL;
  const handoff = (own: object) => handoffText({ ...WELL, ...own }, words);
  assert.deepEqual(
    [handoff({}), handoff({ misplaced: 2 }), handoff({ handoff: false })],
    [
      "Every group that can be read lies with its owner.",
      "2 of 3 groups are misplaced. Each is moved by its next push.",
      "off (handoff.enabled: false)",
    ],
  );
  assert.equal(handoffText(unswept, words), "Nothing was swept yet.");
  const members = [
    ...[view("a", "active", 2), view("b", "joining"), view("c", "alias")],
    { ...view("d", "active", 1), unread: "no answer" },
    { ...view("e", "suspect", 1), missing: 0 },
  ];
  assert.equal(sweepText(WELL, members, words), "1 of 4 members could be read the last time.");
});

Deno.test(
  "a size is told once, or for each member, or why it is not known",
  { permissions },
  () => {
    const size = (name: string, samples: number) => ({
      member: name,
      samples,
      bytes: 100 * samples,
    });
    const read = {
      groups: [
        { path: "/a", sizes: [size("a:1", 12)] },
        { path: "/b", sizes: [size("a:1", 3), size("b:1", 5)] },
        { path: "/c", sizes: [] },
      ],
      unread: [{ member: "c:1", why: "connection refused" }],
    };
    assert.deepEqual(["/a", "/b", "/c"].map((path) => sizeText(read, path, words)), [
      "12 samples, 1.2 kB",
      "a:1: 3 samples, 300 B; b:1: 5 samples, 500 B",
      "c:1 cannot be read: connection refused",
    ]);
    assert.equal(sizeText({ ...read, unread: [] }, "/c", words), "–");
  },
);

Deno.test("events are told in words", { permissions }, () => {
  const base = { id: 1, time: "" };
  const change = {
    ...base,
    kind: "member",
    member: "a:1",
    from: "draining",
    to: "departed",
    why: "empty",
  };
  assert.equal(
    eventText({ ...change, moved: 12 }, words),
    "a:1: draining → departed: empty; 12 groups were moved",
  );
  assert.equal(
    eventText({ ...change, from: "active", to: "suspect", why: "refused", groups: 7 }, words),
    "a:1: active → suspect: refused; it held 7 groups",
  );
  assert.equal(
    eventText({ ...change, why: "marked as removed" }, wordsOf("zh")),
    "a:1：搬空中 → 已离开：已标记为移除",
  );
  assert.equal(
    eventText({ ...change, from: "joining", to: "joining", why: "refused" }, words),
    "a:1 cannot join: refused",
  );
  const added = ["a", "b", "c", "d", "e", "f"];
  assert.equal(
    eventText({ ...base, kind: "ring", members: 6, added, removed: [] }, words),
    "a ring of 6 members was published; added a, b, c, d, e …",
  );
  assert.equal(
    eventText({ ...base, kind: "reload", problems: ["f.yml:1:1: x"] }, words),
    "the configuration was not reloaded: f.yml:1:1: x",
  );
});

Deno.test("an arc goes clockwise from the top, the long way where it is more than half", {
  permissions,
}, () => {
  assert.match(arcPath(0, 0.25, 50, 100), /^M0\.00 -100\.00A100 100 0 0 1 100\.00 -?0\.00L50\.00 /);
  assert.match(arcPath(0, 0.75, 50, 100), /A100 100 0 1 1 -100\.00 /);
});
