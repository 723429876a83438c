/** The Pushgateways' own API, asked of all of them at once. @module */

import assert from "node:assert/strict";
import { startPushgateway } from "../../tools/pushgateway.ts";
import { standIn, startBefore } from "./stand_in.ts";
import { startService } from "./service.ts";

const FLAGS = { flags: ["--web.enable-admin-api"] };

Deno.test("metrics and status of all members come in a Pushgateway's own shape, a group once", async () => {
  await using first = await startPushgateway(FLAGS);
  await using second = await startPushgateway({ flags: ["--push.enable-utf8-names"] });
  const all = [first, second];
  const servers = JSON.stringify(all.map(({ address }) => address));
  await using service = await startService({ config: `pushgateway: {servers: ${servers}}\n` });
  await service.waitForMembers(all.map(({ address }) => address).sort());
  const put = async (url: string, body: string) => {
    const response = await fetch(url, { method: "PUT", body });
    assert.equal(response.status, 200, await response.text());
  };
  await put(
    `${first.url}/metrics/job/only-first/dir@base64/L3RtcA`,
    "# HELP a h\n# TYPE a counter\na 1\n",
  );
  await put(`${second.url}/metrics/job/only-second`, "b 2\n");
  await put(`${first.url}/metrics/job/both`, "c 1\n");
  await put(`${second.url}/metrics/job/both`, "c 2\n"); // later

  const metrics = await service.get("/api/v1/metrics");
  assert.equal(metrics.status, 200, metrics.text);
  assert.equal(metrics.headers.get("access-control-allow-origin"), "*");
  const { status, data } = JSON.parse(metrics.text);
  assert.equal(status, "success");
  const groups = new Map<string, Record<string, unknown>>(
    data.map((group: { labels: { job: string } }) => [group.labels.job, group]),
  );
  assert.deepEqual([...groups.keys()].sort(), ["both", "only-first", "only-second"]);
  assert.equal(data.length, 3);
  assert.match(JSON.stringify(groups.get("both")), /"value":"2"/);
  const whole = (await (await fetch(`${first.url}/api/v1/metrics`)).json()).data
    .find((group: { labels: { job: string } }) => group.labels.job === "only-first");
  assert.deepEqual(groups.get("only-first"), whole);

  const merged = JSON.parse((await service.get("/api/v1/status")).text);
  const one = await (await fetch(`${second.url}/api/v1/status`)).json();
  assert.deepEqual(Object.keys(merged.data).sort(), Object.keys(one.data).sort());
  assert.deepEqual(merged.data.build_information, one.data.build_information);
  assert.equal(merged.data.start_time, one.data.start_time);
  const flag: string = merged.data.flags["push.enable-utf8-names"];
  assert.deepEqual(flag.split(", ").sort(), ["false", "true"]);
});

Deno.test("a wipe reaches every member, and a member that refuses it is named", async () => {
  await using first = await startPushgateway(FLAGS);
  await using second = await startPushgateway(FLAGS);
  await using closed = await startPushgateway();
  const put = (url: string) => fetch(`${url}/metrics/job/a`, { method: "PUT", body: "m 1\n" });
  const config = (members: readonly { address: string }[]) =>
    `mode: proxy\npushgateway: {servers: ${
      JSON.stringify(members.map(({ address }) => address))
    }}\n`;
  {
    await using service = await startService({ config: config([first, second]), ...FLAGS });
    await service.waitForMembers([first.address, second.address].sort());
    for (const { url } of [first, second]) await (await put(url)).body?.cancel();
    const { status, text } = await service.get("/api/v1/admin/wipe", { method: "PUT" });
    assert.equal(status, 202, text);
    assert.deepEqual(JSON.parse(text).data.members.map(({ wiped }: { wiped: boolean }) => wiped), [
      true,
      true,
    ]);
    for (const { url } of [first, second]) await barrier(url);
    assert.deepEqual([await first.groups(), await second.groups()], [[], []]);
  }
  {
    await using service = await startService({ config: config([first, closed]), ...FLAGS });
    await service.waitForMembers([first.address, closed.address].sort());
    const { status, text } = await service.get("/api/v1/admin/wipe", { method: "PUT" });
    assert.equal(status, 502);
    const refused = JSON.parse(text).data.members.find(({ wiped }: { wiped: boolean }) => !wiped);
    assert.equal(refused.member, closed.address);
    assert.match(refused.problem, /expected 202, found 404.*--web\.enable-admin-api/);
  }
  {
    await using service = await startService({ config: config([first, second]), ...FLAGS });
    await service.waitForMembers([first.address, second.address].sort());
    await second.kill9();
    await service.waitForMembers([first.address]);
    const { status, text } = await service.get("/api/v1/admin/wipe", { method: "PUT" });
    assert.equal(status, 502);
    const out = JSON.parse(text).data.members.find(({ wiped }: { wiped: boolean }) => !wiped);
    assert.deepEqual(out, {
      member: second.address,
      wiped: false,
      problem: "not asked: it is suspect",
    });
    await service.waitForLog(
      `msg="wipe of all groups requested" client=127.0.0.1 members=${first.address}`,
    );
  }
  await using service = await startService({ config: config([first]) });
  assert.equal((await service.get("/api/v1/admin/wipe", { method: "PUT" })).status, 403);
});

Deno.test("a member that does not answer the API is an error, not an empty member", async () => {
  await using good = standIn((connection) =>
    connection.write(`HTTP/1.1 200 OK\r\nContent-Length: 30\r\n\r\n{"status":"success","data":[]}`)
  );
  await using bad = standIn((connection) => Promise.resolve(connection.close()));
  await using app = await startBefore([good, bad]);
  const response = await fetch(`${app.url}/api/v1/metrics`);
  assert.equal(response.status, 502);
  const { status, error } = await response.json();
  assert.equal(status, "error");
  assert.equal(error, `${bad.member}: two connections ended without an answer`);
});

/** A Pushgateway works off what it is told in order: after this nothing before it is left to do. */
async function barrier(url: string): Promise<void> {
  for (const method of ["PUT", "DELETE"]) {
    const response = await fetch(`${url}/metrics/job/barrier`, { method });
    await response.body?.cancel();
  }
  for (;;) {
    const text = await (await fetch(`${url}/api/v1/metrics`)).text();
    if (!text.includes('"barrier"')) return;
  }
}
