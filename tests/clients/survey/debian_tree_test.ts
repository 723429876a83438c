import assert from "node:assert/strict";
import { upstreamVersion } from "./debian_tree.ts";

for (
  const [version, expected] of [
    ["7.88.1-10+deb12u14", "7.88.1"],
    ["2.28.1+dfsg-1", "2.28.1"],
    ["1:0.9-2", "0.9"],
    ["2:1.19~1", "1.19"],
    ["1.0.0-rc1-3", "1.0.0-rc1"],
  ]
) {
  Deno.test(`the package version ${version} is of ${expected}`, { permissions: "none" }, () => {
    assert.equal(upstreamVersion(version), expected);
  });
}
