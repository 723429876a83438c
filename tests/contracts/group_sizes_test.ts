/** How large groups are, read from real Pushgateways. */

import assert from "node:assert/strict";
import { parseMember } from "../../src/member.ts";
import { readGroupSizes } from "../../src/pushgateway/group_sizes.ts";
import { startPushgateway } from "../../tools/pushgateway.ts";
import { openWay, push } from "../pushgateway/read_way.ts";

const BODIES: Readonly<Record<string, string>> = {
  "/metrics/job/a": 'a 1\nb{x="1"} 1\nb{x="2"} 2\n',
  "/metrics/job/a/env/x": "a 1\n",
  "/metrics/job/h/note/é%2F":
    '# TYPE h histogram\nh_bucket{le="1"} 1\nh_bucket{le="+Inf"} 2\nh_sum 3\nh_count 2\n',
  "/metrics/job/empty": "",
};
/** Not asked for, so not counted. */
const OTHER = "/metrics/job/other";

Deno.test("a group's samples and their bytes are those of its lines on the text page", async () => {
  await using gateway = await startPushgateway();
  using way = openWay();
  const member = parseMember(gateway.address);
  const { transport } = way;
  for (const [path, body] of [...Object.entries(BODIES), [OTHER, "a 1\n"]]) {
    const target = path.replace("note/é%2F", "note@base64/w6kv");
    assert.equal(await push(gateway, { path: target, body }, transport), 200);
  }
  const { signal } = new AbortController();
  const ids = new Set([...Object.keys(BODIES), "/metrics/job/gone"]);
  const held = new Map([...ids, OTHER].map((id) => [id, 0]));
  const sizes = await readGroupSizes(member, { ids, held }, { ...way, signal });

  const page = await (await fetch(`${gateway.url}/metrics`)).text();
  const bytesOf = (belongs: (line: string) => boolean) =>
    page.split("\n").filter((line) => /^[abh]\w*\{/.test(line) && belongs(line))
      .reduce((sum, line) => sum + new TextEncoder().encode(`${line}\n`).length, 0);
  assert.deepEqual(
    Object.fromEntries(sizes),
    {
      "/metrics/job/a": {
        samples: 3,
        bytes: bytesOf((line) => line.includes('job="a"') && !line.includes("env=")),
      },
      "/metrics/job/a/env/x": { samples: 1, bytes: bytesOf((line) => line.includes('env="x"')) },
      "/metrics/job/h/note/é%2F": { samples: 4, bytes: bytesOf((line) => line.includes("note=")) },
      "/metrics/job/empty": { samples: 0, bytes: 0 },
    },
  );
});
