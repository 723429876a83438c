/** How far a drain has come, as those who wait for it see it. */

import assert from "node:assert/strict";
import { checksNotice, progressBar, progressLine } from "../../src/cli/drain_progress.ts";
import type { MemberView } from "../../src/http/api/views.ts";
import { parseMember } from "../../src/member.ts";

const permissions = "none";

type Drain = NonNullable<MemberView["drain"]>;

function leaving(drain?: Partial<Drain>, member = "10.0.0.1:9091"): MemberView {
  return {
    member: parseMember(member),
    state: "draining",
    in_ring: false,
    drained: false,
    groups: 7_500,
    ...(drain && { drain: { groups: 10_000, moved: 2_500, staying: [], ...drain } }),
  };
}

const VIEWS: readonly [why: string, view: MemberView][] = [
  ["nothing has begun", leaving()],
  ["no rate is known yet", leaving({ moved: 0 })],
  ["it goes on", leaving({ rate: 83.4, seconds_left: 90 })],
  ["it is slow", leaving({ rate: 1.26, seconds_left: 5_953 })],
  ["it is very slow", leaving({ rate: 0.02, seconds_left: 375_000 })],
  ["nothing moves", leaving({ rate: 0 })],
  ["it has a few seconds to go", leaving({ moved: 9_950, rate: 83.4, seconds_left: 1 })],
  ["it is done", leaving({ moved: 10_000 })],
  ["there was nothing to do", leaving({ groups: 0, moved: 0, seconds_left: 0 })],
  ["its name is long", leaving({ rate: 83.4, seconds_left: 90 }, `${"gateway-".repeat(7)}1:9091`)],
];

Deno.test("a drain without a terminal is told in lines like these", async (t) => {
  await t.assertSnapshot(VIEWS.map(([why, view]) => `${why}\n${progressLine(view)}\n`).join("\n"));
});

Deno.test("a drain on a terminal is one line that fits it, as these", async (t) => {
  const shown = VIEWS.map(([why, view]) => {
    const lines = [120, 80, 50, 24].map((columns) => progressBar(view, columns));
    return `${why}\n${lines.join("\n")}\n`;
  });
  await t.assertSnapshot(shown.join("\n"));
});

Deno.test("a line on a terminal is shorter than that is wide", { permissions }, () => {
  for (const [why, view] of VIEWS) {
    for (let columns = 1; columns < 200; columns++) {
      assert(progressBar(view, columns).length < columns, `${why}, ${columns} columns`);
    }
  }
});

Deno.test("a bar is never longer than whole, whatever the figures", { permissions }, () => {
  const line = progressBar(leaving({ groups: 3, moved: 5 }), 80);
  assert.match(line, /\[#+\]/);
  assert(line.length < 80);
});

Deno.test("that those who take the groups check pushes is said with the rate, once there is one", async (t) => {
  for (const drain of [undefined, {}, { rate: 20 }, { targets_check: false, rate: 20 }]) {
    assert.equal(checksNotice(leaving(drain)), undefined);
  }
  assert.equal(checksNotice(leaving({ targets_check: true })), undefined);
  assert.equal(checksNotice(leaving({ targets_check: true, rate: 0 })), undefined);
  await t.assertSnapshot(checksNotice(leaving({ targets_check: true, rate: 23.4 })) ?? "");
});
