import { assertTakesExamples, pairsOf } from "./examples.ts";
import { VICTORIA_METRICS } from "./scrapers.ts";

for (const builds of pairsOf(VICTORIA_METRICS)) {
  const names = builds.map(({ name }) => name).join(" and ");
  Deno.test(`${names} take the scrape configurations of the docs, and have each pushed sample once`, () =>
    assertTakesExamples(builds));
}
