import fc from "fast-check";
import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import {
  type Group,
  groupId,
  groupOfLabels,
  groupPath,
  parseGroupId,
  placementKey,
} from "../../src/group/group.ts";
import { labelName, type NameScheme } from "../../src/group/label_name.ts";
import { isPlainPath } from "../../src/group/plain_path.ts";
import { parsePushPath } from "../../src/group/push_path.ts";

/** Values that a path treats in a special way, among any others. */
const value = fc.oneof(
  fc.constantFrom(
    "",
    ".",
    "..",
    "/",
    "//",
    "a/b",
    "/a/",
    "%",
    "%2F",
    "+",
    "a b",
    "#",
    "?",
    "é",
    "\0",
  ),
  fc.constantFrom("@base64", "=", "\n", "\ufeff", "🚀", "\\", "/../"),
  fc.string({ unit: "binary", maxLength: 8 }).filter((text) => text.isWellFormed()),
);
const names: Record<NameScheme, fc.Arbitrary<string>> = {
  legacy: fc.oneof(
    fc.constantFrom("env", "zone", "instance", "le", "_", "Job", "U__my_2d_label", "U__a_2f_b"),
    fc.stringMatching(/^[a-zA-Z_][a-zA-Z0-9_]{0,6}$/),
  ),
  utf8: fc.oneof(
    fc.constantFrom(
      "env",
      "a/b",
      ".",
      "..",
      "x@base64",
      "@base64",
      "U__a_2f_b",
      "U__",
      "U___",
      "%",
    ),
    fc.constantFrom("é", "a b", "/", "U__a/b", "a.b@base64", "\u{10ffff}/"),
    fc.string({ unit: "binary", minLength: 1, maxLength: 6 }).filter((text) => text.isWellFormed()),
  ),
};

function groups(scheme: NameScheme): fc.Arbitrary<Group> {
  // A name is what a Pushgateway makes of a text, and any name but `__…` can come of an escape.
  const name = names[scheme].filter((name) =>
    scheme === "legacy" ? labelName(name, scheme) === name : !name.startsWith("__")
  );
  return fc.record({
    job: value.filter((text) => text !== ""),
    entries: fc.uniqueArray(fc.tuple(name, value), { selector: ([name]) => name, maxLength: 4 }),
  }).map(({ job, entries }) => ({
    job,
    labels: new Map(
      entries.filter(([name, value]) => name !== "job" && !(name === "instance" && value === ""))
        .sort(([a], [b]) => (a < b ? -1 : 1)),
    ),
  }));
}

for (const scheme of ["legacy", "utf8"] as const) {
  Deno.test(
    `a group's path with ${scheme} names is read as that group`,
    { permissions: "none" },
    () => {
      fc.assert(
        fc.property(groups(scheme), (group) => {
          const path = groupPath(group, scheme);
          const parsed = parsePushPath(path, scheme);
          assert.deepEqual(parsed, { kind: "group", group, path });
          assert.deepEqual(labelsInOrder(parsed), [...group.labels]);
        }),
        { numRuns: 500 },
      );
    },
  );
}

Deno.test(
  "labels in any order, in base64 or not, have one placement key and one group path",
  { permissions: "none" },
  () => {
    const spelling = groups("legacy").chain((group) => {
      const labels = [...group.labels];
      return fc.record({
        group: fc.constant(group),
        shuffled: fc.shuffledSubarray(labels, { minLength: labels.length }),
        styles: fc.infiniteStream(fc.constantFrom<Style>("plain", "base64", "padded", "encoded")),
      });
    });
    fc.assert(
      fc.property(spelling, ({ group, shuffled, styles }) => {
        const path = "/metrics" + [["job", group.job], ...shuffled]
          .map(([name, value]) => spell(name, value, styles.next().value)).join("");
        const parsed = parsePushPath(path, "legacy");
        if (parsed.kind === "refused") assert.fail(`${path}: ${parsed.reason}`);
        assert.equal(placementKey(parsed.group), placementKey(group), path);
        assert.equal(groupPath(parsed.group, "legacy"), groupPath(group, "legacy"), path);
      }),
      { numRuns: 500 },
    );
  },
);

Deno.test("a group has another path than any other group", { permissions: "none" }, () => {
  fc.assert(
    fc.property(groups("legacy"), groups("legacy"), (one, other) => {
      const same = one.job === other.job &&
        JSON.stringify([...one.labels]) === JSON.stringify([...other.labels]);
      return same === (groupPath(one, "legacy") === groupPath(other, "legacy"));
    }),
    { numRuns: 300 },
  );
});

Deno.test("no path at all makes parsePushPath() throw", { permissions: "none" }, () => {
  const rubbish = fc.array(
    fc.constantFrom(
      "/",
      "%2f",
      "..",
      ".",
      "job",
      "metrics",
      "@base64",
      "%",
      "%ff",
      "é",
      "=",
      "U__",
      "_",
    ),
    { maxLength: 14 },
  ).map((parts) => parts.join(""));
  const path = fc.oneof(rubbish, rubbish.map((text) => `/metrics/job/${text}`));
  fc.assert(
    fc.property(path, fc.constantFrom<NameScheme>("legacy", "utf8"), (path, scheme) => {
      const parsed = parsePushPath(path, scheme);
      if (parsed.kind === "refused") return [400, 404, 405].includes(parsed.status);
      return parsed.path.startsWith("/") && !/[^\x21-\x7e]/.test(parsed.path);
    }),
    { numRuns: 1_000 },
  );
});

type Style = "plain" | "base64" | "padded" | "encoded";

/** One of the ways in which clients write a label. */
function spell(name: string, value: string, style: Style): string {
  const needsBase64 = value === "" || value === "." || value === ".." || value.includes("/");
  const base64 = Buffer.from(value).toString("base64url");
  if (style === "encoded" && !needsBase64) {
    const hex = (text: string) => Buffer.from(text).toString("hex").replace(/../g, "%$&");
    return `/${hex(name)}/${hex(value)}`;
  }
  if (style === "plain" && !needsBase64) return `/${name}/${encodeURIComponent(value)}`;
  const padding = style === "padded" ? "=".repeat((4 - base64.length % 4) % 4) : "";
  return `/${name}@base64/${base64 === "" ? "=" : base64 + padding}`;
}

function labelsInOrder(parsed: ReturnType<typeof parsePushPath>): [string, string][] {
  return parsed.kind === "group" ? [...parsed.group.labels] : [];
}

for (const scheme of ["legacy", "utf8"] as const) {
  Deno.test(`a group comes back from its ID, and from the labels that show it (${scheme})`, {
    permissions: "none",
  }, () => {
    fc.assert(fc.property(groups(scheme), (group) => {
      assert.deepEqual(parseGroupId(groupId(group)), group);
      const shown = [...group.labels, ["job", group.job] as const].reverse();
      assert.deepEqual(groupOfLabels(shown), group);
    }));
  });
}

Deno.test(
  "the ID of a plain path's group is that path, its placement key",
  { permissions: "none" },
  () => {
    const path = "/metrics/job/backup/env/a,b/zone/x:y";
    assert(isPlainPath(path));
    const parsed = parsePushPath(path, "legacy");
    assert(parsed.kind === "group");
    assert.deepEqual([groupId(parsed.group), placementKey(parsed.group)], [path, path]);
  },
);
