import assert from "node:assert/strict";
import { parseMember } from "../../src/member.ts";
import { HashRing } from "../../src/ring/hash_ring.ts";
import fleets from "../testdata/ring-placement.json" with { type: "json" };

interface Fleet {
  readonly members: readonly string[];
  readonly owned_paths: Readonly<Record<string, readonly string[]>>;
}

for (const { members, owned_paths } of fleets as unknown as Fleet[]) {
  Deno.test(
    `HashRing places every path of a fleet of ${members.length} as the Go tool does`,
    { permissions: "none" },
    () => {
      const ring = HashRing.of(new Map(members.map((text) => [parseMember(text), 1])));
      let paths = 0;
      for (const [owner, owned] of Object.entries(owned_paths)) {
        for (const path of owned) assert.equal(ring.ownerOf(path), owner, path);
        paths += owned.length;
      }
      assert.equal(paths, 200, "the file holds 200 paths for each fleet");
    },
  );
}
