/** The page of all groups while groups move: no series is missing, none is there twice, none goes back. @module */

import assert from "node:assert/strict";
import { sleep } from "../../src/concurrency/backoff.ts";
import { startConsul } from "../../tools/consul.ts";
import { waitFor } from "../../tools/wait.ts";
import { readPage } from "../integration/pushed_page.ts";
import { type Service, startService } from "../integration/service.ts";
import { askToDrain, configOf, memberOf, startMembers, waitForAll } from "./members.ts";

const SCRAPE_EVERY_MS = 100;
/** While two instances go by different rings, one push may reach two members, at a time of each. */
const ONE_PUSH_S = 0.5;
const PUSHERS = 6;
const JOBS = Array.from({ length: 150 }, (_, i) => `job${i}`);

/** Pushes ever higher values to all groups, and knows which of them were answered. */
interface Pushing extends AsyncDisposable {
  /** The highest value of each group that was answered, now. */
  answered(): ReadonlyMap<string, number>;
  readonly sent: ReadonlyMap<string, number>;
}

async function push(service: Service, job: string, value: number): Promise<void> {
  // Half of the groups keep a family that is not pushed again.
  const merges = value > 0 && Number(job.slice("job".length)) % 2 === 0;
  const body = `# TYPE seq counter\nseq ${value}\n${merges ? "" : "kept 7\n"}`;
  const method = merges ? "POST" : "PUT";
  const { status, text } = await service.get(`/metrics/job/${job}`, { method, body });
  assert.equal(status, 200, text);
}

/** @param services that pushes go through in turn */
async function startPushing(services: readonly Service[]): Promise<Pushing> {
  const [sent, answered] = [new Map<string, number>(), new Map<string, number>()];
  const stop = new AbortController();
  const send = async (job: string) => {
    const value = (sent.get(job) ?? -1) + 1;
    sent.set(job, value);
    await push(services[value % services.length], job, value);
    answered.set(job, value);
  };
  for (const job of JOBS) await send(job);
  const pushers = Array.from({ length: PUSHERS }, async (_, pusher) => {
    const own = JOBS.filter((_, i) => i % PUSHERS === pusher);
    for (let i = 0; !stop.signal.aborted; i++) {
      await send(own[i % own.length]);
      await sleep(2, stop.signal);
    }
  });
  return {
    sent,
    answered: () => new Map(answered),
    async [Symbol.asyncDispose]() {
      stop.abort();
      await Promise.all(pushers);
    },
  };
}

/** What one reader has seen. */
interface Scraping extends AsyncDisposable {
  readonly pages: number;
  /** What was wrong with any page. */
  readonly faults: readonly string[];
}

function startScraping(service: Service, { sent, answered }: Pushing): Scraping {
  const faults: string[] = [];
  const stop = new AbortController();
  let last = new Map<string, number>();
  let pages = 0;

  async function scrape(): Promise<void> {
    const before = answered();
    const { status, text } = await service.get("/pushed");
    pages++;
    if (status !== 200) return void faults.push(`page ${pages}: ${status} ${text}`);
    const { samples, twice } = readPage(text);
    const note = (fault: string) => faults.push(`page ${pages}: ${fault}`);
    for (const series of twice) note(`twice ${series}`);
    for (const job of JOBS) {
      const labels = `{instance="",job="${job}"}`;
      for (const name of ["seq", "kept", "push_time_seconds", "push_failure_time_seconds"]) {
        if (!samples.has(name + labels)) note(`missing ${name}${labels}`);
      }
      const value = samples.get(`seq${labels}`) ?? NaN;
      if (value < (before.get(job) ?? 0)) note(`${job} is ${value}, answered ${before.get(job)}`);
      if (value > (sent.get(job) ?? 0)) note(`${job} is ${value}, which was not sent`);
    }
    for (const [series, value] of last) {
      const back = value - (samples.get(series) ?? value);
      const backMax = series.startsWith("push_time_seconds") ? ONE_PUSH_S : 0;
      if (back > backMax) note(`back ${series} from ${value} by ${back}`);
    }
    last = new Map([...samples].filter(([name]) => /^(seq|push_time_seconds)\{/.test(name)));
  }

  const running = (async () => {
    while (!stop.signal.aborted) {
      const next = sleep(SCRAPE_EVERY_MS);
      await scrape();
      await next;
    }
  })();
  return {
    get pages() {
      return pages;
    },
    faults,
    async [Symbol.asyncDispose]() {
      stop.abort();
      await running;
    },
  };
}

/** What another instance has moved shows at the next sweep, which is up to 66 s away. */
const IN_PLACE_MS_MAX = 150_000;

async function waitUntilInPlace(services: readonly Service[]): Promise<void> {
  for (const service of services) {
    await waitFor(
      async () => await service.metric("dynamic_sharding_handoff_misplaced_groups") === 0,
      { what: "all groups to be in place", msMax: IN_PLACE_MS_MAX },
    );
  }
}

for (const instances of [1, 2]) {
  Deno.test(`while members come and go under pushes through ${instances}, each series is on every page once, and none goes back`, async () => {
    await using consul = instances > 1 ? await startConsul() : undefined;
    await using members = await startMembers(4);
    const { addresses } = members;
    const [first, ...others] = addresses;
    const options = {
      config: configOf(addresses.slice(0, 3), { consul }),
      flags: ["--web.enable-lifecycle", "--web.enable-admin-api"],
    };
    await using running = new AsyncDisposableStack();
    const services: Service[] = [];
    while (services.length < instances) services.push(running.use(await startService(options)));
    for (const service of services) await waitForAll(service, addresses.slice(0, 3));
    await using pushing = await startPushing(services);
    await using stack = new AsyncDisposableStack();
    const scraping = services.map((service) => stack.use(startScraping(service, pushing)));

    // A member more: each group that it gets moves with its next push.
    for (const service of services) {
      await service.configure(configOf(addresses, { consul }));
      assert.equal((await service.get("/-/reload", { method: "POST" })).status, 200);
    }
    for (const service of services) await waitForAll(service, addresses);
    await waitUntilInPlace(services);
    // One leaves, and comes back.
    assert.equal((await askToDrain(services[0], first)).status, 202);
    for (const service of services) {
      await waitFor(async () => (await memberOf(service, first)).drained, {
        what: "it to be drained",
        msMax: 60_000,
      });
      await service.waitForMembers(others);
    }
    assert.equal((await askToDrain(services[0], first, { undo: true })).status, 202);
    for (const service of services) await service.waitForMembers(addresses);
    await waitUntilInPlace(services);

    for (const { pages, faults } of scraping) {
      assert(pages > 20, `${pages} pages`);
      assert.deepEqual(faults.slice(0, 20), []);
    }
  });
}
