/** Whether a scraper takes the scrape configurations of the docs, and what it makes of what is pushed. @module */

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

/**
 * Pushes to a fleet that is scraped by a scraper with each example that it can take.
 *
 * @throws {assert.AssertionError} when samples come twice, go back, or have other labels than were pushed
 */
export async function assertTakesExamples(build: Build): Promise<void> {
  await using stack = new AsyncDisposableStack();
  const { consul, services: [service] } = await startFleet(
    { instances: 1, pushgateways: 2, configured: 2 },
    stack,
  );
  const addresses = { service: new URL(service.url).host, consul: consul.address };
  const examples = (await Promise.all(DOCUMENTS.map(scrapeExamples))).flat()
    .filter((example) => build.ways.includes(wayOf(example)));
  assert.deepEqual(new Set(examples.map(wayOf)), new Set(build.ways), "there is one for each way");

  const started = await Promise.allSettled(
    [...new Set(examples)].map(async (example) => {
      const scraper = stack.use(await build.start(everySecond(example, addresses)));
      return { way: wayOf(example), scraper };
    }),
  );
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
    await Promise.all(scrapers.map(({ way, scraper }) => waitForRound(scraper, { way, round })));
  }
  for (const { way, scraper } of scrapers) await assertOnce(scraper, way);
}

/** Waits until all groups have the value of a round, with the labels that were pushed. */
async function waitForRound(
  scraper: RunningScraper,
  { way, round }: { readonly way: Way; readonly round: number },
): Promise<void> {
  const isSeen = async () => {
    const samples = await scraper.query("pushed");
    return samples.length === GROUPS.length && samples.every(({ value }) => value === round);
  };
  const options = { what: `round ${round} by ${way}`, msMax: SEEN_MS_MAX, everyMs: 200 };
  await waitFor(isSeen, options).catch(async (error) => {
    const [targets, samples] = [await scraper.targets(), await scraper.query("pushed")];
    throw new Error(`${error.message}: ${JSON.stringify({ targets, samples })}`, { cause: error });
  });
}

/** One series for each group, of which no sample comes twice or goes back. */
async function assertOnce(scraper: RunningScraper, way: Way): Promise<void> {
  const history = await scraper.history("pushed");
  const labels = history.map(({ metric: { __name__, ...pushed } }) => pushed);
  const byJob = (a: Labels, b: Labels) => a.job < b.job ? -1 : 1;
  const expected = GROUPS.map((job) => ({ job, instance: "x" }));
  assert.deepEqual(labels.sort(byJob), expected.sort(byJob), `labels by ${way}`);
  assert.deepEqual(findTeeth(history), [], `values that go back, by ${way}`);
  for (const { samples } of history) {
    const times = samples.map(({ unixMs }) => unixMs);
    assert.deepEqual(times, [...new Set(times)].sort((a, b) => a - b), `each once, by ${way}`);
  }
  for (const { health, lastError, discoveredLabels } of await scraper.targets()) {
    assert.equal(health, "up", `a target by ${way}: ${lastError}`);
    const { job, __meta_dynamic_sharding_datacenter: datacenter } = discoveredLabels;
    if (way === "/sd" && job === "pushgateway") assert.equal(datacenter, "dc1");
  }
}

type Labels = Readonly<Record<string, string>>;
