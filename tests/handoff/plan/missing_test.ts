import assert from "node:assert/strict";
import { countMissing, createMissing, type Held } from "../../../src/handoff/plan/missing.ts";
import { openLog } from "../../../src/log.ts";
import { type Member, parseMember } from "../../../src/member.ts";
import { consulPolicy, tell } from "../../membership/story.ts";

const [a, b] = ["a", "b"].map((name) => parseMember(name, 9091));
const held = (groups: Readonly<Record<Member, readonly string[]>>): Held =>
  new Map(
    Object.entries(groups).map(([member, ids]) => [
      member as Member,
      { times: new Map(ids.map((id) => [id, 1])) },
    ]),
  );

Deno.test("what only a member held that does not answer is missing, unless it was deleted", {
  permissions: "none",
}, () => {
  const before = held({ [a]: ["1", "2", "3", "4"] });
  const counting = countMissing(before, held({ [b]: ["2", "9"] }), new Map([["3", 0]]));
  assert.deepEqual(counting.next(), { done: true, value: new Map([[a, 2]]) });
});

Deno.test("counting many groups stops in between", { permissions: "none" }, () => {
  const many = Array.from({ length: 2_500 }, (_, i) => String(i));
  const steps = [...countMissing(held({ [a]: many }), new Map())];
  assert.equal(steps.length, 2);
});

/** What is missing after each of some rounds, and what the log says of it. */
async function story(
  ...rounds: { events: string[]; before: Held; after: Held; swept: Member[] }[]
): Promise<{ counts: [Member, number][][]; lines: string[] }> {
  const lines: string[] = [];
  const log = openLog({ level: "info", format: "logfmt", write: (line) => lines.push(line) });
  const missing = createMissing(log);
  const counts: [Member, number][][] = [];
  for (const { events, before, after, swept } of rounds) {
    const membership = tell(events, consulPolicy());
    missing.keep(membership, before);
    const result = { membership, swept: new Set(swept), held: after, deleted: new Map() };
    counts.push([...await missing.look(result, new AbortController().signal)]);
  }
  return { counts, lines: lines.map((line) => line.replace(/^.* msg=/, "").trim()) };
}

const JOINED = ["list a b", "a ok", "b ok"];
const DEAD = [...JOINED, "a refused"];
const death = {
  events: DEAD,
  before: held({ [a]: ["1", "2"], [b]: ["3"] }),
  after: held({ [b]: ["3"] }),
  swept: [b],
};

Deno.test("a member that dies leaves groups missing until they are pushed to others", {
  permissions: "none",
}, async () => {
  const pushed = held({ [b]: ["1", "2", "3"] });
  const { counts, lines } = await story(
    death,
    { events: DEAD, before: death.after, after: held({ [b]: ["1", "3"] }), swept: [b] },
    { events: DEAD, before: pushed, after: pushed, swept: [b] },
  );
  assert.deepEqual(counts, [[[a, 2]], [[a, 1]], [[a, 0]]]);
  assert.deepEqual(lines, [
    '"groups are missing until their member is back or they are pushed again" missing=2 members=a:9091',
    '"no group is missing any more" failures=2 seconds=0',
  ]);
});

Deno.test("a member that is back with what it had leaves nothing missing", {
  permissions: "none",
}, async () => {
  const back = held({ [a]: ["1", "2"], [b]: ["3"] });
  const { counts, lines } = await story(
    death,
    { events: [...DEAD, "a ok"], before: death.after, after: back, swept: [a, b] },
  );
  assert.deepEqual(counts.at(-1), []);
  assert.deepEqual(lines.at(-1), '"no group is missing any more" failures=1 seconds=0');
});

Deno.test("a member that is back without some of its groups is told, once", {
  permissions: "none",
}, async () => {
  const back = held({ [a]: ["1"], [b]: ["3"] });
  const round = { events: [...DEAD, "a ok"], before: back, after: back, swept: [a, b] };
  const { lines } = await story(death, { ...round, before: death.after }, round);
  assert.deepEqual(lines.slice(1), [
    '"member is back without all of its groups" member=a:9091 groups=2 missing=1',
  ]);
});

Deno.test("a member that is dead and gone is told with what went with it", {
  permissions: "none",
}, async () => {
  const gone = { events: ["list b", "b ok"], before: death.after, after: death.after, swept: [b] };
  const { counts, lines } = await story(death, gone);
  assert.deepEqual(counts.at(-1), []);
  assert.deepEqual(lines.slice(1), [
    '"member is gone with groups that no other member has" member=a:9091 groups=2 missing=2',
  ]);
});
