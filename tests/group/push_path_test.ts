import assert from "node:assert/strict";
import { groupPath, placementKey } from "../../src/group/group.ts";
import type { NameScheme } from "../../src/group/label_name.ts";
import { parsePushPath } from "../../src/group/push_path.ts";
import { PUSH_PATH_TABLE } from "./push_path_table.ts";

for (const { path, scheme, why, group, refusal } of PUSH_PATH_TABLE) {
  const outcome = group ? "takes" : `answers ${refusal?.status} to`;
  Deno.test(
    `parsePushPath() ${outcome} ${path} with ${scheme} names: ${why}`,
    { permissions: "none" },
    () => {
      const parsed = parsePushPath(path, scheme);
      if (parsed.kind === "refused") {
        assert.equal(group, undefined, parsed.reason);
        assert.equal(parsed.status, refusal?.status);
        assert.match(parsed.reason, refusal?.reason ?? /^$/);
      } else {
        const { job, labels } = parsed.group;
        assert.deepEqual({ job, ...Object.fromEntries(labels) }, group);
      }
    },
  );
}

const EQUAL_UNDER_BOTH = PUSH_PATH_TABLE.filter(({ scheme, path, group }) =>
  scheme === "legacy" && group && !path.includes("U__")
);
Deno.test(
  "what legacy names allow means the same with UTF-8 names",
  { permissions: "none" },
  () => {
    assert(EQUAL_UNDER_BOTH.length > 40);
    for (const { path } of EQUAL_UNDER_BOTH) {
      assert.deepEqual(parsePushPath(path, "utf8"), parsePushPath(path, "legacy"), path);
    }
  },
);

Deno.test(
  "the path to send on names the same group and leads the Pushgateway to no redirect",
  { permissions: "none" },
  () => {
    for (const { path, scheme, group } of PUSH_PATH_TABLE) {
      if (!group) continue;
      const first = taken(path, scheme);
      const again = taken(first.path, scheme);
      assert.deepEqual(again, first, path);
      assert.doesNotMatch(decodeURIComponent(first.path), /\/\/|\/\.\.?(\/|$)/, path);
      assert.match(decodeURIComponent(first.path), /^\/metrics\/job(@base64)?\//, path);
      assert.match(first.path, /^[\x21-\x7e]+$/, path);
    }
  },
);

const PATHS_TO_SEND: readonly [why: string, path: string, sent: string][] = [
  ["as it came where that is fine", "/metrics/job/a%62+c/env@base64/eA==", "="],
  ["as it came with an encoded slash", "/metrics%2Fjob%2Fa", "="],
  ["as it came with a slash at its end", "/metrics/job/a/", "="],
  ["as it came with labels out of order", "/metrics/job/a/zone/y/env/x", "="],
  ["with raw UTF-8 encoded", "/metrics/job/é🚀", "/metrics/job/%C3%A9%F0%9F%9A%80"],
  ["with a raw # encoded, or the rest would be lost", "/metrics/job/a#b", "/metrics/job/a%23b"],
  ["with a raw backslash encoded", "/metrics/job/a\\b", "/metrics/job/a%5Cb"],
  [
    'with raw " < > ^ ` { | } encoded',
    '/metrics/job/"<>^`{|}',
    "/metrics/job/%22%3C%3E%5E%60%7B%7C%7D",
  ],
  ["cleaned as Go would", "/metrics//job/./a/b/../env/x", "/metrics/job/a/env/x"],
  ["canonical in another case of the route", "/METRICS/job@BASE64/YQ", "/metrics/job/a"],
  ["without an empty instance", "/metrics/job/a/instance@base64/=/env/x", "/metrics/job/a/env/x"],
];
for (const [why, path, sent] of PATHS_TO_SEND) {
  Deno.test(`parsePushPath() sends a path on ${why}`, { permissions: "none" }, () => {
    assert.equal(taken(path, "legacy").path, sent === "=" ? path : sent);
  });
}

const WITHOUT_INSTANCE = [
  "/metrics/job/a/instance/",
  "/metrics/job/a/instance@base64/=",
  "/metrics/job/a/instance@base64/",
  "/metrics/job/a/instance/b/instance@base64/=",
];
for (const path of WITHOUT_INSTANCE) {
  Deno.test(`${path} is the group without an instance`, { permissions: "none" }, () => {
    assert.deepEqual(taken(path, "legacy"), taken("/metrics/job/a", "legacy"));
  });
}

Deno.test("an instance that is not empty stays", { permissions: "none" }, () => {
  const { group } = taken("/metrics/job/a/instance@base64/=/instance/b", "legacy");
  assert.deepEqual([...group.labels], [["instance", "b"]]);
});

Deno.test(
  "a plain path with sorted labels is its own placement key",
  { permissions: "none" },
  () => {
    for (
      const path of [
        "/metrics/job/a",
        "/metrics/job/a b/env/größe/zone/任务",
        "/metrics/job/x/_a/%",
      ]
    ) {
      const raw = path.replaceAll("%", "%25");
      assert.equal(placementKey(taken(raw, "legacy").group), path);
    }
  },
);

Deno.test("the placement key of a value in base64 holds the value", { permissions: "none" }, () => {
  const { group } = taken("/metrics/job/a/path@base64/L3Zhci90bXA/env/x", "legacy");
  assert.equal(placementKey(group), "/metrics/job/a/env/x/path//var/tmp");
});

const CANONICAL: readonly [path: string, scheme: NameScheme, canonical: string][] = [
  ["/metrics/job@base64/YQ/", "legacy", "/metrics/job/a"],
  ["/metrics/job/a/zone/y/env/x", "legacy", "/metrics/job/a/env/x/zone/y"],
  ["/metrics/job/a/env/", "legacy", "/metrics/job/a/env@base64/="],
  ["/metrics/job@base64/Li4/d@base64/L3g", "legacy", "/metrics/job@base64/Li4/d@base64/L3g"],
  ["/metrics/job/a/U__my_2d_label/x", "legacy", "/metrics/job/a/U__my_2d_label/x"],
  ["/metrics/job/a/U__my_2d_label/x", "utf8", "/metrics/job/a/my-label/x"],
  ["/metrics/job/a/U__a_2f_b/x", "utf8", "/metrics/job/a/U__a_2f_b/x"],
  ["/metrics/job/a/env@base64@base64/eA", "utf8", "/metrics/job/a/U__env_40_base64/x"],
];
for (const [path, scheme, canonical] of CANONICAL) {
  Deno.test(`the group path of ${path} is ${canonical}`, { permissions: "none" }, () => {
    assert.equal(groupPath(taken(path, scheme).group, scheme), canonical);
  });
}

function taken(path: string, scheme: NameScheme) {
  const parsed = parsePushPath(path, scheme);
  if (parsed.kind === "refused") assert.fail(`${path}: ${parsed.reason}`);
  return parsed;
}
