/** What the page's scripts work out by themselves. */

import assert from "node:assert/strict";
import { eventText, problemsOf } from "../../../src/http/page/browser/fleet.js";
import {
  count,
  duration,
  labelsText,
  percent,
  rate,
  shellWord,
} from "../../../src/http/page/browser/format.js";
import { chosen } from "../../../src/http/page/browser/order.js";
import { createRates } from "../../../src/http/page/browser/rates.js";
import { arcPath } from "../../../src/http/page/browser/ring.js";
import { wordsOf } from "../../../src/http/page/browser/words.js";

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

const view = (member: string, state: string, groups?: number) => ({
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
  ];
for (const [what, own, hosts] of ORDERS) {
  Deno.test(`members are shown ${what}`, { permissions }, () => {
    const choice = { text: "", state: "", key: "state" as const, descending: false, ...own };
    const found = chosen(MEMBERS, choice).map(({ member }) => /\.(\d+):/.exec(member)?.[1]);
    assert.equal(found.join(" "), hosts);
  });
}

Deno.test("problems come first that cost groups, and none is told where all is well", {
  permissions,
}, () => {
  const well = {
    ...{ version: "1", started: "", ready: true, reason: "2 members", mode: "auto", handoff: true },
    ...{
      admin_api: false,
      discovery: "up",
      config_hash: "c",
      last_event: 0,
      states: { active: 2 },
    },
    ...{ groups: 3, misplaced: 0, missing: 0 },
    ring: { hash: 1, members: 2, kept: false },
    instances: [
      { id: "own", own: true, lost: false, ring_hash: 1, config_hash: "c" },
      { id: "old", own: false, lost: false, ring_hash: 1 },
    ],
  };
  const told = (own: object) => problemsOf({ ...well, ...own }, words).map(({ text }) => text);
  assert.deepEqual(told({}), []);
  assert.deepEqual(told({ ready: false, reason: "no member is known" }), [
    "Not ready: no member is known",
  ]);
  assert.deepEqual(told({ misplaced: 5, missing: 1_000, states: { suspect: 1 } }), [
    "Missing groups: 1\u202f000. Only a member that does not answer has them",
    "Suspect members: 1",
    "Misplaced groups: 5. Pushes bring them home",
  ]);
  const other = { id: "x", own: false, lost: false, ring_hash: 2, config_hash: "d" };
  assert.deepEqual(told({ instances: [...well.instances, other] }), [
    "Other instances with another ring: 1",
    "Other instances with another configuration: 1",
  ]);
  assert.deepEqual(told({ instances: [...well.instances, { ...other, lost: true }] }), []);
});

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
