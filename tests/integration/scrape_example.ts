/** The scrape configurations of the docs, for real scrapers. @module */

import assert from "node:assert/strict";
import { codeBlocksOf } from "../docs/markdown.ts";
import { read } from "../docs/pages.ts";

/** How a scraper finds what was pushed. */
export type Way = "/sd" | "Consul" | "/pushed";

/** What stands in the place of the addresses that the examples name. */
export interface Addresses {
  /** The service's `host:port`. */
  readonly service: string;
  /** Consul's `host:port`. */
  readonly consul: string;
}

/** How often changes are looked for, as a configuration of Prometheus says it. */
export const REFRESH_INTERVAL = /\n *refresh_interval: (\w+)/;

const PAGE = "docs/prometheus.md";
const RECEIVER = "localhost:8428";

/**
 * The job for the Pushgateways of the first example for a way, scraping each second.
 *
 * @param refresh how often changes are looked for; as the example has it unless told
 */
export async function scrapeExample(
  way: Way,
  addresses: Addresses,
  refresh?: string,
): Promise<string> {
  const found = (await scrapeExamples(PAGE)).find((example) => wayOf(example) === way);
  assert(found !== undefined, `${PAGE} has an example by ${way}`);
  // What a scraper scrapes of the service itself is no matter here.
  let text = found.replace(/\n {2}- job_name: dynamic-sharding\n[\s\S]*$/, "\n");
  if (refresh) {
    assert(
      REFRESH_INTERVAL.test(text),
      `the example by ${way} says how often it looks for changes`,
    );
    text = text.replace(REFRESH_INTERVAL, (line) => line.replace(/\w+$/, refresh));
  }
  return everySecond(text, addresses);
}

/** An example for real addresses, scraping each second. */
export function everySecond(example: string, { service, consul }: Addresses): string {
  const text = example.replaceAll("localhost:9292", service).replaceAll("localhost:8500", consul);
  assert(text !== example, `the example names an address:\n${example}`);
  return `global: {scrape_interval: 1s}\n${text}`;
}

/** A configuration that leaves it to the scraper how often changes are looked for. */
export function withoutRefresh(config: string): string {
  return config.replace(new RegExp(REFRESH_INTERVAL, "g"), "");
}

/** How an example finds what was pushed. */
export function wayOf(example: string): Way {
  if (example.includes("consul_sd_configs:")) return "Consul";
  return example.includes("http_sd_configs:") ? "/sd" : "/pushed";
}

/**
 * The scrape configurations that a document shows, each as a whole file.
 *
 * @param document its path in this repository
 */
export async function scrapeExamples(document: string): Promise<string[]> {
  return (await yamlOf(document)).filter((text) => text.includes("job_name:")).map((text) =>
    text.startsWith("- job_name") ? `scrape_configs:\n${text}` : text
  );
}

/** What an agent has in its configuration to send what it scrapes to a receiver. */
export async function remoteWriteExample(receiver: string): Promise<string> {
  const found = (await yamlOf(PAGE)).find((text) => text.startsWith("remote_write:"));
  assert(found !== undefined, `${PAGE} has an example of remote_write to ${RECEIVER}`);
  return found.replace(RECEIVER, receiver);
}

async function yamlOf(document: string): Promise<string[]> {
  const blocks = codeBlocksOf(await read(document));
  return blocks.filter(({ language }) => language === "yaml").map(({ text }) => text);
}
