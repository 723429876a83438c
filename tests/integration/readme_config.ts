/** The README's scrape configurations, for a real Prometheus. @module */

import assert from "node:assert/strict";

/**
 * The README's example for one kind of service discovery, scraping each second.
 *
 * @param addresses what stands in the place of those that the example names
 * @param refresh how often changes are looked for; as the example has it unless told
 */
export async function readmeConfig(
  kind: "http_sd_configs" | "consul_sd_configs",
  addresses: Readonly<Record<string, string>>,
  refresh?: string,
): Promise<string> {
  const found = (await scrapeExamples("README.md")).filter((block) => block.includes(kind));
  assert.equal(found.length, 1, `README has one example with ${kind}`);
  let text = found[0];
  for (const [written, real] of Object.entries(addresses)) {
    assert(text.includes(written), `the example names ${written}`);
    text = text.replaceAll(written, real);
  }
  if (refresh) {
    const interval = /refresh_interval: \w+/;
    assert(interval.test(text), `the example with ${kind} says how often it looks for changes`);
    text = text.replace(interval, `refresh_interval: ${refresh}`);
  }
  return `global: {scrape_interval: 1s}\n${text}`;
}

/**
 * The scrape configurations that a document shows, each as a whole file.
 *
 * @param document its path in this repository
 */
export async function scrapeExamples(document: string): Promise<string[]> {
  const text = await Deno.readTextFile(new URL(`../../${document}`, import.meta.url));
  const blocks = [...text.matchAll(/```yaml\n([\s\S]*?)```/g)].map(([, block]) => block);
  return blocks.filter((block) => block.includes("job_name:")).map((block) =>
    block.startsWith("- job_name") ? `scrape_configs:\n${block}` : block
  );
}
