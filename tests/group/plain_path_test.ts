import fc from "fast-check";
import assert from "node:assert/strict";
import { placementKey } from "../../src/group/group.ts";
import { isPlainPath } from "../../src/group/plain_path.ts";
import { parsePushPath } from "../../src/group/push_path.ts";

/** Paths that are plain, nearly plain and not at all, from the parts that matter. */
const paths = fc.array(
  fc.constantFrom(
    ...[
      "/",
      "/metrics",
      "/job",
      "/instance",
      "/env",
      "/zone",
      "/a",
      "/b",
      "a",
      "Z",
      "9",
      ".",
      "..",
    ],
    ...[
      "@base64",
      "%41",
      "%2F",
      "é",
      "?",
      "#",
      "\\",
      "U__",
      "__",
      "_",
      "-",
      ":",
      ";",
      "~",
      "//",
      "",
    ],
  ),
  { maxLength: 12 },
).map((parts) => `/metrics/job/${parts.join("")}`);

Deno.test(
  "a plain path is its own placement key and goes on as it is",
  { permissions: "none" },
  () => {
    let plain = 0;
    fc.assert(
      fc.property(paths, fc.constantFrom("legacy", "utf8"), (path, scheme) => {
        if (!isPlainPath(path)) return;
        plain++;
        const parsed = parsePushPath(path, scheme);
        assert(parsed.kind === "group", path);
        assert.equal(placementKey(parsed.group), path);
        assert.equal(parsed.path, path);
      }),
      { numRuns: 20_000 },
    );
    assert(plain > 1_000, `${plain} plain paths`);
  },
);

Deno.test("what clients usually send is plain", { permissions: "none" }, () => {
  for (
    const path of [
      "/metrics/job/backup",
      "/metrics/job/backup/instance/db-1.example.org:9100",
      "/metrics/job/a+b/env/prod/instance/x/zone/eu_1",
    ]
  ) assert(isPlainPath(path), path);
});
