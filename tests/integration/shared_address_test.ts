/** Two processes that serve one address, and share nothing else but Consul. */

import assert from "node:assert/strict";
import { ringPrefix } from "../../src/consul/keys.ts";
import { type ConsulAgent, startConsul } from "../../tools/consul.ts";
import { freePort } from "../../tools/ports.ts";
import { waitFor } from "../../tools/wait.ts";
import { theOnlyCopy, waitForMisplaced } from "../seams/families.ts";
import { jobsOf, pushTo } from "../seams/groups.ts";
import { configOf, startMembers, waitForAll } from "../seams/members.ts";
import { type Service, startService } from "./service.ts";

const REUSE = "--web.reuse-port";
const UNLOCKED = `${REUSE}: expected consul_server or handoff.enabled: false beside it, ` +
  `found neither; two processes on one address without shared locks lose pushes of groups that are ` +
  `being moved`;
const NO_HANDOFF = "handoff: {enabled: false}";
/** So many clients push to each group at once: without locks a tenth of that is lost. */
const POSTS = 6;
const GROUPS = 20;

const ignore = Deno.build.os !== "linux";

/** Starts a process on an address that others may have, too. */
async function startOn(
  port: number,
  { config, flags = [REUSE] }: { readonly config: string; readonly flags?: readonly string[] },
): Promise<Service> {
  return await startService({
    config,
    flags: [`--web.listen-address=127.0.0.1:${port}`, ...flags],
  });
}

/** A client that makes a connection for each request: each is dealt out anew. */
function strangers(): Deno.HttpClient {
  return Deno.createHttpClient({ poolMaxIdlePerHost: 0 });
}

async function pageOf(url: string, client: Deno.HttpClient): Promise<string> {
  return await (await fetch(`${url}/metrics`, { client })).text();
}

/** The requests that each process has answered, by when it has started. */
async function answeredBy(url: string, client: Deno.HttpClient): Promise<Map<string, number>> {
  const counts = new Map<string, number>();
  for (let i = 0; i < 40; i++) {
    const page = await pageOf(url, client);
    const start = /^process_start_time_seconds (.*)$/m.exec(page)?.[1] ?? "";
    const pushes = page.matchAll(
      /^dynamic_sharding_http_requests_total\{[^}]*method="POST"[^}]*\} (\d+)$/gm,
    );
    counts.set(start, [...pushes].reduce((sum, [, count]) => sum + Number(count), 0));
  }
  return counts;
}

Deno.test(
  "two processes on one address both answer, and each push of a group that moves is there once",
  {
    ignore,
  },
  async () => {
    await using consul = await startConsul();
    await using members = await startMembers(2);
    using client = strangers();
    const { addresses, all: [former, owner] } = members;
    const jobs = jobsOf(owner.address, addresses, { prefix: "job", count: GROUPS });
    for (const job of jobs) {
      assert.equal(await pushTo(former, `/metrics/job/${job}`, { body: `${job}_first 1\n` }), 200);
    }
    const port = freePort();
    const config = configOf(addresses, { consul, more: "handoff: {sweep_interval: 1s}" });
    await using one = await startOn(port, { config });
    await waitForAll(one, addresses);
    await using _two = await startOn(port, { config });
    await waitFor(async () => (await answeredBy(one.url, client)).size === 2, {
      what: "both processes to answer",
    });
    await waitForMisplaced(one, GROUPS);

    await Promise.all(jobs.flatMap((job) =>
      Array.from({ length: POSTS }, async (_, i) => {
        const sent = { method: "POST", body: `${job}_n${i} 1\n`, client };
        const answer = await fetch(`${one.url}/metrics/job/${job}`, sent);
        assert.equal(answer.status, 200, await answer.text());
      })
    ));
    for (const job of jobs) {
      const families = ["first", ...Array.from({ length: POSTS }, (_, i) => `n${i}`)];
      assert.deepEqual(
        await theOnlyCopy(members.all, job),
        Object.fromEntries(families.map((family) => [`${job}_${family}`, "1"])),
      );
    }
    const counts = [...(await answeredBy(one.url, client)).values()];
    assert.equal(counts.length, 2);
    assert(counts.every((count) => count > 0), `each has taken pushes: ${counts}`);
    assert.equal(counts[0] + counts[1], GROUPS * POSTS);
  },
);

