/** Groups are brought to their owners, once, without a restart of any Pushgateway. @module */

import assert from "node:assert/strict";
import { sleep } from "../../src/concurrency/backoff.ts";
import { type Pushgateway, startPushgateway } from "../../tools/pushgateway.ts";
import { request } from "../../tools/server.ts";
import { waitFor } from "../../tools/wait.ts";
import { type Service, startService } from "./service.ts";

const config = (members: readonly Pushgateway[], mode = "proxy") =>
  `mode: ${mode}\nhandoff: {sweep_interval: 5s}\n` +
  `pushgateway: {servers: ${JSON.stringify(members.map(({ address }) => address))}}\n`;
/** The clock of a Pushgateway is known to a second or so. */
const CLOCK_MS = 2_000;
const paths = Array.from({ length: 40 }, (_, i) => `/metrics/job/job${i}`);

async function pushAll(
  service: Service,
  body: (path: string) => string,
  method = "PUT",
  wanted: readonly string[] = paths,
): Promise<void> {
  for (const path of wanted) {
    const { status, text } = await service.get(path, { method, body: body(path) });
    assert.equal(status, 200, text);
  }
}

/** The member that holds each group; fails where one is held twice. */
async function holders(members: readonly Pushgateway[]): Promise<Map<string, string>> {
  const held = new Map<string, string>();
  for (const member of members) {
    for (const { job } of await member.groups()) {
      assert(!held.has(job), `${job} lies on ${held.get(job)} and ${member.address}`);
      held.set(job, member.address);
    }
  }
  return held;
}

async function assertInPlace(service: Service, members: readonly Pushgateway[]): Promise<void> {
  const held = await holders(members);
  for (const path of paths) {
    assert.equal(held.get(path.slice("/metrics/job/".length)), await service.ownerOf(path), path);
  }
}

async function value(members: readonly Pushgateway[], job: string, name: string) {
  const found: string[] = [];
  for (const { url } of members) {
    const { data } = await (await fetch(`${url}/api/v1/metrics`)).json();
    for (const group of data) {
      if (group.labels.job === job && group[name]) found.push(group[name].metrics[0].value);
    }
  }
  return found;
}

async function reload(service: Service, text: string): Promise<void> {
  await service.configure(text);
  const { status } = await service.get("/-/reload", { method: "POST" });
  assert.equal(status, 200);
}

for (const mode of ["redirect", "proxy"]) {
  Deno.test(`after scaling out in ${mode} mode the next push of each group brings it to its new owner, whole`, async () => {
    await using first = await startPushgateway();
    await using second = await startPushgateway();
    await using third = await startPushgateway();
    const all = [first, second, third];
    await using service = await startService({
      config: config([first, second]),
      flags: ["--web.enable-lifecycle"],
    });
    await service.waitForMembers([first.address, second.address]);
    await pushAll(service, () => "kept 1\nchanged 1\n");
    await reload(service, config(all, mode));
    await service.waitForMembers(all.map(({ address }) => address));
    const before = await holders(all);
    assert.equal([...before.values()].filter((member) => member === third.address).length, 0);

    // POSTs carry only one of the two families: the other has to come along.
    const push = (path: string, body: string) =>
      mode === "proxy"
        ? service.get(path, { method: "POST", body })
        : fetch(`${service.url}${path}`, { method: "POST", body }).then(async (answer) => {
          await answer.body?.cancel();
          return { status: answer.status, text: "" };
        });
    for (const path of paths) assert.equal((await push(path, "changed 2\n")).status, 200);
    const areInPlace = () => assertInPlace(service, all).then(() => true);
    await waitFor(areInPlace, { what: "every group to be on its owner" });
    const moved = [...await holders(all)].filter(([, member]) => member === third.address);
    assert(moved.length > 0, "some groups belong to the new member");
    for (const path of paths) {
      const job = path.slice("/metrics/job/".length);
      assert.deepEqual(await value(all, job, "kept"), ["1"], job);
      assert.deepEqual(await value(all, job, "changed"), ["2"], job);
    }
    await waitFor(
      async () => await service.metric("dynamic_sharding_handoff_misplaced_groups") === 0,
      {
        what: "nothing to be misplaced",
      },
    );
  });
}

