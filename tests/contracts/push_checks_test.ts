/** Real Pushgateways tell whether they check pushes. @module */

import assert from "node:assert/strict";
import { parseMember } from "../../src/member.ts";
import { openWay } from "../pushgateway/read_way.ts";
import { openGateways, startVersion, VERSIONS } from "./gateways.ts";

const { signal } = new AbortController();

for (const version of VERSIONS) {
  Deno.test(`${version} tells whether it checks each push`, async () => {
    using way = openWay();
    const gateways = openGateways(way);
    for (const flags of [[], ["--push.disable-consistency-check"]]) {
      await using pushgateway = await startVersion(version, { flags });
      const checks = await gateways.checksPushes(parseMember(pushgateway.address), signal);
      assert.equal(checks, flags.length === 0);
    }
  });
}
