/** The scrape configurations of the docs, for a real Prometheus. @module */

import assert from "node:assert/strict";
import { codeBlocksOf } from "../docs/markdown.ts";
import { read } from "../docs/pages.ts";

const PAGE = "docs/prometheus.md";

/**
 * The job for the Pushgateways by one kind of service discovery, of its first example, scraping each second.
 *
 * @param addresses what stands in the place of those that the example names
 * @param refresh how often changes are looked for; as the example has it unless told
 */
export async function scrapeExample(
  kind: "http_sd_configs" | "consul_sd_configs",
  addresses: Readonly<Record<string, string>>,
  refresh?: string,
): Promise<string> {
  const found = (await scrapeExamples(PAGE)).find((block) => block.includes(kind));
  assert(found !== undefined, `${PAGE} has an example with ${kind}`);
  // What Prometheus scrapes of the service itself is no matter here.
  let text = found.replace(/\n {2}- job_name: dynamic-sharding\n[\s\S]*$/, "\n");
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
  const yaml = codeBlocksOf(await read(document)).filter(({ language }) => language === "yaml");
  return yaml.map(({ text }) => text).filter((text) => text.includes("job_name:")).map((text) =>
    text.startsWith("- job_name") ? `scrape_configs:\n${text}` : text
  );
}
