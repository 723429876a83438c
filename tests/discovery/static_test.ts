import assert from "node:assert/strict";
import { staticDiscovery } from "../../src/discovery/static.ts";
import { parseMember } from "../../src/member.ts";

const MEMBERS = ["10.0.0.1:9091", "10.0.0.2:9091"].map((text) => parseMember(text));

Deno.test(
  "static discovery lists its members once and ends on abort",
  { permissions: "none" },
  async () => {
    const stop = new AbortController();
    let told = 0;
    for await (const observation of staticDiscovery(MEMBERS).observe(stop.signal)) {
      assert(observation.kind === "members");
      const healthy = { healthy: true, weight: 1 };
      assert.deepEqual([...observation.listings], MEMBERS.map((member) => [member, healthy]));
      told++;
      setTimeout(() => stop.abort()); // a second listing would come before this
    }
    assert.equal(told, 1);
  },
);

Deno.test("static discovery has no opinion on health", { permissions: "none" }, () => {
  assert.equal(staticDiscovery(MEMBERS).secondOpinion, false);
});
