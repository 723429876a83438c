/** Which groups a search finds, and in which pages. */

import assert from "node:assert/strict";
import fc from "fast-check";
import { groupId } from "../../../src/group/group.ts";
import { findGroups, type GroupQuery, parseTerms } from "../../../src/http/api/find_groups.ts";
import { member } from "../../membership/story.ts";

const permissions = "none";

const never = () => false;

function found(
  ids: readonly (readonly string[])[],
  search = "",
  { after = "", limit = 100, isRemoved = never }: Partial<Omit<GroupQuery, "terms">> = {},
) {
  const inventories = new Map(
    ids.map((held, i) => [member(`m${i}`), { times: new Map(held.map((id) => [id, 1])) }]),
  );
  const work = findGroups(inventories, { terms: parseTerms(search), after, limit, isRemoved });
  for (;;) {
    const { done, value } = work.next();
    if (done) return value;
  }
}

const id = (job: string, labels: Record<string, string> = {}) =>
  groupId({ job, labels: new Map(Object.entries(labels)) });
const DB1 = id("backup", { instance: "db1" });
const DB2 = id("backup", { instance: "db2", note: "a b" });
const PATH = id("scan", { dir: "/var/db1" });
const ALL = [DB1, DB2, PATH];

const SEARCHES: readonly [search: string, what: string, found: readonly string[]][] = [
  ["", "everything", ALL],
  ["job=backup", "a job", [DB1, DB2]],
  ["job=back", "no part of a value", []],
  ["job=b*p", "any text in between", [DB1, DB2]],
  ["job=*", "any value", ALL],
  ["instance=db*", "a beginning", [DB1, DB2]],
  ["instance=*1", "an end", [DB1]],
  ["instance=d*b*1", "several pieces", [DB1]],
  ["instance=db1*db1", "no piece twice", []],
  ["job=backup instance=db2", "all terms", [DB2]],
  ["db1", "a text anywhere", [DB1, PATH]],
  ["/var", "a slash in a value", [PATH]],
  ["backup/instance", "nothing across what parts segments", []],
  ['"note=a b"', "a value with a blank, in quotes", [DB2]],
  ["note=", "only an empty value", []],
  ["other=x", "no label that is not there", []],
  ["metrics", "nothing of the route", []],
];
for (const [search, what, ids] of SEARCHES) {
  Deno.test(`a search for ${JSON.stringify(search)} finds ${what}`, { permissions }, () => {
    assert.deepEqual(found([ALL], search), { ids: [...ids].sort(), matching: ids.length });
  });
}

Deno.test("a group on two members is found once", { permissions }, () => {
  assert.deepEqual(found([[DB1, DB2], [DB1]]), { ids: [DB1, DB2], matching: 2 });
});

Deno.test("a copy that was deleted since the last sweep is not found", { permissions }, () => {
  const isRemoved = (id: string, of: string) => id === DB1 && of === member("m0");
  assert.deepEqual(found([[DB1, DB2]], "", { isRemoved }).ids, [DB2]);
  assert.deepEqual(found([[DB1], [DB1]], "", { isRemoved }).ids, [DB1], "another member has it");
});

Deno.test("pages one after the other are all groups in order", { permissions }, () => {
  const holdings = fc.array(fc.array(fc.integer({ min: 0, max: 50 }).map((n) => id(`j${n}`))));
  fc.assert(
    fc.property(holdings, fc.integer({ min: 1, max: 7 }), (held, limit) => {
      const all = [...new Set(held.flat())].sort();
      const read: string[] = [];
      for (;;) {
        const { ids, matching } = found(held, "", { after: read.at(-1) ?? "", limit });
        assert.equal(matching, all.length);
        read.push(...ids);
        if (ids.length < limit) break;
      }
      assert.deepEqual(read, all);
    }),
  );
});

Deno.test("a pattern with many stars takes no longer than others", { permissions }, () => {
  // A regular expression of 30 `.*` would not end on it.
  const long = id("a".repeat(3_000));
  assert.equal(found([[long]], `job=${"*a".repeat(30)}*b`).matching, 0);
});
