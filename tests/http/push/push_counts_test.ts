/** Who has got how many pushes. */

import assert from "node:assert/strict";
import { createPushCounts } from "../../../src/http/push/push_counts.ts";
import { consulPolicy, member, tell } from "../../membership/story.ts";

Deno.test(
  "pushes are counted for as long as their member is known",
  { permissions: "none" },
  () => {
    const counts = createPushCounts();
    const [a, b] = [member("a"), member("b")];
    for (const one of [a, a, b]) counts.add(one);
    assert.deepEqual([counts.of(a), counts.of(b), counts.of(member("c"))], [2, 1, 0]);
    counts.membershipChanged(tell(["list a", "a ok"], consulPolicy()));
    assert.deepEqual([counts.of(a), counts.of(b)], [2, 0]);
  },
);