Deno.test(
  "two processes on one address are two instances in Consul, and register each member once",
  {
    ignore,
  },
  async () => {
    await using consul = await startConsul();
    await using members = await startMembers(2);
    const { addresses } = members;
    const port = freePort();
    const config = configOf(addresses, { consul });
    await using one = await startOn(port, { config });
    await waitForAll(one, addresses);
    await using two = await startOn(port, { config });
    const announced = await waitFor(async () => {
      const keys = await announcedBy(consul);
      return keys.length === 2 && keys;
    }, { what: "two announcements" });
    const sessions = await get<{ ID: string; Name: string }[]>(consul, "/v1/session/list");
    const names = announced.map(({ Session }) => sessions.find(({ ID }) => ID === Session)?.Name);
    assert.deepEqual(
      names.map((name) => Number(/ of process (\d+)$/.exec(name ?? "")?.[1])).toSorted(),
      [one, two].map(({ process }) => process.pid).toSorted(),
    );
    const registered = async () => {
      type Entry = { Service: { Address: string; Port: number } };
      const entries = await get<Entry[]>(consul, "/v1/health/service/pushgateway?passing");
      return entries.map(({ Service }) => `${Service.Address}:${Service.Port}`).toSorted();
    };
    assert.deepEqual(await registered(), addresses.toSorted());

    // Whichever ends takes nothing away from the other.
    assert.equal((await one.process.stop()).code, 0);
    assert.deepEqual((await announcedBy(consul)).length, 1);
    assert.deepEqual(await registered(), addresses.toSorted());
    assert.equal((await two.push("/metrics/job/a", "m 1\n")).status, 200);
  },
);

Deno.test("an address is shared only where each process says so", { ignore }, async () => {
  await using members = await startMembers(1);
  const config = configOf(members.addresses, { more: NO_HANDOFF });
  for (
    const [first, second, why] of [
      [[REUSE], [], ""],
      [
        [],
        [REUSE],
        `expected every process there to have ${REUSE} and to run as the same user, ` +
        "found one that does not: ",
      ],
    ] as const
  ) {
    const port = freePort();
    await using _service = await startOn(port, { config, flags: first });
    const expected = `err="cannot listen on 127.0.0.1:${port}: ${why}Address already in use ` +
      `(os error 98)"\n`;
    await assert.rejects(
      startOn(port, { config, flags: second }).then((service) => service.process.stop()),
      (error: Error) => {
        assert.match(error.message, /exited with code 1 /);
        assert(`${error.message}\n`.includes(expected), error.message);
        return true;
      },
    );
  }
});

Deno.test("an address is not shared where groups are moved without locks", { ignore }, async () => {
  const config = `pushgateway: {servers: ["127.0.0.1:9"]}\n`;
  await assert.rejects(
    startOn(freePort(), { config }).then((service) => service.process.stop()),
    (error: Error) => {
      assert.match(error.message, /exited with code 1 /);
      assert(error.message.includes(`dynamic-sharding.yml: ${UNLOCKED}`), error.message);
      return true;
    },
  );
});

Deno.test("a reload that would move groups without locks on a shared address changes nothing", {
  ignore,
}, async () => {
  await using members = await startMembers(1);
  const config = (more?: string) => configOf(members.addresses, { more });
  const flags = [REUSE, "--web.enable-lifecycle"];
  await using service = await startOn(freePort(), { config: config(NO_HANDOFF), flags });
  await service.configure(config());
  const { status, text } = await service.get("/-/reload", { method: "POST" });
  assert.equal(status, 500);
  assert(text.includes(`${service.configFile}: ${UNLOCKED}`), text);
  assert.equal((await service.get("/-/healthy")).status, 200);
});

/** The announced rings. */
async function announcedBy(consul: ConsulAgent): Promise<{ Key: string; Session: string }[]> {
  return await get(consul, `/v1/kv/${ringPrefix("pushgateway")}?recurse`);
}

async function get<T>(consul: ConsulAgent, path: string): Promise<T> {
  const response = await consul.api(path);
  return JSON.parse(await response.text() || "[]") as T;
}
