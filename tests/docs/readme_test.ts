/** What the README promises of itself, and the examples of all pages. @module */

import assert from "node:assert/strict";
import { parse } from "yaml";
import { parseConfig } from "../../src/config/load.ts";
import { keysAt } from "../../src/config/schema.ts";
import { READS_YAML } from "../config/permissions.ts";
import { codeBlocksOf, headingsOf, linksOf } from "./markdown.ts";
import { pages, read, ROOT } from "./pages.ts";

const permissions = { ...READS_YAML, read: [ROOT] };
const READMES = ["README.md", "README.zh-CN.md"];
const BYTES_MAX = 10_000;

/** The YAML examples of a page, each with where it stands. */
async function yamlOf(page: string): Promise<{ page: string; text: string; value: unknown }[]> {
  return codeBlocksOf(await read(page)).filter(({ language }) => language === "yaml").map((
    { text },
  ) => ({ page, text, value: parse(text) }));
}

function keysOf(value: unknown): string[] {
  return typeof value === "object" && value !== null ? Object.keys(value) : [];
}

for (const page of READMES) {
  Deno.test(`${page} is short, and begins with the demo`, { permissions }, async () => {
    const text = await read(page);
    assert(new TextEncoder().encode(text).length <= BYTES_MAX, `at most ${BYTES_MAX} bytes`);
    const firstCommand = /```sh\n(.*)/.exec(text)?.[1] ?? "";
    assert.match(firstCommand, /^npx -y deno@[\d.]+ task demo( |$)/);
  });
}

Deno.test("both READMEs have the same sections, picture, commands and examples", {
  permissions,
}, async () => {
  const [english, chinese] = await Promise.all(READMES.map(async (page) => {
    const text = await read(page);
    return {
      levels: headingsOf(text).map(({ level }) => level),
      pictures: linksOf(text).filter((target) => target.endsWith(".svg")),
      commands: [...text.matchAll(/^npx -y .*? task \w+/gm)].map(([command]) => command),
      examples: (await yamlOf(page)).map(({ value }) => value),
    };
  }));
  assert.deepEqual(chinese, english);
});

/** Keys of which one at least says where the Pushgateways are. */
const SOURCES = ["pushgateway", "consul_server", "dns_sd", "file_sd"];

Deno.test("every example of a configuration file is valid", { permissions }, async () => {
  const ours = new Set(keysAt([]));
  const all = (await Promise.all((await pages()).map(yamlOf))).flat();
  const files = all.filter(({ value }) => keysOf(value).some((key) => ours.has(key)));
  assert(files.length > 10, `examples are found: ${files.length}`);
  for (const { page, text, value } of files) {
    // Some show what is beside the Pushgateways only.
    const isWhole = keysOf(value).some((key) => SOURCES.includes(key));
    const whole = isWhole ? text : `${text}pushgateway: {servers: ['10.0.0.1:9091']}\n`;
    parseConfig(whole, { path: page, env: () => undefined });
  }
});

Deno.test("the README scrapes the Pushgateways as the page on scraping does", {
  permissions,
}, async () => {
  const jobsOf = async (page: string) =>
    (await yamlOf(page)).flatMap(({ value }) =>
      (value as { scrape_configs?: { job_name: string }[] }).scrape_configs ?? []
    ).filter(({ job_name }) => job_name === "pushgateway");
  const [job, ...others] = await jobsOf("README.md");
  assert.deepEqual(others, []);
  const documented = await jobsOf("docs/prometheus.md");
  assert(
    documented.some((one) => JSON.stringify(one) === JSON.stringify(job)),
    "it is one of them",
  );
});
