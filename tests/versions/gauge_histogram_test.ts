import assert from "node:assert/strict";
import { waitFor } from "../../tools/wait.ts";
import { request } from "../../tools/server.ts";
import { GAUGE_HISTOGRAM_PUSH } from "../contracts/copied_groups.ts";
import { startVersion } from "../contracts/gateways.ts";
import { startService } from "../integration/service.ts";
import { sentAs } from "./groups.ts";

Deno.test("a drain into an old Pushgateway leaves a gauge histogram where it is, says why, and the old page stays whole", async () => {
  await using latest = await startVersion("pushgateway");
  await using old = await startVersion("pushgateway-1.5");
  const servers = [latest.address, old.address];
  await using service = await startService({
    config: `mode: proxy\npushgateway: {servers: ${JSON.stringify(servers)}}\n`,
    flags: ["--web.enable-admin-api"],
  });
  await service.waitForActive(2);
  await service.waitForMembers(servers);
  let path = "";
  for (let i = 0; path === "" || await service.ownerOf(path) !== latest.address; i++) {
    path = `${GAUGE_HISTOGRAM_PUSH.path}/n/${i}`;
  }
  const pushed = { method: "PUT", path, body: GAUGE_HISTOGRAM_PUSH.body };
  assert.equal((await service.get(path, sentAs(pushed, false))).status, 200);

  const drain = `/api/v1/members/${latest.address}/drain`;
  assert.equal((await service.get(drain, { method: "PUT" })).status, 202);
  const why = await waitFor(async () => {
    const { data } = JSON.parse((await service.get("/api/v1/members")).text);
    const leaving = data.find(({ member }: { member: string }) => member === latest.address);
    return leaving.drain?.staying[0]?.why as string | undefined;
  }, { what: "the group that stays to be told" });
  assert.match(
    why,
    /gauge histogram, which would cut the page of a Pushgateway of version 1\.5\.1/,
  );
  assert.equal((await latest.groups()).length, 1);
  assert.deepEqual(await old.groups(), []);
  assert.match((await request(`${old.url}/metrics`)).text, /pushgateway_build_info/);
});
