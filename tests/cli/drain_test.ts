/** `drain` as it runs: what it says while a service tells how far it has come. */

import assert from "node:assert/strict";
import { drain } from "../../src/cli/drain.ts";
import type { MemberView } from "../../src/http/api/views.ts";
import { parseMember } from "../../src/member.ts";

const member = parseMember("10.0.0.1:9091");
const DRAINING: MemberView = { member, state: "draining", in_ring: false, drained: false };

/** As a look of so many moved groups finds it. */
function look(moved: number, own: Partial<NonNullable<MemberView["drain"]>> = {}): MemberView {
  return { ...DRAINING, drain: { groups: 200, moved, staying: [], ...own } };
}

const EMPTY: MemberView = { ...look(200), state: "departed", drained: true };

/**
 * Drains by a service that answers one look after the other so, and the last one from then on.
 *
 * @returns what `drain` wrote, and how it failed where it did
 */
async function drained(views: readonly MemberView[], columns?: number) {
  const left = [...views];
  await using server = Deno.serve(
    { port: 0, hostname: "127.0.0.1", onListen() {} },
    ({ method }) => {
      const data = method === "PUT" ? views[0] : [left.length > 1 ? left.shift() : left[0]];
      return Response.json({ status: "success", data });
    },
  );
  let [out, err] = ["", ""];
  const failure = await drain({
    service: { url: `http://127.0.0.1:${server.addr.port}` },
    member,
    undo: false,
    out: (text) => Promise.resolve(void (out += text)),
    err: (text) => err += text,
    sleep: () => Promise.resolve(),
    ...(columns !== undefined && { columns: () => columns }),
  }).then(() => undefined, (error: Error) => error.message);
  return { out, err, failure };
}

/** What a terminal shows in the end. */
function screen(text: string): string[] {
  return text.split("\n").map((line) => {
    let shown = "";
    for (const part of line.split("\r")) shown = part + shown.slice(part.length);
    return shown.trimEnd();
  });
}

const SUMMARY = `${member} is empty, 200 groups were moved: it may be stopped\n`;
const STAYS = { group: "/metrics/job/x", why: "busy" };
const CHECKED = { rate: 20, seconds_left: 5, targets_check: true, staying: [STAYS] };

Deno.test("on a terminal a drain is one line that is drawn anew, below what was said", async (t) => {
  const { out, err, failure } = await drained(
    [DRAINING, look(50), look(100, CHECKED), look(150, CHECKED), EMPTY],
    70,
  );
  assert.deepEqual([out, failure], [SUMMARY, undefined]);
  await t.assertSnapshot(screen(err).join("\n"));
  const drawn = [...err.matchAll(/\r.*?(\d+)\/200 groups/g)].map(([, moved]) => moved);
  assert.deepEqual(drawn, ["50", "100", "150", "200"]);
  assert(err.endsWith("\n"), "the summary begins a line");
});

Deno.test("without a terminal a drain is a line each few seconds, if anything has changed", async (t) => {
  const views = Array.from({ length: 25 }, (_, i) => look(Math.min(i, 10) * 10, CHECKED));
  const { out, err, failure } = await drained([...views, EMPTY]);
  assert.deepEqual([out, failure], [SUMMARY, undefined]);
  assert.doesNotMatch(err, /\r/);
  await t.assertSnapshot(err);
});

Deno.test("a drain that fails on a terminal leaves the reason a line of its own", async () => {
  const { out, err, failure } = await drained([look(50), { ...DRAINING, state: "active" }], 70);
  assert.equal(out, "");
  assert.match(failure ?? "", /was undone/);
  assert.match(err, /50\/200 groups\n$/);
});
