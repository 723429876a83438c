/** Whether scrapers take the scrape configurations of the docs, and what they make of what is pushed. @module */

import assert from "node:assert/strict";
import { waitFor } from "../../tools/wait.ts";
import { startFleet } from "../e2e/fleet.ts";
import { push } from "../e2e/load.ts";
import { findTeeth } from "../e2e/sawtooth.ts";
import { everySecond, scrapeExamples, type Way, wayOf } from "../integration/scrape_example.ts";
import type { Build, RunningScraper } from "./scrapers.ts";

const DOCUMENTS = ["README.md", "docs/prometheus.md", "docs/scraping.md"];
const GROUPS = Array.from({ length: 20 }, (_, i) => `job${i}`);
const ROUNDS = 2;
const SEEN_MS_MAX = 60_000;

/** A scraper that has been started with an example. */
interface Started {
  /** Which it is, in messages. */
  readonly name: string;
  readonly way: Way;
  readonly scraper: RunningScraper;
}

/** The builds that share a fleet: much of a test is waiting. */
export function pairsOf(builds: readonly Build[]): (readonly Build[])[] {
  return Array.from(
    { length: Math.ceil(builds.length / 2) },
    (_, i) => builds.slice(2 * i, 2 * i + 2),
  );
}

/**
 * Pushes to a fleet that is scraped by each build with each example that it can take.
 *
 * @throws {assert.AssertionError} when samples come twice, go back, or have other labels than were pushed
 */
export async function assertTakesExamples(builds: readonly Build[]): Promise<void> {
  await using stack = new AsyncDisposableStack();
  const { consul, services: [service] } = await startFleet(
    { instances: 1, pushgateways: 2, configured: 2 },
    stack,
  );
  const addresses = { service: new URL(service.url).host, consul: consul.address };
  const examples = [...new Set((await Promise.all(DOCUMENTS.map(scrapeExamples))).flat())];
  const starting = builds.flatMap((build) => {
    const own = examples.filter((example) => build.ways.includes(wayOf(example)));
    assert.deepEqual(new Set(own.map(wayOf)), new Set(build.ways), "there is one for each way");
    return own.map(async (example): Promise<Started> => {
      const way = wayOf(example);
      const scraper = stack.use(await build.start(everySecond(example, addresses)));
      return { name: `${build.name} by ${way}`, way, scraper };
    });
  });
  const started = await Promise.allSettled(starting);
  const failure = started.find((outcome) => outcome.status === "rejected");
  if (failure) throw failure.reason;
  const scrapers = started.flatMap((outcome) =>
    outcome.status === "fulfilled" ? outcome.value : []
  );

  for (let round = 1; round <= ROUNDS; round++) {
    for (const job of GROUPS) {
      const url = `${service.url}/metrics/job/${job}/instance/x`;
      assert.equal(await push(url, { method: "PUT", body: `pushed ${round}\n` }), undefined);
    }
    await Promise.all(scrapers.map((started) => waitForRound(started, round)));
  }
  for (const started of scrapers) await assertOnce(started);
}

/** Waits until all groups have the value of a round, with the labels that were pushed. */
async function waitForRound({ name, scraper }: Started, round: number): Promise<void> {
  const isSeen = async () => {
    const samples = await scraper.query("pushed");
    return samples.length === GROUPS.length && samples.every(({ value }) => value === round);
  };
  const options = { what: `round ${round} in ${name}`, msMax: SEEN_MS_MAX, everyMs: 200 };
  await waitFor(isSeen, options).catch(async (error) => {
    const [targets, samples] = [await scraper.targets(), await scraper.query("pushed")];
    throw new Error(`${error.message}: ${JSON.stringify({ targets, samples })}`, { cause: error });
  });
}

/** One series for each group, of which no sample comes twice or goes back. */
async function assertOnce({ name, way, scraper }: Started): Promise<void> {
  const history = await scraper.history("pushed");
  const labels = history.map(({ metric: { __name__, ...pushed } }) => pushed);
  const byJob = (a: Labels, b: Labels) => a.job < b.job ? -1 : 1;
  const expected = GROUPS.map((job) => ({ job, instance: "x" }));
  assert.deepEqual(labels.sort(byJob), expected.sort(byJob), `labels in ${name}`);
  assert.deepEqual(findTeeth(history), [], `values that go back, in ${name}`);
  for (const { samples } of history) {
    const times = samples.map(({ unixMs }) => unixMs);
    assert.deepEqual(times, [...new Set(times)].sort((a, b) => a - b), `each once, in ${name}`);
  }
  for (const { health, lastError, discoveredLabels } of await scraper.targets()) {
    assert.equal(health, "up", `a target of ${name}: ${lastError}`);
    const { job, __meta_dynamic_sharding_datacenter: datacenter } = discoveredLabels;
    if (way === "/sd" && job === "pushgateway") assert.equal(datacenter, "dc1");
  }
}

type Labels = Readonly<Record<string, string>>;
