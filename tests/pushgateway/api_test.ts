import assert from "node:assert/strict";
import {
  type ApiGroup,
  mergeGroups as merging,
  mergeStatus,
  parseGroup,
  parseStatus,
} from "../../src/pushgateway/api.ts";

function mergeGroups(members: readonly (readonly ApiGroup[])[]): ApiGroup[] {
  for (const work = merging(members);;) {
    const { done, value } = work.next();
    if (done) return value;
  }
}

function group(labels: Record<string, string>, pushedAt: number, extra = {}): ApiGroup {
  return { labels, push_time_seconds: { metrics: [{ value: String(pushedAt) }] }, ...extra };
}

Deno.test("of two copies of a group the later push counts, whatever the order", {
  permissions: "none",
}, () => {
  const early = group({ job: "a", env: "x" }, 1.7954728e9, { m: "old" });
  const late = group({ env: "x", job: "a" }, 1.7954729e9, { m: "new" });
  const other = group({ job: "a" }, 1);
  assert.deepEqual(mergeGroups([[early, other], [late]]), [late, other]);
  assert.deepEqual(mergeGroups([[late], [early, other]]), [late, other]);
});

Deno.test("groups that differ in a label, or only in how it is cut, are apart", {
  permissions: "none",
}, () => {
  const groups: Record<string, string>[] = [{ job: "a" }, { job: "a", env: "" }, { job: "a,env" }, {
    job: "b",
  }];
  assert.equal(mergeGroups([groups.map((labels) => group(labels, 1))]).length, groups.length);
});

/** A group with a metric named `labels`, as a Pushgateway shows it. */
function hidden(own: Record<string, string>, pushedAt: number): ApiGroup {
  return parseGroup(JSON.stringify({
    labels: { type: "GAUGE", metrics: [{ labels: own, value: "1" }] },
    push_time_seconds: { metrics: [{ labels: own, value: String(pushedAt) }] },
  }));
}

Deno.test(
  "a group whose labels are hidden by a metric of that name is told by those of its push time",
  {
    permissions: "none",
  },
  () => {
    const [early, late] = [
      hidden({ job: "a", instance: "" }, 1),
      hidden({ job: "a", instance: "" }, 2),
    ];
    const other = hidden({ job: "a", instance: "b" }, 1);
    assert.deepEqual(mergeGroups([[early, other], [late]]), [late, other]);
    assert.deepEqual(mergeGroups([[group({ job: "a" }, 3)], [late]]), [group({ job: "a" }, 3)]);
  },
);

Deno.test("groups whose labels are not to be had are all kept", { permissions: "none" }, () => {
  const unknown = { push_time_seconds: { metrics: [{ value: "1" }] } };
  assert.equal(mergeGroups([[unknown], [unknown]]).length, 2);
});

Deno.test("a status tells what members agree on, what not, and the latest start", {
  permissions: "none",
}, () => {
  const status = (version: string, start_time: string) => ({
    build_information: { version, branch: "HEAD" },
    flags: { "web.route-prefix": "" },
    start_time,
  });
  const merged = mergeStatus([
    status("1.11.1", "2026-11-24T10:00:00+02:00"),
    status("1.11.2", "2026-11-24T09:00:00Z"),
  ]);
  assert.deepEqual(merged, {
    build_information: { version: "1.11.1, 1.11.2", branch: "HEAD" },
    flags: { "web.route-prefix": "" },
    start_time: "2026-11-24T09:00:00Z",
  });
});

for (
  const [why, text] of [
    ["no JSON", "<html>"],
    ["an error", '{"status":"error","labels":"x"}'],
    ["data of another shape", '{"status":"success","data":{"labels":1},"labels":1}'],
  ]
) {
  Deno.test(`${why} is no answer of the API`, { permissions: "none" }, () => {
    assert.throws(() => parseGroup(text));
    assert.throws(() => parseStatus(text));
  });
}