Deno.test("a member that is taken out of the file is emptied, and keeps being scraped until then", async () => {
  await using first = await startPushgateway();
  await using second = await startPushgateway();
  await using third = await startPushgateway();
  const all = [first, second, third];
  await using service = await startService({
    config: config(all),
    flags: ["--web.enable-lifecycle"],
  });
  await service.waitForMembers(all.map(({ address }) => address));
  await pushAll(service, (path) => `# HELP m some help\n# TYPE m counter\nm{at="${path}"} 7\n`);
  await reload(service, config([first, second]));
  await waitFor(async () => (await third.groups()).length === 0, {
    what: "the member to be empty",
  });
  await service.waitForMembers([first.address, second.address]);
  await assertInPlace(service, [first, second]);
  assert.equal((await holders([first, second])).size, paths.length);
  await service.waitForLog("it is empty and may be stopped");
});

Deno.test("stale copies of a member that returns are removed before it is scraped again", async () => {
  await using first = await startPushgateway();
  const directory = await Deno.makeTempDir();
  await using second = await startPushgateway({ persistenceFile: `${directory}/store` });
  const all = [first, second];
  await using service = await startService({ config: config(all) });
  await service.waitForMembers(all.map(({ address }) => address));
  await pushAll(service, () => "m 1\n");
  const stale = (await second.groups()).length;
  assert(stale > 0);
  const swept = `dynamic_sharding_handoff_groups{member="${second.address}"}`;
  await waitFor(async () => await service.metric(swept) === stale, { what: "a sweep to see them" });
  await second.stop(); // it writes its file
  await service.waitForMembers([first.address]);
  const missing = `dynamic_sharding_handoff_missing_groups{member="${second.address}"}`;
  await waitFor(async () => await service.metric(missing) === stale, {
    what: "its groups to be counted as missing",
  });
  await sleep(CLOCK_MS); // else the two copies are not judged
  const once = paths.slice(0, paths.length / 2);
  await pushAll(service, () => "m 2\n", "PUT", once);
  await second.start();
  await service.waitForMembers(all.map(({ address }) => address));
  const held = await holders(all);
  assert.equal(held.size, paths.length);
  for (const path of once) {
    assert.deepEqual(await value(all, path.slice("/metrics/job/".length), "m"), ["2"]);
  }
  await Deno.remove(directory, { recursive: true });
});

Deno.test("a group that was deleted while a holder was dead does not come back with it", async () => {
  await using first = await startPushgateway();
  const directory = await Deno.makeTempDir();
  await using second = await startPushgateway({ persistenceFile: `${directory}/store` });
  const all = [first, second];
  await using service = await startService({ config: config(all) });
  await service.waitForMembers(all.map(({ address }) => address));
  await pushAll(service, () => "m 1\n");
  const [gone, kept] = (await second.groups()).map(({ job }) => job);
  await second.stop(); // it writes its file
  await service.waitForMembers([first.address]);
  await sleep(CLOCK_MS); // else it is not known whether the copy was pushed after the deletion
  const { status } = await service.get(`/metrics/job/${gone}`, { method: "DELETE" });
  assert.equal(status, 202);
  await second.start();
  await service.waitForMembers(all.map(({ address }) => address));
  const held = await holders(all);
  assert.deepEqual([held.has(gone), held.get(kept)], [false, second.address]);
  await Deno.remove(directory, { recursive: true });
});

Deno.test("two copies that differ are counted until their group is pushed again", async () => {
  await using first = await startPushgateway();
  await using second = await startPushgateway();
  const all = [first, second];
  const [path] = paths;
  // Too close to each other for anybody to tell which one is newer.
  await Promise.all(all.map(async ({ url }, i) => {
    const { status } = await request(`${url}${path}`, { method: "PUT", body: `m${i} 1\n` });
    assert.equal(status, 200);
  }));
  await using service = await startService({ config: config(all) });
  await service.waitForMembers(all.map(({ address }) => address));
  const counted = (copies: number) =>
    waitFor(async () => await service.metric("dynamic_sharding_handoff_duplicates") === copies, {
      what: `${copies} copies to be counted`,
    });
  await counted(1);
  await pushAll(service, () => "m 2\n", "PUT", [path]);
  await counted(0);
  assert.equal((await holders(all)).size, 1);
});
