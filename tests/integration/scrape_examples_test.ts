/** The scrape configurations of the documents are taken by real scrapers. @module */

import assert from "node:assert/strict";
import { scrapeExamples } from "./scrape_example.ts";
import { checkByPromtool, checkByVmagent } from "./scrape_checks.ts";

for (const [document, count] of [["README.md", 1], ["docs/prometheus.md", 4]] as const) {
  Deno.test(`Prometheus takes the examples of ${document}, and vmagent does without refresh_interval`, async () => {
    const examples = await scrapeExamples(document);
    assert.equal(examples.length, count);
    for (const example of examples) {
      await checkByPromtool(example);
      await checkByVmagent(example.replace(/\n *refresh_interval: .*/g, ""));
    }
  });
}
